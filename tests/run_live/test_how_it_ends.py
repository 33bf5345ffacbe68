"""The whole program broken off: by Ctrl-C, by signals, and by being killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import cv2
import pytest

from tests.run_live.material import ROOT, decoded_frames, demo_frames, rows
from tests.tracker.sources.material import write_clip
from tracker.head_pose_tracker import HeadPoseTracker

unix_only = pytest.mark.skipif(sys.platform == "win32", reason="signals are sent as on Unix")


def press_ctrl_c(*_, **__):
    os.kill(os.getpid(), signal.SIGINT)


@unix_only
def test_offline_smoothing_that_is_broken_off_writes_nothing_and_says_so(run, log, monkeypatch, tmp_path):
    frames = iter(range(3))
    original = HeadPoseTracker.update

    def update(*arguments):
        if next(frames) == 2:
            press_ctrl_c()
        return original(*arguments)

    monkeypatch.setattr(HeadPoseTracker, "update", update)
    result = run("--source", "demo", "--smoothing", "offline", *log)
    assert (result.code, result.err) == (130, "")
    assert result.out.startswith("frames  3, then stopped")
    assert "wrote" not in result.out
    assert not list(tmp_path.iterdir())


@unix_only
def test_ctrl_c_while_the_source_opens_ends_in_an_orderly_way(run, log, monkeypatch, tmp_path):
    monkeypatch.setattr("tracker.app.open_source", press_ctrl_c)
    result = run("--source", "demo", *log)
    assert (result.code, result.err) == (130, "")
    assert result.out.startswith("frames  0, then stopped")
    assert not list(tmp_path.iterdir())


@unix_only
def test_ctrl_c_while_the_program_loads_ends_in_an_orderly_way(run, log, monkeypatch):
    monkeypatch.setattr("tracker.app.run", press_ctrl_c)
    assert run("--source", "demo", *log) == (130, "", "")


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory):
    """A recording that takes much longer to go through than a test waits; small, so that it is quickly made."""
    frames = [cv2.resize(frame, (320, 240), interpolation=cv2.INTER_AREA) for frame in demo_frames(60)]
    path = tmp_path_factory.mktemp("long") / "long.mp4"
    return write_clip(path, frames * 40, rate=30, options={"preset": "ultrafast"})


@pytest.fixture
def started(tmp_path, long_clip):
    """Starts the program on the long recording and waits until poses come."""
    processes = []

    def start(*options):
        command = [sys.executable, ROOT / "run_live.py", "--source", long_clip, "--no-display", *options]
        process = subprocess.Popen(
            [str(part) for part in command],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "TMPDIR": str(tmp_path)},  # where a killed run leaves its log
        )
        processes.append(process)
        poses = tmp_path / "poses.csv"
        while not (poses.exists() and len(poses.read_text().splitlines()) > 60):
            assert process.poll() is None, process.communicate()
            time.sleep(0.05)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


@unix_only
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_closes_every_file_and_prints_the_summary(started, tmp_path, number, code):
    video, table, lines = tmp_path / "seen.mp4", tmp_path / "poses.csv", tmp_path / "poses.jsonl"
    process = started("--output", video, "--poses", table, "--poses", lines)
    process.send_signal(number)
    out, err = process.communicate(timeout=120)
    assert process.returncode == code
    assert err == ""
    frames = int(out.split()[1].rstrip(","))
    assert out.splitlines()[0] == f"frames  {frames}, then stopped"
    assert decoded_frames(video) == frames
    assert int(rows(table)[-1]["frame"]) == frames - 1
    assert json.loads(lines.read_text().splitlines()[-1])["frame"] == frames - 1


@unix_only
def test_a_killed_run_leaves_what_it_had_written(started, tmp_path):
    process = started("--output", tmp_path / "seen.mp4", "--poses", tmp_path / "poses.csv")
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    assert decoded_frames(tmp_path / "seen.mp4") > 0
    assert rows(tmp_path / "poses.csv")[-1]["box_h"]

"""The whole program from its arguments to its outputs: what is written and what is said."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from tests.run_live.material import COLUMNS, ROOT, SHARED, decoded_frames, demo_frames, rows
from tests.tracker.sources.material import write_picture


def test_a_video_becomes_an_annotated_video_and_both_pose_logs(run, tmp_path):
    video, table, lines = tmp_path / "seen.mp4", tmp_path / "poses.csv", tmp_path / "poses.jsonl"
    result = run(
        *("--source", "demo", "--no-display", "--max-frames", 40),
        *("--output", video, "--poses", table, "--poses", lines),
    )
    assert result.code == 0
    assert result.err == ""
    assert decoded_frames(video) == 40
    assert table.read_text().splitlines()[0] == COLUMNS
    found = rows(table)
    assert [row["frame"] for row in found] == [str(index) for index in range(40)]
    assert {row["track"] for row in found} == {"1"}
    assert [json.loads(line)["frame"] for line in lines.read_text().splitlines()] == list(range(40))


def test_the_summary_counts_and_names_what_was_written(run, tmp_path):
    result = run("--source", "demo", "--no-display", "--max-frames", 5, "--poses", tmp_path / "poses.csv")
    lines = result.out.splitlines()
    assert lines[0].split() == ["frames", "5"]
    assert lines[1].split() == ["faces", "5", "in", "5", "frames;", "1", "track"]
    assert lines[2].startswith("speed ")
    for stage in ("read", "detect", "network", "track", "write"):
        assert f"{stage} " in lines[3]
    assert lines[4:] == [f"wrote   {tmp_path / 'poses.csv'}"]


def test_a_video_without_a_face_is_a_normal_result(run, clip, log, tmp_path):
    result = run("--source", clip, *log)
    assert (result.code, result.err) == (0, "")
    assert "0 in 0 frames; 0 tracks" in result.out
    assert (tmp_path / "poses.csv").read_text().splitlines() == [COLUMNS]


def test_a_picture_gives_its_poses(run, log, tmp_path):
    picture = write_picture(tmp_path / "face.png", demo_frames(1)[0])
    assert run("--source", picture, *log).code == 0
    (row,) = rows(tmp_path / "poses.csv")
    assert (row["image"], row["frame"]) == ("face.png", "0")
    assert float(row["time_s"]) == 0


def test_unrelated_pictures_of_one_face_are_different_tracks(run, log, tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for index, frame in enumerate(demo_frames(3)):
        write_picture(folder / f"{index}.png", frame)
    assert run("--source", folder, *log).code == 0
    assert [row["image"] for row in rows(tmp_path / "poses.csv")] == ["0.png", "1.png", "2.png"]
    assert [row["track"] for row in rows(tmp_path / "poses.csv")] == ["1", "2", "3"]


def test_a_list_gives_the_poses_in_its_boxes_and_passes_over_what_it_cannot_read(run, face_list, log, tmp_path):
    result = run("--source", face_list, *log)
    assert result.code == 0
    found = rows(tmp_path / "poses.csv")
    assert [row["image"] for row in found] == ["first", "second"]
    assert [row["state"] for row in found] == ["detected", "detected"]
    assert result.err.startswith("warning: ")
    assert result.err.count("\n") == 1
    assert "nowhere.png" in result.err
    assert "1 unreadable and skipped" in result.out


def modules_loaded_by(*arguments):
    script = "import sys; from tracker.cli import main; main(sys.argv[1:]); print(*sys.modules, sep='\\n')"
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return set(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines())


def test_no_detector_is_loaded_for_a_list(face_list, tmp_path):
    loaded = modules_loaded_by("--source", face_list, "--no-display", "--poses", tmp_path / "list.csv")
    assert "tracker.detection" in loaded
    assert "mediapipe" not in loaded


def test_tensorflow_takes_its_seconds_only_where_a_gpu_needs_it(log):
    loaded = modules_loaded_by("--source", "demo", "--max-frames", 1, "--device", "cpu", *log)
    assert "mediapipe" in loaded
    assert "tensorflow" not in loaded
    assert "tensorflow.tools.docs" not in loaded  # hidden from mediapipe, not from others


def test_distance_follows_the_field_of_view_and_the_size_of_the_head(run, face_list, tmp_path):
    def depth(name, *options):
        path = tmp_path / f"{name}.csv"
        assert run("--source", face_list, "--no-display", "--poses", path, *options).code == 0
        return float(rows(path)[0]["tz_mm"])

    narrow, wide = depth("narrow", "--fov", 30), depth("wide", "--fov", 60)
    assert narrow / wide == pytest.approx(np.tan(np.radians(30)) / np.tan(np.radians(15)), rel=0.05)
    assert depth("large", "--fov", 60, "--ipd", 75.6) / wide == pytest.approx(1.2, rel=1e-3)


def test_cameras_are_listed(run):
    result = run("--list-cameras")
    assert (result.code, result.err) == (0, "")
    assert result.out


def test_an_existing_output_is_replaced_only_when_asked(run, clip, tmp_path):
    path = tmp_path / "poses.csv"
    path.write_text("precious")
    result = run("--source", clip, "--no-display", "--poses", path)
    assert result.code == 15
    assert "--overwrite" in result.err
    assert path.read_text() == "precious"
    assert run("--source", clip, "--no-display", "--poses", path, "--overwrite").code == 0
    assert path.read_text().startswith("frame,")


def test_offline_smoothing_writes_the_same_faces_with_stiller_poses(run, tmp_path):
    def poses(smoothing):
        video, table = tmp_path / f"{smoothing}.mp4", tmp_path / f"{smoothing}.csv"
        arguments = "--source", "demo", "--max-frames", 60, "--no-display", "--smoothing", smoothing
        result = run(*arguments, "--output", video, "--poses", table)
        assert (result.code, result.err) == (0, "")
        assert str(video) in result.out
        assert decoded_frames(video) == 60
        found = rows(table)
        assert [(row["frame"], row["track"]) for row in found] == [(str(index), "1") for index in range(60)]
        return np.array([[float(row[name]) for name in ("yaw_deg", "pitch_deg", "roll_deg")] for row in found])

    def trembling(angles):
        return np.median(np.linalg.norm(np.diff(angles, n=3, axis=0), axis=1))

    assert trembling(poses("offline")) < 0.8 * trembling(poses("default"))


def test_the_neutral_pose_is_zero_in_the_log_and_remembered_for_the_next_run(run, tmp_path):
    def log(name, *options):
        path = tmp_path / name
        arguments = "--source", "demo", "--max-frames", 40, "--no-display", "--poses", path
        assert run(*arguments, *options).code == 0
        names = "qx", "qy", "qz", "qw", "tx_mm", "ty_mm", "tz_mm"
        table = np.array([[float(row[name]) for name in names] for row in rows(path)])
        return Rotation.from_quat(table[:, :4]), table[:, 4:]

    zero = tmp_path / "zero.json"
    turned, place = log("camera.csv")
    for name, options in (
        ("first.csv", ("--neutral", "--neutral-file", zero)),
        ("next.csv", ("--neutral-file", zero)),
    ):
        seen_turned, seen_place = log(name, *options)
        # Frame 15 is half a second after the first.
        expected = turned[15].inv() * turned
        assert np.degrees((seen_turned[15:].inv() * expected[15:]).magnitude()).max() < 0.01
        np.testing.assert_allclose(seen_place[15:], turned[15].inv().apply(place - place[15])[15:], atol=0.01)
    assert np.abs(place - place[15]).max() > 0.1


def test_the_zero_pose_of_offline_smoothing_is_a_smoothed_one(run, tmp_path):
    arguments = "--source", "demo", "--max-frames", 20, "--no-display", "--smoothing", "offline", "--neutral"
    assert run(*arguments, "--poses", tmp_path / "poses.csv").code == 0
    found = rows(tmp_path / "poses.csv")
    assert [float(row["yaw_deg"]) for row in found[:16]] == [0] * 16
    assert float(found[19]["yaw_deg"]) != 0


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux runs without a display")
def test_without_a_display_the_other_outputs_are_still_written(run, clip, tmp_path, monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    result = run("--source", clip, "--poses", tmp_path / "poses.csv")
    assert result.code == 0
    assert result.err.startswith("warning: no display")
    assert (tmp_path / "poses.csv").exists()


@pytest.mark.skipif(not SHARED.is_dir(), reason="no ../shared with sample pictures beside the checkout")
def test_the_original_list_of_face_pose_net_works(run, log, tmp_path):
    result = run("--source", SHARED / "samples" / "stills" / "input.csv", *log)
    assert (result.code, result.err) == (0, "")
    assert len(rows(tmp_path / "poses.csv")) == 10

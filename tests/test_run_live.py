"""The whole program from its arguments to its exit code: what is written, what is said, what goes wrong and how."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import av
import cv2
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from models import MODELS_FOLDER
from tests.tracker.sources.material import write_clip, write_grey_clip, write_list, write_picture
from tracker.cli import main
from tracker.head_pose_tracker import HeadPoseTracker
from tracker.sources import DEMO_CLIP, VideoSource

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
COLUMNS = (
    "frame,time_s,image,track,state,yaw_deg,pitch_deg,roll_deg,qx,qy,qz,qw,tx_mm,ty_mm,tz_mm,"
    "rotation_std_deg,position_std_mm,score,box_x,box_y,box_w,box_h"
)

unix_only = pytest.mark.skipif(sys.platform == "win32", reason="signals are sent as on Unix")


class Result(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def run(capfd):
    """Runs the program in this process; everything that reaches descriptor 1 or 2 counts as said."""

    def run_main(*arguments):
        code = main([str(argument) for argument in arguments])
        return Result(code, *capfd.readouterr())

    return run_main


@pytest.fixture
def refused(run, tmp_path):
    """Runs the program and checks that it ends with one line on standard error and writes nothing; gives the line."""

    def check(code, *arguments):
        before = set(tmp_path.rglob("*"))
        result = run(*arguments)
        assert result.code == code, result.err
        assert result.err.startswith("error: ")
        assert result.err.count("\n") == 1, result.err
        assert result.err.endswith("\n")
        assert result.out == ""
        assert set(tmp_path.rglob("*")) == before
        return result.err

    return check


@pytest.fixture
def clip(tmp_path):
    return write_grey_clip(tmp_path / "grey.mp4")


@pytest.fixture
def log(tmp_path):
    """Arguments that make a run possible without a display."""
    return "--no-display", "--poses", tmp_path / "poses.csv"


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def demo_frames(count):
    with av.open(str(DEMO_CLIP)) as container:
        return [
            frame.to_ndarray(format="bgr24") for frame, _ in zip(container.decode(video=0), range(count), strict=False)
        ]


def decoded_frames(path):
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


# --- what it does


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


@pytest.fixture
def face_list(tmp_path, run):
    """A list of the demo's first frames with the boxes that the program itself finds in them."""
    for index, frame in enumerate(demo_frames(2)):
        write_picture(tmp_path / f"{index}.png", frame)
    run("--source", "demo", "--max-frames", 2, "--no-display", "--poses", tmp_path / "found.csv")
    boxes = [",".join(row[f"box_{part}"] for part in "xywh") for row in rows(tmp_path / "found.csv")]
    return write_list(
        tmp_path / "faces.csv", [f"first,0.png,{boxes[0]}", "lost,nowhere.png,1,1,9,9", f"second,1.png,{boxes[1]}"]
    )


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


# --- what goes wrong


def test_a_neutral_file_that_is_something_else_is_refused_and_left_alone(refused, clip, log, tmp_path):
    (tmp_path / "zero.json").write_text("precious")
    assert "another name" in refused(17, "--source", clip, "--neutral-file", tmp_path / "zero.json", *log)
    assert (tmp_path / "zero.json").read_text() == "precious"


def test_offline_smoothing_of_a_live_source_is_refused_with_what_to_do(refused, clip, log, monkeypatch):
    monkeypatch.setattr(VideoSource, "is_live", True)
    message = refused(2, "--source", clip, "--smoothing", "offline", *log)
    assert "record it first" in message


def test_a_missing_source_is_refused(refused, log, tmp_path):
    assert "nowhere.mp4: no such file" in refused(10, "--source", tmp_path / "nowhere.mp4", *log)


def test_a_file_that_is_no_video_is_refused(refused, log, tmp_path):
    (tmp_path / "words.mp4").write_text("these are words, not pictures\n" * 50)
    assert "words.mp4" in refused(10, "--source", tmp_path / "words.mp4", *log)


def test_a_source_of_unknown_extension_is_refused(refused, log, tmp_path):
    (tmp_path / "notes.txt").write_text("words")
    assert "unknown extension .txt" in refused(10, "--source", tmp_path / "notes.txt", *log)


def test_an_empty_file_is_refused(refused, log, tmp_path):
    (tmp_path / "empty.mp4").touch()
    assert "empty" in refused(11, "--source", tmp_path / "empty.mp4", *log)


def test_a_video_without_a_frame_is_refused(refused, log, tmp_path):
    with av.open(str(tmp_path / "none.mp4"), "w", options={"movflags": "empty_moov"}) as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        container.start_encoding()
    assert "frame" in refused(11, "--source", tmp_path / "none.mp4", *log)


def test_an_empty_folder_is_refused(refused, log, tmp_path):
    (tmp_path / "pictures").mkdir()
    assert "pictures" in refused(11, "--source", tmp_path / "pictures", *log)


def test_a_camera_that_is_not_there_is_refused(refused, log):
    assert "--list-cameras" in refused(12, "--source", "97", *log)


def test_a_stream_that_nobody_serves_is_refused(refused, log):
    refused(12, "--source", "http://127.0.0.1:9/stream", *log)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [("a,a.png,1,2,3", "line 2"), ("a,a.png,1,2,x,4", "line 2"), ("a,a.png,1,2,-3,4", "line 2")],
)
def test_a_malformed_list_is_refused_with_its_line(refused, log, tmp_path, line, complaint):
    write_list(tmp_path / "faces.csv", [line])
    assert complaint in refused(13, "--source", tmp_path / "faces.csv", *log)


def test_a_list_without_its_header_is_refused(refused, log, tmp_path):
    write_list(tmp_path / "faces.csv", ["a,a.png,1,2,3,4"], header="b,b.png,1,2,3,4")
    assert "line 1" in refused(13, "--source", tmp_path / "faces.csv", *log)


def test_a_malformed_calibration_is_refused_with_its_line(refused, clip, log, tmp_path):
    (tmp_path / "camera.yml").write_text("%YAML:1.0\n---\nimage_width: 640\n\timage_height: 480\n")
    message = refused(22, "--source", clip, "--camera-calibration", tmp_path / "camera.yml", *log)
    assert "camera.yml: line 4: " in message


def test_a_calibration_for_another_shape_of_picture_is_refused(refused, clip, log, tmp_path):
    storage = cv2.FileStorage(str(tmp_path / "camera.yml"), cv2.FILE_STORAGE_WRITE)
    storage.write("image_width", 1920)
    storage.write("image_height", 1080)
    storage.write("camera_matrix", np.array([[1500.0, 0, 960], [0, 1500, 540], [0, 0, 1]]))
    storage.release()
    message = refused(22, "--source", clip, "--camera-calibration", tmp_path / "camera.yml", *log)
    assert "1920x1080" in message


@pytest.mark.parametrize("option", ["--poses", "--output"])
def test_a_missing_output_folder_is_refused(refused, clip, tmp_path, option):
    name = "poses.csv" if option == "--poses" else "seen.mp4"
    message = refused(15, "--source", clip, "--no-display", option, tmp_path / "nowhere" / name)
    assert "create it first" in message


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a folder that not even root can write to (/proc)")
def test_an_output_folder_that_cannot_be_written_is_refused(refused, clip):
    assert "/proc" in refused(15, "--source", clip, "--no-display", "--poses", "/proc/poses.csv")


@pytest.mark.parametrize(
    ("option", "name"), [("--poses", "poses.xlsx"), ("--output", "seen.gif"), ("--poses", "poses")]
)
def test_an_unknown_extension_of_an_output_is_refused(refused, clip, tmp_path, option, name):
    assert "give a name that ends in" in refused(15, "--source", clip, "--no-display", option, tmp_path / name)


def test_an_output_may_not_replace_what_is_read(refused, clip, tmp_path):
    before = clip.read_bytes()
    refused(15, "--source", clip, "--no-display", "--output", clip, "--overwrite")
    assert clip.read_bytes() == before


def test_missing_weights_are_refused(refused, clip, log, tmp_path):
    assert "no such manifest" in refused(20, "--source", clip, "--weights", tmp_path / "nowhere.json", *log)


def test_weights_with_another_hash_are_refused(refused, clip, log, tmp_path):
    folder = tmp_path / "weights"
    folder.mkdir()
    for file in json.loads((MODELS_FOLDER / "manifest.json").read_text())["pose"]["files"].values():
        (folder / file["name"]).write_bytes(b"something else")
    (folder / "manifest.json").write_text((MODELS_FOLDER / "manifest.json").read_text())
    assert "hash differs" in refused(20, "--source", clip, "--weights", folder / "manifest.json", *log)


def test_a_missing_detector_model_is_refused(refused, clip, log, tmp_path):
    assert "no such detector model" in refused(
        14, "--source", clip, "--detector-model", tmp_path / "nowhere.tflite", *log
    )


def test_a_file_that_is_no_detector_model_is_refused(refused, clip, log, tmp_path):
    (tmp_path / "words.tflite").write_text("words")
    assert "words.tflite" in refused(14, "--source", clip, "--detector-model", tmp_path / "words.tflite", *log)


@pytest.mark.skipif(Path("/dev/nvidia0").exists(), reason="there is a GPU here")
def test_a_gpu_that_is_not_there_is_refused(refused, clip, log):
    assert "--device cpu" in refused(21, "--source", clip, "--device", "gpu", *log)


def test_no_display_and_no_output_is_answered_with_what_to_do(refused, clip):
    message = refused(2, "--source", clip, "--no-display")
    assert "--output" in message
    assert "--poses" in message


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux runs without a display")
def test_a_window_without_a_display_is_answered_with_what_to_do(refused, clip, monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    message = refused(16, "--source", clip)
    assert "--no-display" in message


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux runs without a display")
def test_without_a_display_the_other_outputs_are_still_written(run, clip, tmp_path, monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    result = run("--source", clip, "--poses", tmp_path / "poses.csv")
    assert result.code == 0
    assert result.err.startswith("warning: no display")
    assert (tmp_path / "poses.csv").exists()


def test_verbose_adds_the_traceback(run, tmp_path):
    result = run("--source", tmp_path / "nowhere.mp4", "--no-display", "--poses", tmp_path / "poses.csv", "--verbose")
    assert result.code == 10
    assert "Traceback" in result.err
    assert result.err.splitlines()[-1].startswith("error: ")


# --- how it ends, seen from outside


def press_ctrl_c(*_, **__):
    os.kill(os.getpid(), signal.SIGINT)


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


@pytest.mark.skipif(not SHARED.is_dir(), reason="no ../shared with sample pictures beside the checkout")
def test_the_original_list_of_face_pose_net_works(run, log, tmp_path):
    result = run("--source", SHARED / "samples" / "stills" / "input.csv", *log)
    assert (result.code, result.err) == (0, "")
    assert len(rows(tmp_path / "poses.csv")) == 10

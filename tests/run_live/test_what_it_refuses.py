"""The whole program where something is wrong: one line that says what, and an exit code."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from models import MODELS_FOLDER
from tests.tracker.sources.material import write_list
from tracker.sources import VideoSource


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


def test_verbose_adds_the_traceback(run, tmp_path):
    result = run("--source", tmp_path / "nowhere.mp4", "--no-display", "--poses", tmp_path / "poses.csv", "--verbose")
    assert result.code == 10
    assert "Traceback" in result.err
    assert result.err.splitlines()[-1].startswith("error: ")

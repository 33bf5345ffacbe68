"""`run_live.py calibrate` from its arguments to the file it writes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from fpn.camera import Camera
from models.errors import CalibrationError
from tests.fpn.test_chessboard import WEBCAM, varied
from tests.tracker.sinks.material import face
from tests.tracker.sources.material import write_clip, write_grey_clip
from tracker.cli import main
from tracker.face_distance import ENOUGH, FaceDistance
from tracker.frame import TrackState


@pytest.fixture(scope="module")
def boards():
    return varied(WEBCAM)


@pytest.fixture
def folder(tmp_path, boards):
    folder = tmp_path / "boards"
    folder.mkdir()
    for index, picture in enumerate(boards):
        cv2.imwrite(str(folder / f"{index:02}.png"), picture)
    return folder


def calibrate(capfd, *arguments):
    code = main(["calibrate", *map(str, arguments)])
    return code, *capfd.readouterr()


def test_a_folder_of_boards_becomes_a_calibration_that_a_run_accepts(folder, capfd, tmp_path):
    output = tmp_path / "camera.yml"
    code, out, err = calibrate(capfd, "--source", folder, "--output", output)
    assert (code, err) == (0, "")
    np.testing.assert_allclose(Camera.from_calibration(output).K, WEBCAM.K, atol=3.0)
    facts = dict(line.split("  ", 1) for line in out.splitlines())
    assert 8 <= int(facts["views"].split()[0]) <= 14  # some boards reach out of the picture
    assert 0 < float(facts["error"].split()[0]) < 0.3
    # 640 pixels seen with a focal length of 520.
    assert float(facts["field of view"].split()[0]) == pytest.approx(np.degrees(2 * np.arctan(320 / 520)), abs=0.3)
    clip = write_grey_clip(tmp_path / "grey.mp4")
    poses = tmp_path / "poses.csv"
    assert (
        main(["--source", str(clip), "--camera-calibration", str(output), "--no-display", "--poses", str(poses)]) == 0
    )


def test_a_video_of_boards_is_looked_at_a_few_times_a_second(boards, capfd, tmp_path):
    clip = write_clip(tmp_path / "boards.mp4", [board for board in boards for _ in range(10)], rate=30)
    output = tmp_path / "camera.yml"
    code, out, _ = calibrate(capfd, "--source", clip, "--output", output)
    assert code == 0
    np.testing.assert_allclose(Camera.from_calibration(output).K, WEBCAM.K, atol=6.0)
    pictures = int(out.split("in ")[1].split()[0])
    assert 8 <= pictures <= 20  # of 140


def test_a_video_without_a_board_is_refused_and_nothing_is_written(capfd, tmp_path):
    output = tmp_path / "camera.yml"
    code, out, err = calibrate(capfd, "--source", write_grey_clip(tmp_path / "grey.mp4"), "--output", output)
    assert (code, out) == (22, "")
    assert err.startswith("error: no board with 9x6 inner corners")
    assert err.count("\n") == 1
    assert not output.exists()


def test_too_few_boards_are_refused(folder, capfd, tmp_path):
    for path in sorted(folder.iterdir())[5:]:
        path.unlink()
    code, _, err = calibrate(capfd, "--source", folder, "--output", tmp_path / "camera.yml")
    assert code == 22
    assert "different views" in err


def test_an_existing_calibration_is_replaced_only_when_asked(folder, capfd, tmp_path):
    output = tmp_path / "camera.yml"
    output.write_text("precious")
    assert calibrate(capfd, "--source", folder, "--output", output)[0] == 15
    assert output.read_text() == "precious"
    assert calibrate(capfd, "--source", folder, "--output", output, "--overwrite")[0] == 0
    assert output.read_text().startswith("%YAML")


def test_an_output_of_another_kind_is_refused(folder, capfd, tmp_path):
    code, _, err = calibrate(capfd, "--source", folder, "--output", tmp_path / "camera.txt")
    assert code == 15
    assert ".yml or .yaml" in err


def test_the_demos_face_gives_the_field_of_view_it_was_made_with(capfd, tmp_path):
    # Its ground truth has the head 760 mm away for the first frames, seen by a camera of 60 degrees.
    output = tmp_path / "camera.yml"
    code, out, err = calibrate(capfd, "--source", "demo", "--face-distance", 760, "--output", output)
    assert (code, err) == (0, "")
    assert f"in {ENOUGH} pictures" in out
    camera = Camera.from_calibration(output)
    assert camera.K[0, 0] == pytest.approx(Camera.from_fov(camera.width, camera.height, 60).K[0, 0], rel=0.1)


def test_without_a_face_it_says_so(capfd, tmp_path):
    clip = write_grey_clip(tmp_path / "grey.mp4")
    code, _, err = calibrate(capfd, "--source", clip, "--face-distance", 600, "--output", tmp_path / "camera.yml")
    assert code == 22
    assert err.startswith("error: no face was seen")


ASSUMED = Camera.from_fov(640, 480, 60)


def test_the_focal_length_is_that_which_puts_the_face_at_its_distance():
    # A true camera of 90 degrees sees a head at (120, -50, 500). Under the assumed one the same picture is that of a
    # head as far aside but deeper, by the ratio of focal lengths.
    true = Camera.from_fov(640, 480, 90)
    place = np.array([120.0, -50.0, 500.0])
    seen = place * [1, 1, ASSUMED.K[0, 0] / true.K[0, 0]]
    np.testing.assert_allclose(ASSUMED.project(seen), true.project(place))
    faces = FaceDistance(float(np.linalg.norm(place)))
    faces.add([face(translation=seen)], ASSUMED)
    np.testing.assert_allclose(faces.camera().K, true.K)


def test_a_face_that_is_only_predicted_says_nothing():
    faces = FaceDistance(600)
    faces.add([face(state=TrackState.COASTING)], ASSUMED)
    assert faces.count == 0


def test_a_head_that_moves_to_and_fro_is_refused():
    faces = FaceDistance(600)
    for depth in np.linspace(400, 800, 30):
        faces.add([face(translation=(0.0, 0.0, depth))], ASSUMED)
    with pytest.raises(CalibrationError, match="keep your head still"):
        faces.camera()


def test_a_face_farther_aside_than_its_distance_is_refused():
    faces = FaceDistance(100)
    faces.add([face(translation=(300.0, 0.0, 600.0))], ASSUMED)
    with pytest.raises(CalibrationError, match="in the middle"):
        faces.camera()

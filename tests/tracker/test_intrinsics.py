"""Which camera is taken for granted, and which one the person gave."""

import cv2
import numpy as np
import pytest

from fpn.roi import Box
from models.errors import CalibrationError
from tracker.frame import Frame
from tracker.intrinsics import Intrinsics


def frame(width, height, boxes=None):
    return Frame(np.zeros((height, width, 3), np.uint8), 0.0, 0, "picture", boxes)


def fov_deg(camera):
    return 2 * np.degrees(np.arctan(camera.width / 2 / camera.K[0, 0]))


@pytest.fixture
def calibration(tmp_path):
    path = tmp_path / "camera.yml"
    storage = cv2.FileStorage(str(path), cv2.FILE_STORAGE_WRITE)
    storage.write("image_width", 640)
    storage.write("image_height", 480)
    storage.write("camera_matrix", np.array([[600.0, 0, 310], [0, 610, 245], [0, 0, 1]]))
    storage.write("distortion_coefficients", np.array([-0.2, 0.05, 0, 0]))
    storage.release()
    return path


def test_an_unknown_camera_is_a_common_webcam():
    assert fov_deg(Intrinsics().of(frame(640, 480))) == pytest.approx(60)


def test_pictures_with_given_boxes_are_taken_for_crops_seen_from_afar():
    assert fov_deg(Intrinsics().of(frame(227, 227, (Box(1, 1, 9, 9),)))) == pytest.approx(2)


@pytest.mark.parametrize("boxes", [None, (Box(1, 1, 9, 9),)])
def test_a_given_field_of_view_holds_for_all_sources(boxes):
    assert fov_deg(Intrinsics(fov_deg=78).of(frame(640, 480, boxes))) == pytest.approx(78)


def test_pictures_of_different_sizes_each_have_their_own_centre():
    intrinsics = Intrinsics()
    first, second = intrinsics.of(frame(100, 50)), intrinsics.of(frame(40, 80))
    assert (first.K[0, 2], first.K[1, 2]) == (49.5, 24.5)
    assert (second.K[0, 2], second.K[1, 2]) == (19.5, 39.5)


def test_frames_of_one_size_share_one_camera():
    intrinsics = Intrinsics()
    assert intrinsics.of(frame(640, 480)) is intrinsics.of(frame(640, 480))


def test_a_calibration_is_scaled_to_the_frames(calibration):
    camera = Intrinsics(calibration_file=calibration).of(frame(1280, 960))
    assert (camera.width, camera.height) == (1280, 960)
    assert camera.K[0, 0] == pytest.approx(1200)
    np.testing.assert_allclose(camera.distortion, [-0.2, 0.05, 0, 0])


def test_a_calibration_for_another_shape_of_picture_is_refused(calibration):
    with pytest.raises(CalibrationError, match="made with pictures of 640x480, but these are 1280x720"):
        Intrinsics(calibration_file=calibration).of(frame(1280, 720))


def test_a_bad_calibration_is_refused_before_any_frame(tmp_path):
    with pytest.raises(CalibrationError, match="no such calibration file"):
        Intrinsics(calibration_file=tmp_path / "nowhere.yml")

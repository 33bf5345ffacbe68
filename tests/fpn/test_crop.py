import cv2
import numpy as np
import pytest

from fpn.camera import Camera
from fpn.crop import cut_crop, cut_crops
from fpn.roi import Roi

WIDE = Camera(
    K=np.array([[520.0, 0, 319.5], [0, 515.0, 239.5], [0, 0, 1]]),
    distortion=np.array([-0.21, 0.06, 0.001, -0.0007, 0.0]),
    width=640,
    height=480,
)


def dot_picture(camera: Camera, point: np.ndarray, radius: int = 3) -> np.ndarray:
    """A black frame with a soft white dot where `point` (camera frame, mm) is seen."""
    x, y = camera.project([point])[0]
    rows, columns = np.mgrid[0 : camera.height, 0 : camera.width]
    dot = 255 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * radius**2))
    return np.repeat(dot.astype(np.uint8)[..., None], 3, axis=2)


@pytest.mark.parametrize("camera", [Camera.from_fov(640, 480, 60), Camera.from_fov(640, 480, 100), WIDE])
@pytest.mark.parametrize("place", [(0, 0), (150, -90), (-260, 120)])
@pytest.mark.parametrize("tilt", [0.0, 35.0, -140.0])
def test_a_point_is_seen_in_the_crop_where_the_virtual_camera_projects_it(camera, place, tilt):
    point = np.array([place[0], place[1], 600.0])
    center = camera.project([point])[0]
    roi = Roi(center[0] + 12, center[1] - 9, 110.0, tilt)
    crop = cut_crop(dot_picture(camera, point), roi, camera, 112)

    found = np.array(np.meshgrid(np.arange(112), np.arange(112))).reshape(2, -1)
    mass = crop.pixels.ravel().astype(float)
    measured = found @ mass / mass.sum()
    in_virtual = crop.orientation.T @ point
    expected = crop.focal * in_virtual[:2] / in_virtual[2] + 55.5
    np.testing.assert_allclose(measured, expected, atol=0.35)


def test_the_region_fills_the_crop():
    camera = Camera.from_fov(640, 480, 60)
    frame = np.zeros((480, 640, 3), np.uint8)
    frame[190:291, 270:371] = 200  # 101 pixels around (320, 240)
    crop = cut_crop(frame, Roi(320, 240, 202), camera, 112).pixels
    assert crop[56, 56] == 200
    assert (crop > 100).mean() == pytest.approx(0.25, abs=0.01)


def test_a_region_tilted_clockwise_shows_what_is_tilted_clockwise_upright():
    frame = np.zeros((480, 640, 3), np.uint8)
    cv2.line(frame, (320, 240), (320 - 43, 240 + 75), (255, 255, 255), 5)  # down, turned by 30 degrees clockwise
    crop = cut_crop(frame, Roi(320, 240, 200, tilt_deg=30.0), Camera.from_fov(640, 480, 60), 96).pixels
    rows, columns = np.nonzero(crop > 128)
    assert np.abs(columns - 47.5).max() < 4
    assert rows.min() > 40
    assert rows.max() > 80


def test_large_faces_are_averaged_down_not_skipped_over():
    rng = np.random.default_rng(0)
    frame = np.repeat(rng.integers(0, 256, (480, 640, 1), np.uint8), 3, axis=2)
    crop = cut_crop(frame, Roi(320, 240, 448), Camera.from_fov(640, 480, 60), 112).pixels
    # Averaging 16 independent pixels quarters the deviation (74); point sampling would keep it.
    assert crop.std() < 25


def test_a_region_outside_the_picture_is_a_black_crop_not_an_error():
    frame = np.full((480, 640, 3), 90, np.uint8)
    camera = Camera.from_fov(640, 480, 60)
    assert cut_crop(frame, Roi(5000, 240, 100), camera, 80).pixels.max() == 0
    assert cut_crop(frame, Roi(0, 0, 100), camera, 80).pixels.min() == 90  # half outside: edges repeated


def test_grey_and_colour_frames_give_the_same_crop():
    rng = np.random.default_rng(1)
    grey = rng.integers(0, 256, (120, 160), np.uint8)
    camera = Camera.from_fov(160, 120, 60)
    roi = Roi(80, 60, 60)
    colour = np.repeat(grey[..., None], 3, axis=2)
    np.testing.assert_array_equal(cut_crop(grey, roi, camera, 64).pixels, cut_crop(colour, roi, camera, 64).pixels)


def test_no_regions_make_an_empty_batch():
    crops, pixels = cut_crops(np.zeros((48, 64, 3), np.uint8), [], Camera.from_fov(64, 48), 80)
    assert crops == []
    assert pixels.shape == (0, 80, 80)

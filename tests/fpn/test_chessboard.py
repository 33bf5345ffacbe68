"""Calibration from chessboards drawn through known cameras with distortion, each pixel by its ray."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from fpn.camera import Camera
from fpn.chessboard import LEAST_VIEWS, Chessboard
from models.errors import CalibrationError

COLUMNS, ROWS, SQUARE_MM = 9, 6, 25.0
WEBCAM = Camera(
    np.array([[520.0, 0, 326.0], [0, 516.0, 233.0], [0, 0, 1]]), np.array([-0.12, 0.05, 0.001, -0.002]), 640, 480
)
WIDE = Camera(
    np.array([[330.0, 0, 318.0], [0, 331.0, 242.0], [0, 0, 1]]), np.array([-0.25, 0.08, 0, 0, -0.012]), 640, 480
)


def chessboard_picture(camera: Camera, turn: Rotation, place_mm, blur_px: float = 0.7) -> np.ndarray:
    """What `camera` sees of a board turned about its centre, which lies at `place_mm`, on a grey ground."""
    supersampling = 2
    large = camera.resized(camera.width * supersampling, camera.height * supersampling)
    u, v = np.meshgrid(np.arange(large.width), np.arange(large.height))
    rays = large.rays(np.stack([u.ravel(), v.ravel()], axis=1))
    normal, place = turn.as_matrix()[:, 2], np.asarray(place_mm, float)
    depth = (normal @ place) / (rays @ normal)
    on_board = (rays * depth[:, np.newaxis] - place) @ turn.as_matrix()[:, :2] / SQUARE_MM
    x, y = (on_board + np.array([COLUMNS + 1, ROWS + 1]) / 2).T
    inside = (x >= 0) & (x < COLUMNS + 1) & (y >= 0) & (y < ROWS + 1) & (depth > 0)
    rim = (x >= -1) & (x < COLUMNS + 2) & (y >= -1) & (y < ROWS + 2) & (depth > 0)
    grey = np.where(rim, 235.0, 120.0)
    grey[inside] = np.where((np.floor(x[inside]) + np.floor(y[inside])) % 2 == 0, 25.0, 235.0)
    picture = cv2.GaussianBlur(grey.reshape(large.height, large.width), (0, 0), blur_px * supersampling)
    picture = cv2.resize(picture, (camera.width, camera.height), interpolation=cv2.INTER_AREA)
    picture += np.random.default_rng(0).normal(0, 1.5, picture.shape)
    return cv2.cvtColor(np.clip(np.round(picture), 0, 255).astype(np.uint8), cv2.COLOR_GRAY2BGR)


def varied(camera: Camera, count: int = 14) -> list[np.ndarray]:
    """Pictures of a board tilted to all sides, near and far, in all corners."""
    rng = np.random.default_rng(4)
    pictures = []
    for index in range(count):
        around = 2 * np.pi * index / count
        turn = Rotation.from_rotvec(np.radians(32) * np.array([np.cos(around), np.sin(around), 0.3 * rng.normal()]))
        depth = rng.uniform(330, 430) * camera.K[0, 0] / 520
        corner = np.array([rng.choice([-1, 1]) * 0.26, rng.choice([-1, 1]) * 0.17]) * (index % 3 > 0)
        place = np.append(corner * 640 / camera.K[0, 0], 1.0) * depth
        pictures.append(chessboard_picture(camera, turn, place))
    return pictures


def looked_at(pictures) -> Chessboard:
    board = Chessboard(COLUMNS, ROWS)
    for picture in pictures:
        board.look(picture)
    return board


@pytest.mark.parametrize("camera", [WEBCAM, WIDE], ids=["webcam", "wide lens"])
def test_the_camera_that_drew_the_boards_is_found(camera):
    found = looked_at(varied(camera)).calibrate()
    assert found.error_px < 0.2
    assert (found.camera.width, found.camera.height) == (640, 480)
    np.testing.assert_allclose(found.camera.K, camera.K, atol=3.0)
    # What counts is where things are seen: points on a grid, out to where boards were.
    u, v = np.meshgrid(np.linspace(110, 530, 9), np.linspace(90, 390, 7))
    pixels = np.stack([u.ravel(), v.ravel()], axis=1)
    np.testing.assert_allclose(found.camera.rays(pixels), camera.rays(pixels), atol=0.012)
    assert abs(found.camera.K[0, 0] - camera.K[0, 0]) < 5 * found.focal_std_px + 1


def test_corners_are_where_the_projection_puts_them():
    turn, place = Rotation.from_euler("xyz", [20, -15, 5], degrees=True), np.array([10.0, -5.0, 400.0])
    corners = Chessboard(COLUMNS, ROWS).look(chessboard_picture(WEBCAM, turn, place))
    x, y = np.meshgrid(np.arange(COLUMNS) - (COLUMNS - 1) / 2, np.arange(ROWS) - (ROWS - 1) / 2)
    points = np.stack([x.ravel(), y.ravel(), np.zeros(x.size)], axis=1) * SQUARE_MM
    expected = WEBCAM.project(turn.apply(points) + place)
    if np.linalg.norm(corners[0] - expected[0]) > 50:
        corners = corners[::-1]
    np.testing.assert_allclose(corners, expected, atol=0.35)


def test_views_that_hardly_differ_count_once():
    picture = varied(WEBCAM, 3)[0]
    board = looked_at([picture, picture, np.roll(picture, 4, axis=1)])
    assert (board.seen, board.views) == (3, 1)


def test_pictures_without_the_board_are_no_views():
    board = Chessboard(COLUMNS, ROWS)
    assert board.look(np.full((480, 640, 3), 120, np.uint8)) is None
    assert (board.seen, board.views) == (0, 0)
    with pytest.raises(CalibrationError, match=r"9x6 inner corners was seen.*--board"):
        board.calibrate()


def test_a_board_of_another_count_is_not_seen():
    board = Chessboard(7, 5)
    assert board.look(varied(WEBCAM, 3)[0]) is None


def test_too_few_views_are_refused_with_what_to_do():
    board = looked_at(varied(WEBCAM, LEAST_VIEWS - 2))
    with pytest.raises(CalibrationError, match=rf"{board.views} different views.*at least {LEAST_VIEWS}.*tilted"):
        board.calibrate()


def test_boards_that_always_face_the_camera_are_refused_with_what_to_do():
    places = [(x, y, z) for z in (420, 560) for x in (-70, 0, 70) for y in (-40, 40)]
    board = looked_at(chessboard_picture(WEBCAM, Rotation.identity(), place) for place in places)
    assert board.views >= LEAST_VIEWS
    with pytest.raises(CalibrationError, match=r"too similar.*tilted"):
        board.calibrate()


def test_pictures_of_two_sizes_are_refused():
    board = looked_at(varied(WEBCAM, 3)[:1])
    with pytest.raises(CalibrationError, match="one camera at one size"):
        board.look(np.zeros((240, 320, 3), np.uint8))


def test_a_tiny_board_is_refused():
    with pytest.raises(CalibrationError, match="3x3"):
        Chessboard(2, 6)


def test_the_text_of_a_calibration_reads_back_to_the_same_camera(tmp_path):
    for camera in (WEBCAM, WIDE, Camera.from_fov(800, 600, 70)):
        path = tmp_path / "camera.yml"
        path.write_text(camera.calibration_text())
        again = Camera.from_calibration(path)
        np.testing.assert_array_equal(again.K, camera.K)
        np.testing.assert_array_equal(again.distortion, camera.distortion)
        assert (again.width, again.height) == (camera.width, camera.height)

import cv2
import numpy as np
import pytest

from fpn.camera import Camera
from renderer.loops import cells
from renderer.rooms import Rooms
from renderer.sampling import HeadCamera, PatchPixels, Projector, cut_patch, four_bytes
from tests.renderer.conftest import pose_of

WHOLE = np.eye(3)


def gradient(height=200, width=300):
    """A picture whose blue is its column and whose green is its row, halved."""
    y, x = np.mgrid[:height, :width]
    return np.dstack([x / 2, y / 2, np.zeros_like(x)]).round().astype(np.uint8)


@pytest.mark.parametrize("shrink", [1, 2, 4.3])
@pytest.mark.parametrize("taken_at", [1, 2])
def test_a_smaller_patch_shows_the_same_places(shrink, taken_at):
    patch = cut_patch((200, 300), (150.0, 100.0), 70.0, taken_at)
    pixels = PatchPixels(Rooms())
    pixels.take(gradient(), patch)
    patch = patch.smaller(shrink)
    frame = np.array([[[120.0, 80.0], [160.5, 101.0]], [[150.0, 60.0], [99.0, 140.0]]])
    at = frame @ patch.to_patch[:2, :2].T + patch.to_patch[:2, 2]
    shown = four_bytes(pixels.shrunk(patch))
    colours = cv2.remap(shown, at.astype(np.float32), None, cv2.INTER_LINEAR).astype(float)
    np.testing.assert_allclose(2 * colours[..., :2], frame, atol=2.1)
    np.testing.assert_allclose(patch.from_patch @ patch.to_patch, WHOLE, atol=1e-12)


def test_a_patch_is_averaged_down_by_about_what_is_asked():
    for shrink, wanted in ((1.3, 140), (2, 70), (3, 35), (4, 35)):
        patch = cut_patch((200, 300), (150.0, 100.0), 69.5, shrink)
        assert abs(PatchPixels(Rooms()).take(gradient(), patch).shape[0] - wanted) <= 2


def test_nothing_is_cut_where_the_picture_has_ended():
    assert cut_patch((200, 300), (-500.0, 100.0), 70.0, 1) is None
    assert cut_patch((200, 300), (150.0, 271.0), 70.0, 1) is None


def test_the_border_of_a_patch_fades_over_the_margin():
    at = np.array([[[-5.0, 20.0], [0.0, 20.0], [1.5, 20.0], [30.0, 20.0], [59.0, 20.0], [30.0, 47.5]]], np.float32)
    squarely = np.broadcast_to(np.array([0, 0, -1], np.float32), (1, 6, 3)).copy()
    visible = np.empty((1, 6), np.float32)
    camera = np.array([0, 0, -1000], np.float32)
    cells.show(np.zeros((1, 6, 3), np.float32), squarely, camera, at, (50, 60), 3.0, visible)
    np.testing.assert_allclose(visible[0], [0, 0, 0.5, 1, 0, 0.5], atol=1e-6)


@pytest.mark.parametrize("distortion", [[], [-0.28, 0.09, 0.001, -0.002, -0.01]])
def test_points_are_projected_as_the_camera_does_it(distortion):
    camera = Camera(np.array([[600.0, 0, 330], [0, 590, 250], [0, 0, 1]]), np.array(distortion), 640, 480)
    pose = pose_of(30, -10, 15, (90.0, 40.0, 520.0))
    head = HeadCamera(camera, pose.rotation, pose.translation, 1.1)
    points = np.random.default_rng(0).uniform([-80, -90, -40], [80, 110, 120], (40, 50, 3)).astype(np.float32)
    wanted = camera.project((1.1 * points.reshape(-1, 3)) @ pose.rotation.T + pose.translation)
    patch = cut_patch((480, 640), head.pixel_of(np.zeros(3)), 180.0, 2.0)
    found = Projector(head, patch)(points).reshape(-1, 2)
    back = found @ patch.from_patch[:2, :2].T + patch.from_patch[:2, 2]
    assert np.abs(back - wanted).max() < 0.2


def test_the_direction_to_the_camera_is_that_of_the_pose():
    pose = pose_of(40, 0, 0, (0.0, 0.0, 1000.0))
    head = HeadCamera(Camera.from_fov(640, 480), pose.rotation, pose.translation, 1.0)
    # A head whose nose turns to the picture's left has the camera on the side of its own left: at head x > 0.
    np.testing.assert_allclose(
        head.towards_camera(np.zeros(3)), [np.sin(np.radians(40)), 0, -np.cos(np.radians(40))], atol=1e-9
    )

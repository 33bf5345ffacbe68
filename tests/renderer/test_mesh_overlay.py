import numpy as np
import pytest

from fpn.camera import Camera
from models.face_model import load_face_model
from renderer.mesh_overlay import MeshFace, draw_landmarks, draw_surface, draw_wireframe
from tests.renderer.conftest import pose_of

CAMERA = Camera.from_fov(640, 480)
DRAW = [draw_wireframe, draw_surface, draw_landmarks, lambda *a, **k: draw_landmarks(*a, all_points=True, **k)]


def drawn(draw, pose, shape=None, camera=CAMERA, **options):
    picture = np.zeros((480, 640, 3), np.uint8)
    draw(picture, MeshFace(pose, shape), camera, **options)
    return picture


def projected(pose, vertices, camera=CAMERA):
    return camera.project(vertices @ pose.rotation.T + pose.translation)


def test_every_landmark_has_its_dot_where_the_camera_projects_it():
    pose, model = pose_of(15, 5, 10, (40.0, 0.0, 450.0)), load_face_model()
    shape = np.zeros(50)
    shape[[0, 30]] = 2
    picture = drawn(draw_landmarks, pose, shape)
    pixels = projected(pose, model.shape(shape)[model.landmarks68])
    for x, y in np.rint(pixels).astype(int):
        assert picture[y, x].max() > 60
    away = np.ones(picture.shape[:2], bool)
    for x, y in np.rint(pixels).astype(int):
        away[y - 6 : y + 7, x - 6 : x + 7] = False
    assert not picture[away].any()


def test_landmarks_that_the_head_hides_are_darker():
    pose, model = pose_of(60, translation=(0.0, 0.0, 450.0)), load_face_model()
    picture = drawn(draw_landmarks, pose)
    pixels = np.rint(projected(pose, model.mean[model.landmarks68])).astype(int)
    brightness = picture.max(-1)[pixels[:, 1], pixels[:, 0]]
    far_jaw, near_jaw = brightness[0:4], brightness[12:16]  # the nose points to the picture's left
    assert far_jaw.max() < near_jaw.min()


@pytest.mark.parametrize("distance_mm", [300.0, 800.0, 2500.0])
def test_all_points_leave_most_of_a_face_to_be_seen_however_small_it_is(distance_mm):
    pose = pose_of(translation=(0.0, 0.0, distance_mm))
    picture = drawn(DRAW[3], pose).max(-1)
    face = drawn(draw_surface, pose).any(-1)
    assert 0.02 < (picture > 60)[face].mean() < 0.5


@pytest.mark.parametrize("draw", DRAW)
def test_what_is_drawn_stays_within_the_heads_outline(draw):
    pose = pose_of(-35, 8, 12, (30.0, 10.0, 500.0))
    picture = drawn(draw, pose)
    pixels = projected(pose, load_face_model().mean)
    y, x = np.nonzero(picture.any(-1))
    assert len(y) > 300
    assert x.min() >= pixels[:, 0].min() - 3
    assert x.max() <= pixels[:, 0].max() + 3
    assert y.min() >= pixels[:, 1].min() - 3


def test_the_surface_covers_the_face_and_is_brightest_where_it_faces_the_camera():
    pose = pose_of(0, translation=(0.0, 0.0, 500.0))
    picture = drawn(draw_surface, pose).max(-1).astype(float)
    forehead, temple = projected(pose, np.array([[0.0, -45, -16], [66.0, -45, 35]])).round().astype(int)
    assert picture[forehead[1], forehead[0]] > 1.3 * picture[temple[1], temple[0]] > 20


@pytest.mark.parametrize("draw", DRAW)
@pytest.mark.parametrize("translation", [(0.0, 0.0, -400.0), (0.0, 0.0, 50.0), (np.nan, 0.0, 500.0), (9e4, 0, 500.0)])
def test_a_head_that_cannot_be_seen_is_not_drawn(draw, translation):
    assert not drawn(draw, pose_of(translation=translation)).any()


@pytest.mark.parametrize("draw", DRAW)
def test_size_of_head_and_distance_cannot_be_told_apart(draw):
    near, far = pose_of(20, translation=(0.0, 0.0, 500.0)), pose_of(20, translation=(0.0, 0.0, 600.0))
    np.testing.assert_array_equal(drawn(draw, near), drawn(draw, far, head_scale=1.2))


def test_the_wireframe_bends_with_the_lens():
    bent = Camera(CAMERA.K, np.array([-0.35, 0.12, 0.0, 0.0]), 640, 480)
    pose = pose_of(0, translation=(220.0, 0.0, 500.0))
    straight, lens = (np.nonzero(drawn(draw_wireframe, pose, camera=c).any(-1))[1].mean() for c in (CAMERA, bent))
    wanted = projected(pose, np.array([[0.0, 0, 0]]), bent)[0, 0] - projected(pose, np.array([[0.0, 0, 0]]))[0, 0]
    assert lens - straight == pytest.approx(wanted, abs=5)

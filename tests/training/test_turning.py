from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("numba")

from fpn.head import FACE_CENTER_MM, LANDMARKS_MM
from fpn.rotations import rotation_from_angles
from training.head_model import load_head_model
from training.turning import PICTURE_SIZE, PIXELS_PER_MM, Photo, Target, photograph_as_it_is, photograph_texture, turn

HEAD = Path(__file__).parents[3] / "shared" / "data" / "ict_facekit.npz"
pytestmark = pytest.mark.skipif(not HEAD.exists(), reason="the parametric head is not beside this checkout")


@pytest.fixture(scope="module")
def model():
    return load_head_model(HEAD)


@pytest.fixture(scope="module")
def photo() -> Photo:
    """A smooth random picture taken for a photograph of a head turned 20 degrees."""
    rng = np.random.default_rng(2)
    rows, columns = np.mgrid[:PICTURE_SIZE, :PICTURE_SIZE]
    waves = sum(np.sin(rows * f[0] + columns * f[1] + f[2]) for f in rng.uniform(-0.25, 0.25, (12, 3)))
    grey = (128 + 25 * waves).clip(0, 255).astype(np.uint8)
    return Photo(
        grey=grey,
        valid=(0.0, 0.0, PICTURE_SIZE, PICTURE_SIZE),
        scale=0.52,
        rotation=rotation_from_angles(20, -5, 7),
        translation=np.array([97.0, 70.0, 0.0]),
        identity=np.zeros(60, np.float32),
        expression=np.zeros(53, np.float32),
    )


def test_the_head_stands_in_the_projects_frame(model):
    neutral = model.neutral[model.landmarks68]
    np.testing.assert_allclose((neutral[36] + neutral[45]) / 2, 0, atol=0.1)
    np.testing.assert_allclose(neutral, LANDMARKS_MM, atol=0.51)  # fpn.head holds them rounded
    np.testing.assert_allclose(model.neutral[model.mirror], model.neutral * [-1, 1, 1], atol=0.3)


def test_turning_to_its_own_pose_gives_the_photograph_back(model, photo):
    background = np.zeros((PICTURE_SIZE, PICTURE_SIZE), np.uint8)
    texture = photograph_texture(photo, model, model.shape(photo.identity, photo.expression))
    target = Target(rotation=photo.rotation, expression=photo.expression, sheet=False)
    drawn, drawn_points = turn(photo, model, texture, target, background)
    taken, taken_points = photograph_as_it_is(photo, model, background)
    np.testing.assert_allclose(drawn_points[:, :2], taken_points[:, :2], atol=1e-3)
    face = tuple(slice(round(low), round(high)) for low, high in ((85, 125), (80, 115)))  # well inside the seen side
    assert np.abs(drawn[face].astype(int) - taken[face]).mean() < 3


@pytest.mark.parametrize("angles", [(70, 0, 0), (-40, 30, -15)])
def test_landmarks_of_a_turned_head_are_its_projected_points(model, photo, angles):
    rotation = rotation_from_angles(*angles)
    background = np.full((PICTURE_SIZE, PICTURE_SIZE), 255, np.uint8)
    texture = photograph_texture(photo, model, model.shape(photo.identity, photo.expression))
    target = Target(rotation=rotation, expression=photo.expression, sheet=False)
    picture, points = turn(photo, model, texture, target, background)
    expected = (model.neutral[model.landmarks68] - FACE_CENTER_MM) @ rotation.T * PIXELS_PER_MM
    np.testing.assert_allclose(points[:, :2], expected[:, :2] + (PICTURE_SIZE - 1) / 2, atol=1e-3)
    assert 0.1 < (picture < 250).mean() < 0.7  # a head before a white background


def test_near_parts_loom_for_a_near_camera(model, photo):
    background = np.zeros((PICTURE_SIZE, PICTURE_SIZE), np.uint8)
    texture = photograph_texture(photo, model, model.shape(photo.identity, photo.expression))
    near = Target(rotation=np.eye(3), expression=photo.expression, distance_mm=300.0, sheet=False)
    far = Target(rotation=np.eye(3), expression=photo.expression, sheet=False)
    near_points, far_points = (turn(photo, model, texture, each, background)[1] for each in (near, far))
    middle = (PICTURE_SIZE - 1) / 2
    depth = far_points[:, 2] / PIXELS_PER_MM
    wanted = (far_points[:, :2] - middle) * (300 / (300 + depth))[:, None] + middle
    np.testing.assert_allclose(near_points[:, :2], wanted, atol=1e-2)

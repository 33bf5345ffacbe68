import numpy as np
import pytest

from benchmarks.seed_views import CROP_SIZE, SeedView, cut_crop
from benchmarks.views import (
    SEED,
    errors,
    flicker,
    make_scene,
    mean_face,
    nearest_weights,
    own_face,
    placement,
    seed_method,
)
from models.face_model import load_face_model
from renderer import View


@pytest.fixture(scope="module")
def scene():
    return make_scene(load_face_model(), 30, seed=5)


def test_views_are_nearer_to_the_truth_than_the_seeds_and_nearest_with_the_persons_shape(scene):
    methods = {SEED: seed_method, "mean": mean_face, "own": own_face}
    found = errors([scene], View(), methods)
    assert found["own"][0] < found["mean"][0] < found[SEED][0]
    assert found["own"][1] < found[SEED][1]


def test_the_nearest_weights_of_a_face_of_the_model_are_its_own():
    model = load_face_model()
    weights = np.random.default_rng(2).normal(0, 0.7, 50).astype(np.float32)
    found = nearest_weights(model, model.shape(weights))
    away = np.linalg.norm(model.shape(found) - model.shape(weights), axis=1)
    assert away[(model.mean[:, 2] < 40) & (model.mean[:, 1] < 100)].mean() < 0.3


def test_eyes_are_found_at_their_places(scene):
    eyes, landmarks = placement([scene], True)
    assert eyes < 4
    assert landmarks < 7


def test_views_flicker_less_than_the_picture(scene):
    picture, ours, _ = flicker(scene, frames=12)
    assert picture > 2
    assert ours < 0.6 * picture


def test_the_seeds_crop_holds_the_face_and_its_wall_stands_behind_it(scene):
    crop, to_crop = cut_crop(scene.image, scene.pose, scene.camera)
    assert crop.shape == (CROP_SIZE, CROP_SIZE, 3)
    nose = scene.camera.project(scene.pose.translation + scene.pose.rotation @ [0, 40, 10])[0]
    x, y, _ = to_crop @ [*nose, 1]
    assert abs(x - CROP_SIZE / 2) < 40
    assert abs(y - CROP_SIZE / 2) < 40
    points = SeedView.of(View(), 64).points.reshape(64, 64, 3)
    assert points[2, 2, 2] == pytest.approx(75, abs=0.1)
    assert points[30, 32, 2] < 0

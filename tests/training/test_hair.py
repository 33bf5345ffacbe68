from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("numba")

from training.hair import Hair, hairiness, shade, swollen
from training.head_model import load_head_model

HEAD = Path(__file__).parents[3] / "shared" / "data" / "ict_facekit.npz"
pytestmark = pytest.mark.skipif(not HEAD.exists(), reason="the parametric head is not beside this checkout")
LONG = Hair(fringe_mm=50, side_mm=50, length_mm=120, thickness_mm=30, covers=True, ears=False, seed=4)


@pytest.fixture(scope="module")
def model():
    return load_head_model(HEAD)


def at(model, point):
    """The vertex nearest to a point of the neutral head, mm."""
    return int(np.argmin(np.linalg.norm(model.neutral - np.array(point), axis=1)))


def test_hair_grows_on_the_skull_and_not_on_the_face(model):
    hairy = hairiness(Hair(), model, model.neutral)
    assert hairy[at(model, (0, -120, 60))] > 0.95
    assert hairy[at(model, (0, -20, 190))] > 0.95
    assert hairy[model.landmarks68[17:]].max() < 0.05  # all but the jaw line
    assert not hairy[model.part("eyeball_left")].any()


def test_ears_are_free_unless_they_are_to_be_covered(model):
    ear = at(model, (90, 15, 98))
    assert hairiness(Hair(), model, model.neutral)[ear] == 0
    assert hairiness(LONG, model, model.neutral)[ear] > 0.9


def test_thick_hair_stands_off_the_skull_by_no_more_than_its_thickness_and_leaves_the_face(model):
    hairy = hairiness(LONG, model, model.neutral)
    moved = np.linalg.norm(swollen(LONG, model.neutral, hairy) - model.neutral, axis=1)
    assert 0.3 * 30 < np.median(moved[hairy > 0.95]) < 1.3 * 30
    assert moved[hairy < 0.02].max() < 0.1
    assert swollen(Hair(), model.neutral, hairy) is model.neutral


def test_streaks_are_the_seeds_own_and_stay_within_reason(model):
    streaks = shade(LONG, model.neutral)
    np.testing.assert_array_equal(streaks, shade(LONG, model.neutral))
    assert (streaks != shade(Hair(seed=5), model.neutral)).mean() > 0.9
    assert streaks.min() > 0.39 and streaks.max() < 1.61 and streaks.std() > 0.1

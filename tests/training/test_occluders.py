import numpy as np
import pytest

from training.occluders import lay_hair, lay_hand, lay_patch, occlude

SIZE = 96


def face() -> np.ndarray:
    """A crop of one skin tone with a little noise."""
    return np.random.default_rng(0).integers(150, 160, (SIZE, SIZE)).astype(np.uint8)


@pytest.mark.parametrize("lay", [lay_hand, lay_hair])
def test_what_is_laid_hides_some_of_the_crop_but_seldom_most(lay):
    hidden = []
    for seed in range(60):
        crop = face()
        lay(np.random.default_rng(seed), crop)
        hidden.append((np.abs(crop.astype(int) - face()) > 12).mean())
    assert min(hidden) > 0.002
    assert 0.02 < np.median(hidden) < 0.5
    assert np.mean(np.array(hidden) > 0.75) < 0.05


def test_a_hand_has_about_the_tone_of_the_face():
    tones = []
    for seed in range(40):
        crop = face()
        lay_hand(np.random.default_rng(seed), crop)
        tones.append(np.median(crop[np.abs(crop.astype(int) - face()) > 8]))
    assert 0.7 * 155 < np.median(tones) < 1.25 * 155


def test_a_patch_takes_its_material_from_the_other_crop_or_is_plain():
    other = np.full((SIZE, SIZE), 7, np.uint8)
    seen = set()
    for seed in range(20):
        crop = face()
        lay_patch(np.random.default_rng(seed), crop, other)
        changed = crop[crop != face()]
        seen.add(len(np.unique(changed)) == 1 and changed[0] == 7)
    assert seen == {True, False}


def test_every_kind_comes_and_can_be_repeated():
    crops = []
    for seed in (1, 1, 2, 3, 4, 5, 6):
        crop = face()
        occlude(np.random.default_rng(seed), crop, face()[::-1])
        crops.append(crop)
    np.testing.assert_array_equal(crops[0], crops[1])
    assert all((crop != face()).any() for crop in crops)

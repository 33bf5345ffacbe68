import numpy as np
import pytest

pytest.importorskip("numba")

from training.targets import another_expression, random_hair

NAMES = [
    *("browDownLeft", "browInnerUp", "browOuterUpLeft", "cheekSquintLeft", "eyeBlinkLeft", "eyeBlinkRight", "jawOpen"),
    *("mouthDimpleLeft", "mouthFunnel", "mouthLowerDownLeft", "mouthPucker", "mouthSmileLeft", "mouthSmileRight"),
    *("mouthStretchLeft", "noseSneerLeft"),
]


def test_another_expression_is_plainly_different_and_a_possible_one():
    for seed in range(50):
        rng = np.random.default_rng(seed)
        own = rng.uniform(0, 1, len(NAMES)).astype(np.float32)
        other = another_expression(rng, own, NAMES)
        assert np.abs(other - own).max() >= 0.29
        assert other.min() >= 0 and other.max() <= 1
        assert other[-1] == own[-1]  # what no blink, smile, word or brow moves


def test_both_eyes_close_together():
    rng = np.random.default_rng(0)
    for _ in range(50):
        other = another_expression(rng, np.zeros(len(NAMES), np.float32), NAMES)
        assert other[4] == other[5]


def test_hair_is_varied():
    rng = np.random.default_rng(0)
    styles = [random_hair(rng) for _ in range(300)]
    assert 0.15 < np.mean([style.thickness_mm == 0 for style in styles]) < 0.35
    assert any(style.covers and not style.ears for style in styles)
    assert np.median([style.thickness_mm for style in styles if style.thickness_mm]) == pytest.approx(13.4, abs=4)

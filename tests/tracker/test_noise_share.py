from __future__ import annotations

import numpy as np
import pytest

from tracker.noise_share import NoiseShare

VARIANCES = np.array([1.0, 1.0, 1.0, 4.0, 4.0, 4.0])


def take(share: NoiseShare, variances: np.ndarray, levels: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
    taken = share.take(in_motion(share, variances), list(variances), levels)
    assert taken is share.taken
    return np.array(taken)


def in_motion(share: NoiseShare, variances: np.ndarray) -> np.ndarray:
    return np.array(share.in_motion(list(variances)))


def settled(wander: float = 0.0) -> NoiseShare:
    share = NoiseShare(wander)
    share.start(list(VARIANCES))
    for _ in range(10):
        take(share, VARIANCES)
    return share


def test_a_resting_head_wanders_and_a_moving_one_does_not() -> None:
    share = settled(wander=0.02)
    resting, turning = take(share, VARIANCES), take(share, VARIANCES, (1.0, 0.0))
    np.testing.assert_allclose(resting - in_motion(share, VARIANCES), 0.02)
    np.testing.assert_allclose(turning - in_motion(share, VARIANCES), [0, 0, 0, 0.02, 0.02, 0.02])


def test_what_exceeds_the_usual_uncertainty_is_noise() -> None:
    # Claimed variance 16 where 1 is usual and 2 still ordinary: 14 of 16 is new.
    np.testing.assert_allclose(in_motion(settled(), 16 * VARIANCES), 14 / 16)


def test_an_ordinary_uncertainty_is_taken_for_an_error_that_lasts() -> None:
    assert in_motion(settled(), 1.9 * VARIANCES).max() < 0.01


def test_before_anything_is_usual_nothing_exceeds_it() -> None:
    share = NoiseShare(0.0)
    share.start(list(VARIANCES))
    assert in_motion(share, 100 * VARIANCES).max() < 0.01


def test_an_uncertainty_that_stays_becomes_usual_and_a_small_one_soon() -> None:
    share = settled()
    for _ in range(150):
        take(share, 16 * VARIANCES)
    assert in_motion(share, 16 * VARIANCES).max() < 0.01
    for _ in range(10):
        take(share, VARIANCES)
    assert in_motion(share, 16 * VARIANCES).min() > 0.5


def test_what_was_taken_last_is_kept() -> None:
    share = settled()
    take(share, 9 * VARIANCES)
    assert share.taken[0] == pytest.approx(7 / 9)

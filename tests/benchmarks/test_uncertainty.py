"""The fit of the claimed uncertainty, on errors whose size is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.single_scenes import HALVES
from benchmarks.uncertainty import LEVELS, Surprise, asked_scale, held_out_share, plot, stated


def drawn(scale: float) -> Surprise:
    rng = np.random.default_rng(0)
    turn, move = (np.sum(rng.normal(0, scale, (40000, 3)) ** 2, axis=1) for _ in range(2))
    return Surprise(turn, move)


@pytest.mark.parametrize("scale", [0.5, 1.0, 1.7])
def test_the_fitted_scale_is_that_of_the_errors(scale: float) -> None:
    assert drawn(scale).scales() == pytest.approx((scale, scale), rel=0.02)


def test_errors_as_large_as_claimed_fill_the_regions() -> None:
    for level, shares in drawn(1.0).shares().items():
        assert shares == pytest.approx((level, level), abs=0.01)


def test_scales_multiply_what_is_claimed() -> None:
    assert drawn(1.7).scaled(1.7, 3.4).scales() == pytest.approx((1.0, 0.5), rel=0.02)


def test_people_of_two_halves_count_alike() -> None:
    both = drawn(1.0) + drawn(3.0)
    assert len(both.rotation) == len(both.position) == 80000
    for level, shares in both.shares().items():
        expected = np.mean([drawn(scale).shares()[level] for scale in (1.0, 3.0)], axis=0)
        assert shares == pytest.approx(tuple(expected))


def test_the_mean_of_both_halves_is_stated_and_never_less_than_is_claimed() -> None:
    assert stated([(0.94, 1.73), (1.0, 1.514)]) == (1.0, 1.62)
    assert stated([(1.2, 0.7), (1.1, 0.8)]) == (1.15, 1.0)


def test_rotations_are_claimed_to_be_no_more_certain_than_photographs_show() -> None:
    assert stated([(0.7, 1.3), (0.6, 1.4)], photographs=0.914) == (1.0, 1.35)
    assert stated([(0.7, 1.3), (0.6, 1.4)], photographs=1.204) == (1.2, 1.35)
    assert stated([(1.4, 1.3), (1.2, 1.4)], photographs=1.204) == (1.3, 1.35)


def test_photographs_are_checked_on_what_the_others_ask_for() -> None:
    surprise = np.sum(np.random.default_rng(1).normal(0, 0.8, (400, 3)) ** 2, axis=1)
    assert asked_scale(surprise) == pytest.approx(0.8, rel=0.05)
    assert held_out_share(surprise) == pytest.approx(0.95, abs=0.01)
    assert held_out_share(np.array([1.0] * 9 + [1000.0])) == 0.9  # the others know nothing of the one that is far off


def test_people_of_one_half_are_not_those_of_the_other() -> None:
    one, other = ({scene.seed for scene in half.values()} for half in HALVES)
    assert len(one) == len(other) == 14
    assert not one & other


def test_single_heads_stay_in_the_picture_before_the_camera() -> None:
    for scene in (scene for half in HALVES for scene in half.values()):
        for time_s in np.arange(0, scene.seconds, 0.1):
            placed = scene.heads["head"](float(time_s))
            assert placed is not None
            _, (x, y, z) = placed
            assert z > 400
            assert abs(x / z) < 0.4
            assert abs(y / z) < 0.3


def test_the_plot_is_drawn(tmp_path: Path) -> None:
    shares = {level: (level, level) for level in LEVELS}
    plot(tmp_path, {"network": shares, "program": shares})
    assert (tmp_path / "uncertainty.png").stat().st_size > 1000

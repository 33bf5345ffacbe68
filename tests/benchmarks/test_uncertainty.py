"""The fit of the claimed uncertainty, on errors whose size is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.single_scenes import CHECKED, FITTED
from benchmarks.uncertainty import LEVELS, Surprise, plot, stated


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


def test_claims_are_stated_wider_or_as_they_are() -> None:
    assert stated((0.7, 1.234)) == (1.0, 1.23)


def test_people_of_the_fit_are_not_those_of_the_check() -> None:
    assert not {scene.seed for scene in FITTED.values()} & {scene.seed for scene in CHECKED.values()}


def test_single_heads_stay_in_the_picture_before_the_camera() -> None:
    for scene in (*FITTED.values(), *CHECKED.values()):
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

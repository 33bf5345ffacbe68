"""How far from its prediction a measured pose may be."""

from __future__ import annotations

import numpy as np
import pytest

from tracker import gate

NOISE = np.diag([0.01**2] * 3 + [2.0**2] * 3)


@pytest.mark.parametrize("unseen_s", [1 / 30, 0.4, 5.0])
def test_what_is_near_is_within_the_gate_whatever_its_covariance(unseen_s: float) -> None:
    rng, near = np.random.default_rng(0), 0
    for _ in range(300):
        innovation = (rng.normal(size=6) * ([0.1] * 3 + [20.0] * 3)).tolist()
        if gate.is_near(innovation, 1 / 30, unseen_s):
            near += 1
            assert gate.squared_distance(innovation, NOISE, 1 / 30, unseen_s) < gate.WIDTH
    assert near > 10


def test_the_distance_is_that_of_mahalanobis_with_half_the_acceleration_times_the_step_squared() -> None:
    innovation = [0.1, 0.0, -0.05, 5.0, 0.0, 20.0]
    spread = np.diag([0.01**2 + (0.5 * 75 * 0.05**2) ** 2] * 3 + [2.0**2 + (0.5 * 15000 * 0.05**2) ** 2] * 3)
    expected = np.array(innovation) @ np.linalg.inv(spread) @ innovation
    assert gate.squared_distance(innovation, NOISE, 0.05, 0.05) == pytest.approx(expected)


def test_a_head_that_was_not_seen_for_longer_may_be_farther_away_up_to_a_second() -> None:
    innovation = [0.5, 0.0, 0.0, 0.0, 100.0, 0.0]
    distances = [gate.squared_distance(innovation, NOISE, 1 / 30, unseen_s) for unseen_s in (0.03, 0.2, 1.0, 9.0)]
    assert distances[0] > distances[1] > distances[2] == distances[3]

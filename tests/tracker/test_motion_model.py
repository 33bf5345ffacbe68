from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import expm

from tracker.motion_model import decay, process_noise, transition

DENSITIES = (0.7, 40.0)


def van_loan(time_s: float) -> tuple[np.ndarray, np.ndarray]:
    """Transition and process noise of lasting velocities by Van Loan's matrix exponential (1978)."""
    A, W = np.zeros((12, 12)), np.zeros((12, 12))
    A[:6, 6:] = np.eye(6)
    W[6:, 6:] = np.diag(np.repeat(DENSITIES, 3))
    block = expm(np.block([[-A, W], [np.zeros((12, 12)), A.T]]) * time_s)
    F = block[12:, 12:].T
    return F, F @ block[:12, 12:]


@pytest.mark.parametrize("time_s", [1e-3, 1 / 30, 0.5])
def test_step_and_noise_are_those_of_the_continuous_process(time_s: float) -> None:
    F, Q = van_loan(time_s)
    gain, left = decay(time_s, 1e9, 1e9)
    np.testing.assert_allclose(transition(np.eye(3), gain, left), F, rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(process_noise(DENSITIES, time_s), Q, rtol=1e-6, atol=1e-15)


def test_fading_velocities_solve_their_equation() -> None:
    # v' = -v / life, x' = v, integrated in small steps.
    lives, steps = np.array([0.2, 0.5]), 100_000
    velocity, place = np.ones(2), np.zeros(2)
    for _ in range(steps):
        place += velocity * 0.3 / steps
        velocity -= velocity / lives * 0.3 / steps
    gain, left = decay(0.3, *lives)
    np.testing.assert_allclose(gain, np.repeat(place, 3), rtol=1e-4)
    np.testing.assert_allclose(left, np.repeat(velocity, 3), rtol=1e-4)


def test_no_time_changes_nothing() -> None:
    gain, left = decay(0.0, 0.2, 0.5)
    np.testing.assert_array_equal(transition(np.eye(3), gain, left), np.eye(12))
    np.testing.assert_array_equal(process_noise(DENSITIES, 0.0), np.zeros((12, 12)))

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import expm

from tracker.motion_model import BIAS, MOTION, Decay, process_noise, transition

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
    step, noise = transition(np.eye(3), Decay.within(time_s, 1e9, 1e9)), process_noise(DENSITIES, time_s)
    np.testing.assert_allclose(step[MOTION, MOTION], F, rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(noise[MOTION, MOTION], Q, rtol=1e-6, atol=1e-15)


def test_a_bias_stays_as_far_as_it_is_kept_and_always_varies_by_one() -> None:
    kept, variance = [1.0, 0.9, 0.5, 0.0], np.eye(16)
    F = transition(np.eye(3), Decay.within(0.1, 0.2, 0.5), kept)
    Q = process_noise(DENSITIES, 0.1, kept)
    np.testing.assert_array_equal(F[BIAS, BIAS], np.diag(kept))
    for matrix in (F, Q):
        assert not matrix[BIAS, MOTION].any() and not matrix[MOTION, BIAS].any()
    np.testing.assert_allclose((F @ variance @ F.T + Q)[BIAS, BIAS], np.eye(4), atol=1e-12)


def test_fading_velocities_solve_their_equation() -> None:
    # v' = -v / life, x' = v, integrated in small steps.
    lives, steps = np.array([0.2, 0.5]), 100_000
    velocity, place = np.ones(2), np.zeros(2)
    for _ in range(steps):
        place += velocity * 0.3 / steps
        velocity -= velocity / lives * 0.3 / steps
    decay = Decay.within(0.3, *lives)
    np.testing.assert_allclose((decay.turn_gain, decay.move_gain), place, rtol=1e-4)
    np.testing.assert_allclose((decay.turn_left, decay.move_left), velocity, rtol=1e-4)


def test_turning_and_moving_are_decayed_and_disturbed_apart() -> None:
    F = transition(np.eye(3), Decay(turn_gain=0.1, move_gain=0.2, turn_left=0.3, move_left=0.4))
    np.testing.assert_array_equal(F[:6, 6:12], np.diag(np.repeat([0.1, 0.2], 3)))
    np.testing.assert_array_equal(F[6:12, 6:12], np.diag(np.repeat([0.3, 0.4], 3)))
    np.testing.assert_array_equal(process_noise((1.0, 0.0), 0.1)[:, 3:6], 0)


def test_no_time_changes_nothing() -> None:
    np.testing.assert_array_equal(transition(np.eye(3), Decay.within(0.0, 0.2, 0.5)), np.eye(16))
    np.testing.assert_array_equal(process_noise(DENSITIES, 0.0), np.zeros((16, 16)))

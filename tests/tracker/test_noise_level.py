from __future__ import annotations

import numpy as np
import pytest

from tracker.noise_level import NoiseLevel


def level(**options: float) -> NoiseLevel:
    chosen = {"expected": 1.0, "weight_s": 0.3, "memory_s": 20.0, "lowest": 1e-6, "highest": 100.0} | options
    return NoiseLevel(2, **chosen)


def feed(noise: NoiseLevel, times: np.ndarray, values: np.ndarray, claimed: np.ndarray | float = 1.0) -> None:
    for step, change in zip(np.diff(times), np.diff(values, axis=0), strict=True):
        noise.observe(change, np.broadcast_to(claimed, 2), float(step))


def test_white_noise_is_measured_axis_by_axis_whatever_was_claimed() -> None:
    times = np.arange(3000) / 30
    std = np.array([0.3, 2.0])
    noise = level()
    feed(noise, times, np.random.default_rng(0).normal(size=(3000, 2)) * std, claimed=4.0)
    np.testing.assert_allclose(noise.variance_factor, std**2 / 4, rtol=0.25)


def test_white_noise_is_measured_at_uneven_time_steps() -> None:
    rng = np.random.default_rng(1)
    times = np.cumsum(rng.uniform(0.01, 0.1, 3000))
    noise = level()
    feed(noise, times, rng.normal(size=(3000, 2)))
    np.testing.assert_allclose(noise.variance_factor, 1, rtol=0.25)


def test_accelerated_motion_at_uneven_time_steps_is_not_noise() -> None:
    times = np.cumsum(np.random.default_rng(2).uniform(0.01, 0.1, 600))
    values = np.stack([5 * times**2 - 40 * times, 300 - 3 * times**2], axis=1)
    noise = level(memory_s=1.0)
    feed(noise, times, values)
    assert max(noise.variance_factor) < 1e-4


def test_a_jump_hardly_counts_as_noise() -> None:
    times = np.arange(300) / 30
    values = 0.1 * np.random.default_rng(3).normal(size=(300, 2))
    calm, jumping = level(), level()
    feed(calm, times, values)
    feed(jumping, times, values + 50.0 * (times > 9.5)[:, np.newaxis])
    assert max(jumping.variance_factor) < 1.5 * max(calm.variance_factor)


def test_measurements_before_an_interruption_are_no_neighbours() -> None:
    noise = level()
    for _ in range(20):
        noise.observe(np.array([1000.0, -1000.0]), np.ones(2), 1 / 30)
        noise.interrupt()
    np.testing.assert_array_equal(noise.variance_factor, 1.0)


@pytest.mark.parametrize(("std", "expected"), [(1e-9, 1e-3), (1e3, 4.0)])
def test_the_factor_stays_within_its_bounds(std: float, expected: float) -> None:
    noise = level(lowest=1e-3, highest=4.0, memory_s=1.0)
    feed(noise, np.arange(600) / 30, std * np.random.default_rng(4).normal(size=(600, 2)))
    np.testing.assert_allclose(noise.variance_factor, expected, rtol=0.01)

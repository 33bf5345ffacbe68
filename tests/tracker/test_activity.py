from __future__ import annotations

import numpy as np
import pytest

from tracker.activity import Activity


def activity(count: int = 1) -> Activity:
    return Activity(count, memory_s=0.12, settle_s=0.25, quiet=1.5, moving=3.5)


def test_noise_alone_is_rest_most_of_the_time() -> None:
    quantity = activity()
    levels = []
    for innovation in np.random.default_rng(0).normal(size=(2000, 3)):
        quantity.observe(innovation, np.ones(3), 1 / 30)
        levels.append(quantity.levels[0])
    assert np.mean(levels) < 0.1


def test_a_large_innovation_counts_at_once_and_settles_afterwards() -> None:
    quantity = activity()
    for _ in range(30):
        quantity.observe(np.zeros(3), np.ones(3), 1 / 30)
    quantity.observe(np.array([10.0, 0.0, 0.0]), np.ones(3), 1 / 30)
    assert quantity.levels[0] == 1
    for _ in range(60):
        quantity.observe(np.zeros(3), np.ones(3), 1 / 30)
    assert quantity.levels[0] < 0.01


def test_small_innovations_that_agree_count_and_ones_that_alternate_do_not() -> None:
    agreeing, alternating = activity(), activity()
    for index in range(30):
        innovation = np.array([1.5, 1.5, -1.5])
        agreeing.observe(innovation, np.ones(3), 1 / 30)
        alternating.observe(innovation * (-1) ** index, np.ones(3), 1 / 30)
    assert agreeing.levels[0] > 0.5
    assert alternating.levels[0] < 0.1


def test_quantities_are_judged_apart() -> None:
    both = activity(2)
    both.observe(np.array([0, 0, 0, 40.0, 0, 0]), np.ones(6), 1 / 30)
    assert both.levels == (0.0, 1.0)


def test_an_innovation_is_judged_by_its_standard_deviation() -> None:
    one, other = activity(), activity()
    one.observe([0.2, 0.1, 0.0], [1.0, 1.0, 1.0], 1 / 30)
    one.observe([4.0, 3.0, 5.0], [1.0, 1.0, 1.0], 1 / 30)
    other.observe([0.6, 0.5, 0.0], [9.0, 25.0, 1.0], 1 / 30)
    other.observe([12.0, 15.0, 5.0], [9.0, 25.0, 1.0], 1 / 30)
    assert one.levels == pytest.approx(other.levels)
    assert one.levels[0] > 0


def test_an_eager_one_moves_fully_at_a_smaller_surprise_and_rests_at_the_same() -> None:
    calm, eager = activity(), activity()
    for surprise, levels in ((1.4, (0.0, 0.0)), (2.5, (0.5, 1.0))):
        for each, share in ((calm, 1.0), (eager, 0.5)):
            each.reset()
            each.observe([surprise] * 3, [1.0] * 3, 1 / 30, share)
        assert (calm.levels[0], eager.levels[0]) == pytest.approx(levels)

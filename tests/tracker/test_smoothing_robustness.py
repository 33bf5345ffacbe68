"""What the filter does with bad poses, jumps, odd time steps and long rough rides."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from fpn.pose import HeadPose
from tests.tracker.noisy_poses import RATE_HZ, error_deg, pose, settled, spin, trembling
from tracker.smoothing import PoseFilter


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", ["rotation", "translation", "rotation_covariance", "position_covariance"])
def test_measurements_that_are_no_numbers_leave_no_trace(bad: float, place: str) -> None:
    _compare_with_and_without(_spoilt(place, (0, *([0] if place != "translation" else [])), bad))


def test_impossible_covariances_and_matrices_that_do_not_rotate_leave_no_trace() -> None:
    for spoilt in (
        _spoilt("rotation_covariance", (0, 0), -1.0),
        _spoilt("position_covariance", (0, 1), 1e9),
        _spoilt("rotation", (2, 2), 5.0),
        HeadPose(np.diag([1.0, 1.0, -1.0]), np.array([0, 0, 600.0]), np.eye(3), np.eye(3)),
    ):
        _compare_with_and_without(spoilt)


def _spoilt(field: str, index: tuple[int, ...], value: float) -> HeadPose:
    values = {
        name: getattr(pose(Rotation.identity()), name).copy()
        for name in ("rotation", "translation", "rotation_covariance", "position_covariance")
    }
    values[field][index] = value
    if field.endswith("covariance"):
        values[field][index[::-1]] = value
    return HeadPose(**values)


def _compare_with_and_without(spoilt: HeadPose) -> None:
    rng = np.random.default_rng(0)
    plain, disturbed = PoseFilter(), PoseFilter()
    assert not disturbed.update(spoilt)
    for index in range(20):
        measured = trembling(spin(np.array([float(index)]))[0], (0, 0, 600), rng)
        for tracked in (plain, disturbed):
            tracked.predict(1 / RATE_HZ)
        assert not disturbed.update(spoilt)
        for tracked in (plain, disturbed):
            assert tracked.update(measured)
        np.testing.assert_array_equal(plain.pose.rotation, disturbed.pose.rotation)
        np.testing.assert_array_equal(plain.pose.rotation_covariance, disturbed.pose.rotation_covariance)
        np.testing.assert_array_equal(plain.pose.translation, disturbed.pose.translation)


@pytest.mark.parametrize("wrong", [pose(Rotation.from_rotvec([0, 1.0, 0])), pose(Rotation.identity(), (150, 0, 600))])
def test_a_single_mistake_of_the_network_is_not_believed(wrong: HeadPose) -> None:
    tracked = settled()
    assert not tracked.update(wrong)
    assert error_deg(tracked.pose, Rotation.identity()) < 0.5
    np.testing.assert_allclose(tracked.pose.translation, [0, 0, 600], atol=3)
    tracked.predict(1 / RATE_HZ)
    assert tracked.update(pose(Rotation.identity()))


def test_a_jump_is_followed_with_the_second_measurement_that_agrees() -> None:
    tracked = settled()
    there = Rotation.from_rotvec([0, 1.0, 0])
    assert not tracked.update(pose(there))
    tracked.predict(1 / RATE_HZ)
    assert tracked.update(pose(there))
    assert error_deg(tracked.pose, there) < 0.5


def test_after_three_measurements_beyond_the_gate_the_last_is_believed() -> None:
    tracked = settled()
    wild = [Rotation.from_rotvec(vector) for vector in ([0, 1.0, 0], [0, -1.0, 0], [1.0, 0, 0])]
    believed = []
    for rotation in wild:
        believed.append(tracked.update(pose(rotation)))
        tracked.predict(1 / RATE_HZ)
    assert believed == [False, False, True]
    assert error_deg(tracked.pose, wild[-1]) < 0.5


@pytest.mark.parametrize("step", [-1e-9, -5.0, np.nan, np.inf])
def test_times_that_go_backwards_or_are_no_times_are_refused(step: float) -> None:
    tracked = settled()
    before = tracked.pose
    with pytest.raises(ValueError, match="time step"):
        tracked.predict(step)
    np.testing.assert_array_equal(tracked.pose.rotation, before.rotation)


def test_a_time_step_of_zero_changes_nothing() -> None:
    tracked = settled()
    before = tracked.pose
    tracked.predict(0.0)
    np.testing.assert_array_equal(tracked.pose.rotation, before.rotation)
    np.testing.assert_array_equal(tracked.pose.position_covariance, before.position_covariance)


def test_after_five_seconds_the_next_measurement_is_taken_as_it_is() -> None:
    tracked = settled()
    tracked.predict(5.0)
    assert np.all(np.isfinite(tracked.pose.rotation_covariance))
    elsewhere = pose(Rotation.from_rotvec([0, -1.2, 0.4]), (300, -200, 1500))
    assert tracked.update(elsewhere)
    np.testing.assert_array_equal(tracked.pose.rotation, elsewhere.rotation)
    np.testing.assert_array_equal(tracked.pose.translation, elsewhere.translation)


def test_a_restart_forgets_where_the_head_was() -> None:
    tracked = settled()
    elsewhere = pose(Rotation.from_rotvec([0, -1.2, 0.4]), (300, -200, 1500))
    tracked.restart(elsewhere)
    np.testing.assert_array_equal(tracked.pose.rotation, elsewhere.rotation)
    with pytest.raises(ValueError, match="NaN"):
        tracked.restart(_spoilt("translation", (0,), np.nan))
    np.testing.assert_array_equal(tracked.pose.rotation, elsewhere.rotation)


def test_distance_is_small_for_the_expected_and_infinite_for_nonsense() -> None:
    tracked = settled()
    assert tracked.distance(pose(Rotation.identity())) < 12
    assert tracked.distance(pose(Rotation.identity(), (200, 0, 600))) > 100
    assert tracked.distance(_spoilt("rotation", (0, 0), np.nan)) == np.inf
    assert PoseFilter().distance(pose(Rotation.identity())) == 0


def test_covariances_stay_symmetric_and_positive_over_a_long_rough_ride() -> None:
    rng = np.random.default_rng(6)
    tracked = PoseFilter("high")
    truth, place = Rotation.identity(), np.array([0.0, 0.0, 600.0])
    for step in range(1500):
        truth = Rotation.from_rotvec(0.1 * rng.normal(size=3)) * truth
        place = place + 5 * rng.normal(size=3)
        tracked.predict(rng.choice([0.0, 0.001, 1 / 30, 0.3, 2.0], p=[0.05, 0.2, 0.6, 0.1, 0.05]))
        if step == 0 or rng.random() < 0.8:
            tracked.update(trembling(truth, place, rng, claim=rng.choice([0.1, 1.0, 20.0])))
        for covariance in (tracked.pose.rotation_covariance, tracked.pose.position_covariance):
            np.testing.assert_allclose(covariance, covariance.T, rtol=1e-6, atol=1e-12)
            assert np.linalg.eigvalsh(covariance).min() > 0
    R = tracked.pose.rotation
    np.testing.assert_allclose(R @ R.T, np.eye(3), atol=1e-9)

"""One head over time: how steady, how late and how honest the filter is, at any angle."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.spatial.transform import Rotation

from fpn.pose import HeadPose
from tests.tracker.noisy_poses import AXIS, RATE_HZ, TURN_STD_DEG, error_deg, pose, rms, run, settled, spin, trembling
from tracker.errors import UsageError
from tracker.smoothing import SMOOTHING, SMOOTHING_NAMES, PoseFilter


def test_the_first_pose_comes_out_as_measured() -> None:
    tracked = PoseFilter()
    measured = pose(Rotation.from_rotvec([0.1, -0.5, 2.0]), (10, 20, 700))
    assert tracked.update(measured)
    np.testing.assert_array_equal(tracked.pose.rotation, measured.rotation)
    np.testing.assert_array_equal(tracked.pose.translation, measured.translation)


def test_without_a_measurement_there_is_no_pose() -> None:
    tracked = PoseFilter()
    tracked.predict(0.1)
    with pytest.raises(ValueError, match="no pose"):
        _ = tracked.pose


def test_two_measurements_of_one_moment_are_averaged_by_their_covariances() -> None:
    # The best estimate from two of them, worked out without a filter.
    first = pose(Rotation.from_rotvec([0.4, 0.2, -0.1]), (10, 0, 600))
    spread = np.diag(np.radians([1.0, 2.0, 0.5]) ** 2)
    place = np.array([[9.0, 4.0, 0.0], [4.0, 16.0, -2.0], [0.0, -2.0, 100.0]])
    turn = np.array([0.010, -0.012, 0.004])
    second = HeadPose(
        Rotation.from_rotvec(turn).as_matrix() @ first.rotation,
        first.translation + np.array([2.0, -1.0, 5.0]),
        spread,
        place,
    )
    tracked = PoseFilter()
    tracked.update(first)
    tracked.predict(0.0)
    tracked.update(second)

    least_turn, least_place = np.eye(3) * np.radians(0.03) ** 2, np.eye(3) * 0.05**2
    C1, C2 = first.rotation_covariance + least_turn, spread + least_turn
    expected = Rotation.from_rotvec(C1 @ np.linalg.inv(C1 + C2) @ turn).as_matrix() @ first.rotation
    np.testing.assert_allclose(tracked.pose.rotation, expected, atol=1e-9)
    C1, C2 = first.position_covariance + least_place, place + least_place
    expected_place = first.translation + C1 @ np.linalg.inv(C1 + C2) @ [2.0, -1.0, 5.0]
    np.testing.assert_allclose(tracked.pose.translation, expected_place, atol=1e-9)


@pytest.mark.parametrize("smoothing", ["low", "default", "high"])
@pytest.mark.parametrize("rate_deg_s", [0.0, 5.0, 40.0, 200.0])
def test_a_head_turning_at_a_constant_rate_is_known_better_than_it_is_measured(
    smoothing: str, rate_deg_s: float
) -> None:
    raw, filtered, _ = run(spin(rate_deg_s * np.arange(300) / RATE_HZ), smoothing=smoothing)
    assert rms(filtered[15:]) < 0.95 * rms(raw[15:])


def test_smoother_presets_are_stiller_at_rest() -> None:
    still = spin(np.zeros(600))
    jitter = [rms(run(still, smoothing=name)[1][30:]) for name in SMOOTHING_NAMES]
    assert SMOOTHING_NAMES == ("off", "low", "default", "high")
    assert jitter[0] > 1.4 * jitter[1] > 1.4**2 * jitter[2] > 1.4**2 * jitter[3]


def test_a_resting_head_is_still_at_default() -> None:
    _, filtered, poses = run(spin(np.zeros(600)))
    places = np.array([each.translation for each in poses[30:]])
    assert rms(filtered[30:]) / np.sqrt(3) < 0.10  # from 0.30 an axis
    np.testing.assert_array_less(np.sqrt(np.mean((places - [0, 0, 600]) ** 2, axis=0)), [0.5, 0.5, 1.2])


@pytest.mark.parametrize("smoothing", ["low", "default", "high"])
@pytest.mark.parametrize(("frequency_hz", "amplitude_deg"), [(0.5, 20.0), (1.0, 20.0), (2.0, 10.0)])
def test_nods_are_followed_within_a_frame(smoothing: str, frequency_hz: float, amplitude_deg: float) -> None:
    times = np.arange(240) / RATE_HZ
    angles = amplitude_deg * np.sin(2 * np.pi * frequency_hz * times)
    _, _, poses = run(spin(angles), smoothing=smoothing)
    seen = np.degrees(Rotation.from_matrix([each.rotation for each in poses]).as_rotvec() @ AXIS)
    middle = slice(30, 220)

    def misfit(lag_s: float) -> float:
        return float(np.sum((np.interp(times[middle] - lag_s, times, angles) - seen[middle]) ** 2))

    lag_s = minimize_scalar(misfit, bounds=(-0.1, 0.2), method="bounded").x
    assert abs(lag_s) < 0.5 / RATE_HZ


@pytest.mark.parametrize("claim", [1.0, 10.0])
def test_a_quick_turn_is_followed_at_once_however_modest_the_network_is(claim: float) -> None:
    progress = np.clip((np.arange(120) / RATE_HZ - 2) / 0.2, 0, 1)
    angles = 30 * (10 * progress**3 - 15 * progress**4 + 6 * progress**5)  # 30 degrees in a fifth of a second
    _, filtered, _ = run(spin(angles), claim=claim)
    assert filtered[60:].max() < 3.0


@pytest.mark.parametrize("rate_deg_s", [90.0, -360.0])
def test_turning_round_and_round_has_no_wrap(rate_deg_s: float) -> None:
    _, filtered, _ = run(spin(rate_deg_s * np.arange(300) / RATE_HZ))
    assert filtered.max() < 2.0


def test_rest_next_to_180_degrees_is_as_still_as_anywhere() -> None:
    # Measurements fall on both sides: 179.9 and -179.9 as angles.
    _, near_zero, _ = run(spin(np.zeros(300)))
    _, near_wrap, _ = run(spin(np.full(300, 180.0), axis=np.array([0.0, 0.0, 1.0])))
    assert rms(near_wrap[30:]) < 1.05 * rms(near_zero[30:])


def test_passing_through_gimbal_lock_is_as_good_as_anywhere() -> None:
    yaws = np.linspace(60, 120, 120)
    tilted = Rotation.from_euler("z", 25, degrees=True)
    _, filtered, _ = run(spin(yaws, axis=np.array([0.0, 1.0, 0.0]), start=tilted))
    assert filtered.max() < 1.5


def test_the_motion_is_predicted() -> None:
    rng = np.random.default_rng(0)
    tracked = PoseFilter()
    for index in range(90):
        tracked.predict(1 / RATE_HZ if index else 0)
        tracked.update(trembling(spin(np.array([3.0 * index]))[0], (4.0 * index, 0, 600), rng))
    tracked.predict(0.1)
    assert error_deg(tracked.pose, spin(np.array([3.0 * 92]))[0]) < 1.5
    np.testing.assert_allclose(tracked.pose.translation, [4.0 * 92, 0, 600], atol=8)


def test_the_uncertainty_turns_with_the_head() -> None:
    # Errors drawn from the uncertainty, each moved on by the true kinematics, against the filter's covariance.
    rng = np.random.default_rng(0)
    spread = np.diag(np.radians([39.0, 1.0, 1.0]) ** 2)
    tracked = PoseFilter()
    tracked.update(HeadPose(np.eye(3), np.array([0.0, 0.0, 600.0]), spread, np.eye(3)))
    tracked._velocities[:3] = 0.0, 0.0, 5.0
    tracked.predict(0.1)
    turned = Rotation.from_matrix(tracked.pose.rotation)
    assert 0.3 < turned.magnitude() <= 0.5
    # Assumed before anything is known of the noise, and a resting head's wandering; the rest does not come from motion.
    trembling_share = 0.003 + SMOOTHING["default"].wander
    errors = Rotation.from_rotvec(rng.multivariate_normal(np.zeros(3), trembling_share * spread, 200_000))
    expected = np.cov((turned * errors * turned.inv()).as_rotvec().T)
    assert abs(expected[0, 1]) > 3e-4
    # Everything else that adds to the uncertainty is the same for all axes.
    assert tracked.pose.rotation_covariance[0, 1] == pytest.approx(expected[0, 1], rel=0.05)


def test_an_unseen_head_comes_to_rest_and_its_uncertainty_grows() -> None:
    rng = np.random.default_rng(0)
    tracked = PoseFilter()
    for index in range(60):
        tracked.predict(1 / RATE_HZ if index else 0)
        tracked.update(trembling(spin(np.array([3.0 * index]))[0], (4.0 * index, 0, 600), rng))
    last, spreads, places = tracked.pose, [], []
    for _ in range(90):
        tracked.predict(1 / RATE_HZ)
        spreads.append((tracked.pose.rotation_std_deg, tracked.pose.position_std_mm))
        places.append(tracked.pose.translation[0])
    assert np.all(np.diff(spreads, axis=0) > 0)
    assert places[-1] - places[-2] < 0.05
    assert places[-1] - last.translation[0] < 100  # 120 mm/s, for about half a second
    assert 5 < error_deg(tracked.pose, Rotation.from_matrix(last.rotation)) < 40  # 90 degrees/s, for less


def test_with_smoothing_off_poses_come_out_as_measured_even_if_they_jump() -> None:
    tracked = settled("off")
    for rotation in spin(np.array([0.0, 90.0, -120.0, 10.0])):
        measured = pose(rotation)
        assert tracked.update(measured)
        assert tracked.pose is measured
        tracked.predict(1 / RATE_HZ)


def test_the_uncertainty_covers_the_truth() -> None:
    # An error that stays, drawn anew for each run from what the network claims, and trembling on top of it.
    rng = np.random.default_rng(5)
    lasting_deg, inside = 2.0, []
    for _ in range(40):
        offset = Rotation.from_rotvec(np.radians(lasting_deg) * rng.normal(size=3))
        claim_deg = np.hypot(lasting_deg, TURN_STD_DEG)
        tracked = PoseFilter()
        for index in range(45):
            tracked.predict(1 / RATE_HZ if index else 0)
            wobble = Rotation.from_rotvec(np.radians(TURN_STD_DEG) * rng.normal(size=3))
            tracked.update(pose(wobble * offset, turn_std_deg=claim_deg))
        error = Rotation.from_matrix(tracked.pose.rotation.T).as_rotvec()
        inside.append(error @ np.linalg.solve(tracked.pose.rotation_covariance, error) < 7.81)  # chi-squared, 3, 95 %
    assert 0.85 <= np.mean(inside) <= 1.0


def test_an_unknown_preset_is_an_error_that_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match="off, low, default, high"):
        PoseFilter("heavy")

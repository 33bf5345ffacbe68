"""Two-sided smoothing against simulated truth, and against the filter that knows the past only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.spatial.transform import Rotation

from fpn.pose import HeadPose
from tests.tracker.test_smoothing import RATE_HZ, error_deg, pose, rms, run, spin, trembling
from tracker.two_sided import SmoothedPose, smooth_track

FLAT = np.array([0.0, 1.0, 0.0])


def recorded(
    truth: Sequence[Rotation], places: np.ndarray | None = None, seed: int = 0, claim: float = 1.0
) -> list[HeadPose | None]:
    rng = np.random.default_rng(seed)
    at = np.tile([0, 0, 600.0], (len(truth), 1)) if places is None else places
    return [trembling(rotation, place, rng, claim) for rotation, place in zip(truth, at, strict=True)]


def smooth(measured: Sequence[HeadPose | None], rate_hz: float = RATE_HZ) -> list[SmoothedPose]:
    return smooth_track(np.arange(len(measured)) / rate_hz, measured)


def errors(smoothed: Sequence[SmoothedPose], truth: Sequence[Rotation]) -> np.ndarray:
    return np.array([error_deg(each.pose, rotation) for each, rotation in zip(smoothed, truth, strict=True)])


def quick_turn(degrees: float = 30.0) -> list[Rotation]:
    progress = np.clip((np.arange(120) / RATE_HZ - 2) / 0.2, 0, 1)
    return spin(degrees * (10 * progress**3 - 15 * progress**4 + 6 * progress**5))


def nods(frequency_hz: float, amplitude_deg: float = 20.0) -> np.ndarray:
    return amplitude_deg * np.sin(2 * np.pi * frequency_hz * np.arange(240) / RATE_HZ)


@pytest.mark.parametrize("claim", [1.0, 10.0])
@pytest.mark.parametrize(
    ("truth", "share"),
    [
        (spin(np.zeros(300)), 0.8),
        (spin(40 * np.arange(300) / RATE_HZ), 0.8),
        (spin(nods(0.5)), 0.85),
        (spin(nods(1.0)), 0.95),
        (spin(nods(2.0, 10.0)), 1.0),
        (quick_turn(), 0.9),
    ],
    ids=["rest", "steady turn", "0.5 Hz", "1 Hz", "2 Hz", "quick turn"],
)
def test_it_is_nearer_to_the_truth_than_the_filter(truth: list[Rotation], share: float, claim: float) -> None:
    filtered = [run(truth, seed=seed, claim=claim)[1] for seed in range(3)]
    smoothed = [errors(smooth(recorded(truth, seed=seed, claim=claim)), truth) for seed in range(3)]
    assert rms(np.array(smoothed)[:, 15:]) < share * rms(np.array(filtered)[:, 15:])


def lag_frames(poses: Sequence[HeadPose], angles_deg: np.ndarray) -> float:
    """The shift, in frames, that best aligns the poses' angle about the axis of `nods` with the truth."""
    seen = np.array([Rotation.from_matrix(each.rotation).as_euler("YXZ", degrees=True)[0] for each in poses])
    frames = np.arange(len(seen), dtype=float)
    middle = slice(30, -30)

    def misfit(lag: float) -> float:
        return float(np.sum((np.interp(frames[middle] - lag, frames, angles_deg) - seen[middle]) ** 2))

    return float(minimize_scalar(misfit, bounds=(-3, 3), method="bounded").x)


@pytest.mark.parametrize("frequency_hz", [0.5, 1.0, 2.0])
def test_it_is_not_late(frequency_hz: float) -> None:
    angles = nods(frequency_hz)
    truth = spin(angles, FLAT)
    filtered, smoothed = [], []
    for seed in range(4):
        filtered.append(lag_frames(run(truth, smoothing="high", seed=seed)[2], angles))
        smoothed.append(lag_frames([each.pose for each in smooth(recorded(truth, seed=seed))], angles))
    assert abs(np.mean(smoothed)) < 0.03
    assert abs(np.mean(smoothed)) < abs(np.mean(filtered)) + 0.01


def test_time_has_no_direction() -> None:
    truth = quick_turn()
    measured = recorded(truth)
    onwards, back = smooth(measured), smooth(measured[::-1])[::-1]
    apart = [
        error_deg(one.pose, Rotation.from_matrix(other.pose.rotation)) for one, other in zip(onwards, back, strict=True)
    ]
    assert rms(np.array(apart)) < 0.25 * rms(errors(onwards, truth))


def test_positions_are_smoothed_as_well() -> None:
    places = np.array([[100 * np.sin(index / 10), 0.0, 600 + 2.0 * index] for index in range(200)])
    still = spin(np.zeros(200))
    filtered = np.array([each.translation for each in run(still, places)[2]])
    smoothed = np.array([each.pose.translation for each in smooth(recorded(still, places))])
    assert rms(smoothed - places) < 0.8 * rms(filtered - places)


def test_a_gap_is_bridged_from_both_ends() -> None:
    angles = 20 * np.sin(2 * np.pi * 0.4 * np.arange(120) / RATE_HZ)
    truth = spin(angles)
    measured = recorded(truth)
    gap = slice(50, 65)  # half a second
    measured[gap] = [None] * 15
    smoothed = smooth(measured)
    assert [each.measured for each in smoothed] == [each is not None for each in measured]
    assert errors(smoothed, truth)[gap].max() < 2.5
    assert np.delete(errors(smoothed, truth), np.arange(50, 65)).max() < 1.2
    spread = [each.pose.rotation_std_deg for each in smoothed]
    assert max(spread[gap]) == max(spread)
    assert 52 <= int(np.argmax(spread)) < 63  # least is known in the middle, not at the end


def test_after_the_last_measurement_the_head_comes_to_rest() -> None:
    truth = spin(3.0 * np.arange(90))
    measured = [*recorded(truth[:60]), *[None] * 30]
    smoothed = smooth(measured)
    assert not any(each.measured for each in smoothed[60:])
    turned = error_deg(smoothed[-1].pose, Rotation.from_matrix(smoothed[59].pose.rotation))
    assert 5 < turned < 40
    assert smoothed[-1].pose.rotation_std_deg > smoothed[59].pose.rotation_std_deg


def test_a_track_of_one_frame_is_what_was_measured() -> None:
    measured = pose(Rotation.from_rotvec([0.1, -0.5, 2.0]), (10, 20, 700))
    (smoothed,) = smooth([measured])
    assert smoothed.measured
    np.testing.assert_allclose(smoothed.pose.rotation, measured.rotation, atol=1e-12)
    np.testing.assert_array_equal(smoothed.pose.translation, measured.translation)
    assert np.linalg.eigvalsh(smoothed.pose.rotation_covariance).min() > 0


def test_a_track_of_one_measurement_that_dies_at_once_stays_where_it_was() -> None:
    measured = pose(Rotation.from_rotvec([0.1, -0.5, 2.0]))
    smoothed = smooth([measured, None, None])
    assert [each.measured for each in smoothed] == [True, False, False]
    for each in smoothed:
        np.testing.assert_allclose(each.pose.rotation, measured.rotation, atol=1e-12)


def test_a_mistake_of_the_network_is_passed_over() -> None:
    truth = spin(np.zeros(90))
    measured = recorded(truth)
    measured[45] = pose(Rotation.from_rotvec([0, 1.0, 0]))
    smoothed = smooth(measured)
    assert [index for index, each in enumerate(smoothed) if not each.measured] == [45]
    assert errors(smoothed, truth).max() < 0.6


def test_a_jump_is_sharp() -> None:
    truth = spin(np.where(np.arange(120) < 60, 0.0, 60.0))
    smoothed = smooth(recorded(truth))
    assert all(each.measured for each in smoothed)
    assert errors(smoothed, truth).max() < 1.0


def test_a_gap_of_five_seconds_parts_what_is_before_from_what_is_after() -> None:
    truth = spin(np.where(np.arange(60) < 30, 0.0, 25.0))
    times = np.arange(60) / RATE_HZ + np.where(np.arange(60) < 30, 0, 5.0)
    smoothed = smooth_track(times, recorded(truth))
    assert errors(smoothed, truth).max() < 1.0


def test_turning_through_180_degrees_has_no_wrap() -> None:
    truth = spin(90 * np.arange(300) / RATE_HZ, np.array([0.0, 0.0, 1.0]))
    assert errors(smooth(recorded(truth)), truth).max() < 0.8


def test_two_frames_of_one_moment_have_one_pose() -> None:
    truth = spin(np.zeros(20))
    times = np.repeat(np.arange(10) / RATE_HZ, 2)
    smoothed = smooth_track(times, recorded(truth))
    for first, second in zip(smoothed[::2], smoothed[1::2], strict=True):
        np.testing.assert_allclose(first.pose.rotation, second.pose.rotation, atol=1e-9)


def test_the_uncertainty_covers_the_truth() -> None:
    rng = np.random.default_rng(5)
    inside = []
    for _ in range(40):
        offset = Rotation.from_rotvec(np.radians(2.0) * rng.normal(size=3))
        wobbles = [Rotation.from_rotvec(np.radians(0.3) * rng.normal(size=3)) for _ in range(30)]
        measured = [pose(wobble * offset, turn_std_deg=float(np.hypot(2.0, 0.3))) for wobble in wobbles]
        middle = smooth(measured)[15].pose
        error = Rotation.from_matrix(middle.rotation.T).as_rotvec()
        inside.append(error @ np.linalg.solve(middle.rotation_covariance, error) < 7.81)  # chi-squared, 3, 95 %
    assert 0.85 <= np.mean(inside) <= 1.0


@pytest.mark.parametrize("first", [None, pose(Rotation.identity(), (np.nan, 0, 600))])
def test_a_track_that_does_not_begin_with_a_pose_is_refused(first: HeadPose | None) -> None:
    with pytest.raises(ValueError, match="begins with a measured pose"):
        smooth([first, pose(Rotation.identity())])


def test_times_that_go_backwards_are_refused() -> None:
    with pytest.raises(ValueError, match="backwards"):
        smooth_track([0.0, 1.0, 0.9], recorded(spin(np.zeros(3))))

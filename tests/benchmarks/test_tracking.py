"""The measures of the tracking benchmark on signals whose jitter, lag and honesty are known; the filters compared."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from benchmarks.motion_clips import MOTIONS, Clip, Motion, read_clip, step, sweep, swing, write_clip
from benchmarks.plain_filters import Path6D, moving_average, one_euro
from benchmarks.steadiness import (
    lag_s,
    largest_change_deg,
    lost_and_found_deg,
    mean_change_deg,
    position_jitter_mm,
    rotation_jitter_deg,
    share_inside,
    squared_surprise,
)
from benchmarks.tracked import Tracked, causal, offline, plain, swinging
from benchmarks.tracking import coverage, jitter, lag_frames
from benchmarks.tracking_plot import Point, plot
from fpn.pose import HeadPose
from fpn.rotations import angles_from_rotation
from tracker.sources import open_source

TIMES = np.arange(150) / 30


def test_the_jitter_of_a_known_tremble_is_its_size():
    rng = np.random.default_rng(0)
    base = Rotation.from_euler("xyz", [20, 170, -40], degrees=True)
    trembling = Rotation.from_rotvec(np.radians(0.3) * rng.normal(size=(20000, 3))) * base
    assert rotation_jitter_deg(trembling) == pytest.approx(0.3 * np.sqrt(3), rel=0.02)
    assert position_jitter_mm(600 + rng.normal(size=(20000, 3))) == pytest.approx(np.sqrt(3), rel=0.02)


@pytest.mark.parametrize("late", [-0.08, 0.0, 0.01, 0.12])
@pytest.mark.parametrize("frequency_hz", [0.5, 2.0])
def test_the_lag_of_a_delayed_signal_is_the_delay_whatever_its_gain(late, frequency_hz):
    truth = np.sin(2 * np.pi * frequency_hz * TIMES)
    seen = 3 + 0.8 * np.sin(2 * np.pi * frequency_hz * (TIMES - late))
    assert lag_s(TIMES, seen, truth) == pytest.approx(late, abs=0.002)


def test_the_lag_of_a_delayed_step_is_the_delay():
    truth = np.array([step(25.0).angles_deg(t)[0] for t in TIMES])
    seen = np.array([step(25.0).angles_deg(t - 0.05)[0] for t in TIMES])
    assert lag_s(TIMES, seen, truth) == pytest.approx(0.05, abs=0.002)


def test_the_largest_change_is_measured_from_the_still_part():
    rotations = Rotation.from_euler("y", np.r_[np.zeros(10), [0.1, 0.4, -0.2]], degrees=True)
    assert largest_change_deg(rotations, slice(0, 10)) == pytest.approx(0.4)


def test_the_mean_change_is_the_root_mean_square_from_the_still_part():
    rotations = Rotation.from_euler("y", np.r_[np.zeros(10), np.full(10, 0.3)], degrees=True)
    assert mean_change_deg(rotations, slice(0, 10)) == pytest.approx(0.3 / np.sqrt(2))


def test_errors_drawn_from_their_covariance_fill_its_regions():
    rng = np.random.default_rng(0)
    A = rng.normal(size=(3, 3))
    surprise = squared_surprise(rng.normal(size=(20000, 3)) @ A.T, np.tile(A @ A.T, (20000, 1, 1)))
    for level in (0.5, 0.8, 0.95):
        assert share_inside(surprise, level) == pytest.approx(level, abs=0.015)


def test_the_angles_of_loss_and_recovery_are_those_of_the_sweep():
    angles = np.r_[0:91:10, 80:-1:-10].astype(float)
    measured = np.ones(len(angles), bool)
    assert lost_and_found_deg(angles, measured) == (None, None)
    measured[7:14] = False  # 70 degrees out, 50 back
    assert lost_and_found_deg(angles, measured) == (70, 40)
    measured[7:] = False
    assert lost_and_found_deg(angles, measured) == (70, None)


def path(angles_deg) -> Path6D:
    rotations = Rotation.from_euler("y", angles_deg, degrees=True)
    return Path6D(TIMES[: len(angles_deg)], rotations, np.outer(angles_deg, [1.0, 0, 0]))


def yaw(smoothed: Path6D):
    return np.degrees(smoothed.rotations.as_rotvec()[:, 1])


def test_a_moving_average_of_a_ramp_is_late_by_half_its_length():
    ramp = np.arange(60.0)
    smoothed = moving_average(path(ramp), 5)
    np.testing.assert_allclose(yaw(smoothed)[10:], ramp[10:] - 2, atol=0.01)
    np.testing.assert_allclose(smoothed.translations[10:, 0], ramp[10:] - 2)


def test_one_euro_without_beta_is_a_first_order_low_pass():
    jump = np.r_[0.0, np.full(100, 10.0)]
    smoothed = one_euro(path(jump), 1.0, 0.0, 0.0)
    share = 1 / (1 + 30 / (2 * np.pi * 1.0))  # alpha of Casiez et al. 2012, eq. 3
    np.testing.assert_allclose(yaw(smoothed)[1:], 10 * (1 - (1 - share) ** np.arange(1, 101)), atol=1e-6)
    np.testing.assert_allclose(smoothed.translations[1:, 0], 10 * (1 - (1 - share) ** np.arange(1, 101)))


def test_one_euro_follows_faster_with_more_beta():
    ramp = np.arange(100.0)
    late = [ramp[-1] - yaw(one_euro(path(ramp), 0.5, beta, 0.0))[-1] for beta in (0.0, 1.0, 10.0)]
    assert late[0] > late[1] > late[2] > 0


def tracked_swing(noise_deg: float = 0.3) -> Tracked:
    rng = np.random.default_rng(0)
    motion = swing(1.0, 15.0)
    truth = Rotation.from_euler("y", [motion.angles_deg(t)[0] for t in TIMES], degrees=True)
    spread = np.eye(3) * np.radians(noise_deg) ** 2
    seen = Rotation.from_rotvec(np.radians(noise_deg) * rng.normal(size=(len(TIMES), 3))) * truth
    place = np.array([0.0, 0, 600])
    poses = [HeadPose(R, place + rng.normal(size=3), spread, np.eye(3)) for R in seen.as_matrix()]
    clip = Clip("swing", None, TIMES, truth.as_matrix(), np.tile(place, (len(TIMES), 1)))
    return Tracked(clip, poses)


def test_raw_poses_are_not_late_and_averaged_ones_are_by_half_the_frames():
    tracked = tracked_swing()
    assert lag_frames(causal("off"), tracked) == pytest.approx(0, abs=0.1)
    assert lag_frames(offline, tracked) == pytest.approx(0, abs=0.1)
    assert lag_frames(plain(lambda raw: moving_average(raw, 5)), tracked) == pytest.approx(2, abs=0.15)


def test_raw_poses_with_honest_covariances_are_covered_as_they_say():
    for level, (turn, move) in coverage(causal("off"), [tracked_swing()]).items():
        assert turn == pytest.approx(level, abs=0.1)
        assert move == pytest.approx(level, abs=0.1)


def test_jitter_leaves_out_the_time_in_which_filters_settle():
    resting = tracked_swing()
    poses = [HeadPose(np.eye(3), np.zeros(3), np.eye(3), np.eye(3))] * 60
    poses[5] = HeadPose(np.eye(3), np.full(3, 9.0), np.eye(3), np.eye(3))
    assert jitter(lambda _: poses, resting) == (0.0, 0.0)


def test_the_motions_do_what_their_names_say():
    assert MOTIONS["swing-1Hz"].angles_deg(1.25)[0] == pytest.approx(15.0)
    assert MOTIONS["swing-1Hz"].angles_deg(0.5)[0] == 0
    assert step(25.0).angles_deg(1.5)[0] == 0
    assert step(25.0).angles_deg(1.7)[0] == pytest.approx(25.0)
    assert sweep(2, 90.0).angles_deg(4.0) == pytest.approx((0, 0, 90))
    assert sweep(2, 90.0).angles_deg(8.0) == pytest.approx((0, 0, 0))
    assert max(MOTIONS["blink"].expression(1 + 1 / 6).values()) == pytest.approx(1.0)


def test_a_clip_is_written_with_its_truth_and_read_back(tmp_path):
    asked = []

    def picture(camera, rotation, translation, weights):
        asked.append((camera.width, weights))
        return np.full((camera.height, camera.width, 3), 100, np.uint8)

    motion = Motion(0.5, lambda t: (40 * t, -5.0, 3.0), lambda t: {"jawOpen": t}, size=(64, 48))
    write_clip(tmp_path, "turn", motion, picture)
    clip = read_clip(tmp_path, "turn")
    assert len(clip.times_s) == len(asked) == 15
    assert asked[3] == (64, {"jawOpen": pytest.approx(0.1)})
    yaws, pitches, rolls = angles_from_rotation(clip.rotations)
    np.testing.assert_allclose(yaws, 40 * clip.times_s, atol=1e-4)
    np.testing.assert_allclose((pitches[7], rolls[7]), (-5, 3), atol=1e-4)
    assert clip.translations[0] == pytest.approx((0, 0, 650))
    with open_source(str(clip.video)) as source:
        frames = list(source)
    np.testing.assert_allclose([frame.time_s for frame in frames], clip.times_s, atol=1e-3)
    assert frames[5].image.astype(float).std() > 0.3  # the sensor's noise, as far as compression leaves it


def test_a_swing_is_that_of_the_truth_on_the_poses_measured_at_rest():
    truth = Clip("rest", None, TIMES, np.tile(np.eye(3), (len(TIMES), 1, 1)), np.zeros((len(TIMES), 3)))
    poses: list[HeadPose | None] = [HeadPose(np.eye(3), np.zeros(3), np.eye(3), np.eye(3))] * len(TIMES)
    poses[3] = None
    swung = swinging(Tracked(truth, poses), amplitude_deg=2.0, frequency_hz=0.5)
    assert angles_from_rotation(swung.clip.rotations)[0][45] == pytest.approx(2.0)  # half a second after the first
    np.testing.assert_allclose(swung.poses[45].rotation, swung.clip.rotations[45], atol=1e-12)
    assert swung.poses[3] is None


def test_the_curve_is_drawn(tmp_path):
    points = {family: [Point("a", 0.1, 0.2, 0.3), Point("b", 0.2, 0.1, 0.1)] for family in ("ours", *"xyz")}
    plot(tmp_path, points)
    assert (tmp_path / "jitter_lag.png").stat().st_size > 1000

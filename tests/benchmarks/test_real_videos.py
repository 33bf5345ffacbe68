"""What is told of tracks without truth, on tracks that are made up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from benchmarks.real_videos import RealTrack, report, still_jitter_deg, trembling_deg
from fpn.pose import HeadPose
from tracker.smoothing import PoseFilter

TIMES = (np.arange(150) / 30).tolist()


def track(angles_deg: np.ndarray) -> RealTrack:
    poses = [
        HeadPose(
            Rotation.from_euler("y", angle, degrees=True).as_matrix(),
            np.array([0.0, 0, 700]),
            1e-3 * np.eye(3),
            np.eye(3),
        )
        for angle in angles_deg
    ]
    return RealTrack(TIMES, list(poses), smoothed(poses))


def smoothed(poses: list[HeadPose]) -> list[HeadPose | None]:
    """The poses as the filter gives them."""
    pose_filter, smooth = PoseFilter(), []
    for step_s, pose in zip(np.diff(TIMES, prepend=0.0).tolist(), poses, strict=True):
        pose_filter.predict(step_s)
        pose_filter.update(pose)
        smooth.append(pose_filter.pose)
    return list(smooth)


def test_every_loss_is_counted_once() -> None:
    one = track(np.zeros(150))
    for lost in (10, 11, 12, 60, 149):
        one.poses[lost] = None
    assert one.gaps == 3


def test_the_jitter_is_the_trembling_of_the_stillest_second() -> None:
    rng = np.random.default_rng(0)
    tremble = np.where(np.arange(150) < 60, 0.2, 3.0)
    found = still_jitter_deg([track(tremble * rng.normal(size=150))])
    assert found is not None
    raw, smooth = found
    assert raw == pytest.approx(0.2, rel=0.3)
    assert smooth < raw


def test_trembling_is_the_noise_of_a_moving_head_whatever_its_motion() -> None:
    rng = np.random.default_rng(0)
    turning = Rotation.from_euler("zyx", np.outer(np.arange(3000) / 30, [10.0, 25.0, 0.0]), degrees=True)
    noise = Rotation.from_rotvec(np.radians(0.3) * rng.normal(size=(3000, 3)))
    assert trembling_deg(noise * turning) == pytest.approx(0.3 * np.sqrt(3), rel=0.05)
    assert trembling_deg(turning) < 0.1


def test_seconds_with_a_gap_tell_nothing() -> None:
    one = track(np.zeros(150))
    one.poses[5::20] = [None] * len(one.poses[5::20])
    assert still_jitter_deg([one]) is None


def test_a_folder_without_videos_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report(tmp_path, 5.0, "cpu", None)
    assert "none in" in capsys.readouterr().out

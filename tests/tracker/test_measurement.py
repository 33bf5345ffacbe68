from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from fpn.pose import HeadPose
from tracker.measurement import claimed_covariance, difference, is_sane


def pose(turn_std_deg: float = 1.0, place_std_mm: float = 10.0) -> HeadPose:
    correlated = np.array([[1.0, 0.5, 0.0], [0.5, 1.0, -0.2], [0.0, -0.2, 1.0]])
    return HeadPose(
        Rotation.from_rotvec([0.3, 1.0, -2.0]).as_matrix(),
        np.array([10.0, -20.0, 700.0]),
        correlated * np.radians(turn_std_deg) ** 2,
        correlated * place_std_mm**2,
    )


def stds(covariance: np.ndarray | None) -> tuple[float, float]:
    assert covariance is not None
    std = np.sqrt(covariance.diagonal())
    return float(np.degrees(std[0])), float(std[3])


def test_ordinary_uncertainty_is_taken_as_claimed() -> None:
    claimed = claimed_covariance(pose())
    assert stds(claimed) == pytest.approx((1, 10), rel=1e-3)
    assert claimed is not None
    assert claimed[0, 1] / claimed[0, 0] == pytest.approx(0.5, rel=1e-2)
    assert not claimed[:3, 3:].any()


@pytest.mark.parametrize(("turn", "place", "expected"), [(0, 0, (0.03, 0.05)), (1e4, 1e6, (40, 400))])
def test_uncertainty_is_kept_within_what_is_believable(
    turn: float, place: float, expected: tuple[float, float]
) -> None:
    assert stds(claimed_covariance(pose(turn, place))) == pytest.approx(expected, rel=1e-6)


def test_a_pose_with_anything_but_numbers_is_not_sane() -> None:
    assert is_sane(pose())
    for field in ("rotation", "translation", "rotation_covariance", "position_covariance"):
        for value in (np.nan, np.inf, -np.inf):
            spoilt = pose()
            getattr(spoilt, field).flat[0] = value
            assert not is_sane(spoilt)


def test_the_difference_takes_one_pose_to_the_other() -> None:
    first, second = pose(), Rotation.from_rotvec([-1.0, 0.2, 0.5])
    error = difference(first, second.as_matrix(), np.array([1.0, 2.0, 3.0]))
    np.testing.assert_allclose((Rotation.from_rotvec(error[:3]) * second).as_matrix(), first.rotation, atol=1e-12)
    np.testing.assert_allclose(error[3:], [9.0, -22.0, 697.0])

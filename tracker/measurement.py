"""Poses as measurements: what can be believed of them, and the error that takes one to another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg.lapack import dpotrf

from fpn.pose import HeadPose
from tracker.so3 import is_rotation, rotation_vector

Vector = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]

_LEAST_STD_DEG, _LEAST_STD_MM = 0.03, 0.05  # no measurement is better than this
_MOST_STD_DEG, _MOST_STD_MM = 40.0, 400.0  # nor so bad that it says nothing at all
_LEAST_COVARIANCE = np.diag(np.repeat([math.radians(_LEAST_STD_DEG), _LEAST_STD_MM], 3) ** 2)
_MOST_TURN, _MOST_MOVE = math.radians(_MOST_STD_DEG) ** 2, _MOST_STD_MM**2
_MOST_VARIANCE = np.repeat([_MOST_TURN, _MOST_MOVE], 3)


@dataclass(frozen=True)
class Bias:
    """An error that may lie in a measured pose and lasts: standard deviations, and how far it is that of before.

    deviation: (4,), of turns about the head's axes, radians, and of the distance, as a share of it. kept: (4,), the
    correlation, 0 to 1, of each with what it was in the measurement before.
    """

    deviation: Vector
    kept: Vector

    def on(self, pose: HeadPose) -> Matrix:
        """By what (6, 4) one standard deviation of each changes a pose: rotation vector and position, camera frame."""
        changes = np.zeros((6, 4))
        changes[:3, :3] = pose.rotation * self.deviation[:3]
        changes[3:, 3] = pose.translation * self.deviation[3]
        return changes


def is_sane(pose: HeadPose) -> bool:
    """Whether a pose consists of finite numbers, a rotation and possible covariances."""
    return claimed_covariance(pose) is not None


def claimed_covariance(measured: HeadPose) -> Matrix | None:
    """The covariance (6, 6) of rotation vector and position that comes with a pose, kept within what is believable.

    Radians and millimetres; None if the pose is not sane.
    """
    claimed = np.zeros((6, 6))
    claimed[:3, :3] = measured.rotation_covariance
    claimed[3:, 3:] = measured.position_covariance
    claimed += _LEAST_COVARIANCE
    variances = claimed.diagonal().tolist()
    # The elements beside the diagonal are finite if those on it are, and the matrix is positive.
    if not math.isfinite(sum(variances) + sum(measured.translation.tolist())) or not is_rotation(measured.rotation):
        return None
    _, not_positive = dpotrf(claimed)
    if not_positive:
        return None
    if max(variances[:3]) > _MOST_TURN or max(variances[3:]) > _MOST_MOVE:
        return part(claimed, 1 / np.maximum(claimed.diagonal() / _MOST_VARIANCE, 1.0))
    return claimed


def difference(pose: HeadPose, rotation: Matrix, translation: Vector) -> list[float]:
    """The error (6,) that takes a rotation (3, 3) and a translation (3,) to a pose's: rotation vector and shift."""
    turn = rotation_vector(pose.rotation.dot(rotation.T))
    return [*turn, *(pose.translation - translation).tolist()]


def part(covariance: Matrix, share: Sequence[float] | Vector) -> Matrix:
    """The covariance (n, n) with that share (n,) of its variances, and its correlations."""
    deviation = np.sqrt(share)
    return covariance * (deviation[:, np.newaxis] * deviation)

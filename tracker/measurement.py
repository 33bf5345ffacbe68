"""Poses as measurements: what can be believed of them, and the error that takes one to another."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.linalg.lapack import dpotrf

from fpn.pose import HeadPose
from tracker.so3 import is_rotation, rotation_log

Vector = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]

_LEAST_STD_DEG, _LEAST_STD_MM = 0.03, 0.05  # no measurement is better than this
_MOST_STD_DEG, _MOST_STD_MM = 40.0, 400.0  # nor so bad that it says nothing at all
_LEAST_VARIANCE = np.repeat([math.radians(_LEAST_STD_DEG), _LEAST_STD_MM], 3) ** 2
_MOST_VARIANCE = np.repeat([math.radians(_MOST_STD_DEG), _MOST_STD_MM], 3) ** 2
_DIAGONAL = np.arange(6)


def is_sane(pose: HeadPose) -> bool:
    """Whether a pose consists of finite numbers, a rotation and possible covariances."""
    return claimed_covariance(pose) is not None


def claimed_covariance(measured: HeadPose) -> Matrix | None:
    """The covariance (6, 6) of rotation vector and position that comes with a pose, kept within what is believable.

    Radians and millimetres; None if the pose is not sane.
    """
    claimed = np.zeros((6, 6))
    claimed[:3, :3], claimed[3:, 3:] = measured.rotation_covariance, measured.position_covariance
    claimed[_DIAGONAL, _DIAGONAL] += _LEAST_VARIANCE
    # A sum is finite only if all its terms are.
    if not math.isfinite(claimed.sum() + measured.translation.sum()) or not is_rotation(measured.rotation):
        return None
    _, not_positive = dpotrf(claimed)
    if not_positive:
        return None
    excess = claimed.diagonal() / _MOST_VARIANCE
    if excess.max() > 1:
        claimed *= outer_square(np.sqrt(1 / np.maximum(excess, 1.0)))
    return claimed


def difference(pose: HeadPose, rotation: Matrix, translation: Vector) -> Vector:
    """The error (6,) that takes a rotation (3, 3) and a translation (3,) to a pose's: rotation vector and shift."""
    return np.concatenate([rotation_log(pose.rotation @ rotation.T), pose.translation - translation])


def outer_square(vector: Vector) -> Matrix:
    """The products (n, n) of the elements of a vector (n,) with each other."""
    return vector[:, np.newaxis] * vector

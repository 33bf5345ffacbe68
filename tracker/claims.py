"""How far the uncertainty that the pose network claims can be believed: measured, and corrected for.

Twice: tracks and filters work with claims times one scale for rotation and one for position. What is told of a filtered
pose is corrected once more, by how uncertain its rotation is: where the network is as sure as it mostly is of drawn
faces, it is right more often than that, and where it is as unsure as of photographs, less often.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from fpn.camera import Camera
from fpn.pose import FaceEstimate, HeadPose
from fpn.roi import Roi

ROTATION_SCALE, POSITION_SCALE = 1.42, 1.56
"""By what the claimed standard deviations of rotation and position are multiplied, for the weights in `models/`.

`python -m benchmarks.uncertainty` measures them on drawn heads of many people and says what to write here, the mean of
what two halves of them ask for; needed anew for new weights. They only ever widen: drawn heads are easier than real
ones, of which photographs may ask for more.
"""

SURE_DEG, UNSURE_DEG = 2.06, 2.42
"""Rotations of drawn faces are mostly less uncertain, so scaled, than the former, those of nine photographs in ten more
than the latter: standard deviation of an axis, degrees."""
TOLD_SURE, TOLD_UNSURE = 0.67, 1.17
"""By what the standard deviations of their rotations are multiplied before they are told; in between, in between."""


class _Estimator(Protocol):
    def estimate(self, image: npt.NDArray[np.uint8], rois: Sequence[Roi], camera: Camera) -> list[FaceEstimate]: ...


class HonestEstimator:
    """A pose network whose claimed uncertainty is corrected by the scales above."""

    def __init__(self, estimator: _Estimator) -> None:
        self._estimator = estimator

    def estimate(self, image: npt.NDArray[np.uint8], rois: Sequence[Roi], camera: Camera) -> list[FaceEstimate]:
        """What is in each region, in order."""
        return [honest(estimate) for estimate in self._estimator.estimate(image, rois, camera)]


def honest(
    estimate: FaceEstimate, rotation_scale: float = ROTATION_SCALE, position_scale: float = POSITION_SCALE
) -> FaceEstimate:
    """An estimate with its claimed standard deviations multiplied."""
    pose = replace(
        estimate.pose,
        rotation_covariance=rotation_scale**2 * estimate.pose.rotation_covariance,
        position_covariance=position_scale**2 * estimate.pose.position_covariance,
    )
    return replace(estimate, pose=pose)


def told(pose: HeadPose) -> HeadPose:
    """A filtered pose with the uncertainty of its rotation as it is told to others."""
    axis_deg = math.degrees(math.sqrt(max(float(pose.rotation_covariance.trace()) / 3, 1e-12)))
    way = min(max(math.log(axis_deg / SURE_DEG) / math.log(UNSURE_DEG / SURE_DEG), 0.0), 1.0)
    scale = TOLD_SURE * (TOLD_UNSURE / TOLD_SURE) ** way
    return replace(pose, rotation_covariance=scale**2 * pose.rotation_covariance)

"""How far the uncertainty that the pose network claims can be believed: measured, and corrected for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from fpn.camera import Camera
from fpn.pose import FaceEstimate
from fpn.roi import Roi

ROTATION_SCALE, POSITION_SCALE = 1.15, 1.5
"""By what the claimed standard deviations of rotation and position are multiplied, for the weights in `models/`.

`python -m benchmarks.uncertainty` measures them on drawn heads of many people and says what to write here, the mean of
what two halves of them ask for; needed anew for new weights. They only ever widen: drawn heads are easier than real
ones, of which photographs may ask for more.
"""


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

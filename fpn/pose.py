"""Values that travel between the network and the tracker."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fpn.roi import Box, Roi
from fpn.rotations import angles_from_rotation


@dataclass(frozen=True)
class HeadPose:
    """A head's 6DoF pose in the camera frame, `x_camera = rotation x_head + translation`, with its uncertainty.

    rotation: (3, 3) float64.
    translation: (3,) float64, millimetres, of the point midway between the outer eye corners.
    rotation_covariance: (3, 3) float64, radians squared, of the rotation vector d in the camera frame with
        `R_true = exp([d]) rotation`.
    position_covariance: (3, 3) float64, millimetres squared, camera frame.
    """

    rotation: npt.NDArray[np.float64]
    translation: npt.NDArray[np.float64]
    rotation_covariance: npt.NDArray[np.float64]
    position_covariance: npt.NDArray[np.float64]

    @property
    def angles_deg(self) -> tuple[float, float, float]:
        """Yaw, pitch, roll in degrees (see `fpn.rotations`)."""
        yaw, pitch, roll = angles_from_rotation(self.rotation)
        return float(yaw), float(pitch), float(roll)

    @property
    def rotation_std_deg(self) -> float:
        """Root of the mean variance of the three rotation axes, degrees."""
        return float(np.degrees(np.sqrt(np.trace(self.rotation_covariance) / 3)))

    @property
    def position_std_mm(self) -> float:
        """Root of the mean variance of the three coordinates, millimetres."""
        return float(np.sqrt(np.trace(self.position_covariance) / 3))


@dataclass(frozen=True)
class FaceEstimate:
    """What the network says of one region of one frame.

    pose: in the camera frame of the full picture.
    presence: probability in 0..1 that the region holds a face.
    roi: where to look in the next frame: around the head just found, at the network's preferred scale.
    box: upright box around the face's projected landmarks, pixels of the full frame.
    shape: (50,) float32 weights of the face model's components (`models/face_model.npz`): the face's own form and its
        expression; None where the network does not tell.
    """

    pose: HeadPose
    presence: float
    roi: Roi
    box: Box
    shape: npt.NDArray[np.float32] | None = None

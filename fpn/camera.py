"""The camera: intrinsics from a field of view or from a calibration file, and points to pixels and back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from fpn.calibration import Calibration, calibration_text, read_calibration
from models.errors import CalibrationError

DEFAULT_FOV_DEG = 60.0
"""Horizontal field of view assumed for a camera or video nobody has described: that of common webcams."""


@dataclass(frozen=True)
class Camera:
    """A pinhole camera with lens distortion, in pixels of the full frame (x right, y down, z forward).

    K: (3, 3) float64 intrinsics, pixel centres at integer coordinates.
    distortion: (n,) float64, OpenCV's k1 k2 p1 p2 k3 ..., n in {0, 4, 5, 8, 12, 14}; empty without distortion.
    width, height: size in pixels of the frames the intrinsics hold for.
    """

    K: npt.NDArray[np.float64]
    distortion: npt.NDArray[np.float64]
    width: int
    height: int

    @classmethod
    def from_fov(cls, width: int, height: int, fov_deg: float = DEFAULT_FOV_DEG) -> Camera:
        """A camera with square pixels, its axis at the picture's centre and `fov_deg` across the picture's width.

        Raises CalibrationError unless 0 < fov_deg < 180.
        """
        if not 0 < fov_deg < 180:
            raise CalibrationError(f"field of view of {fov_deg:g} degrees: give one between 0 and 180, for example 60")
        focal = width / 2 / np.tan(np.radians(fov_deg) / 2)
        K = np.array([[focal, 0, (width - 1) / 2], [0, focal, (height - 1) / 2], [0, 0, 1]])
        return cls(K=K, distortion=np.zeros(0), width=width, height=height)

    @classmethod
    def from_calibration(cls, path: str | Path) -> Camera:
        """Read OpenCV's calibration YAML (`camera_matrix`, `distortion_coefficients`, `image_width`, `image_height`).

        Raises CalibrationError, naming the line (see `fpn.calibration`).
        """
        return cls(*read_calibration(Path(path)))

    def calibration_text(self) -> str:
        """The camera as OpenCV's calibration YAML, which `from_calibration` reads."""
        return calibration_text(Calibration(self.K, self.distortion, self.width, self.height))

    def resized(self, width: int, height: int) -> Camera:
        """The same camera delivering frames of another size (the whole picture scaled, nothing cut off)."""
        if (width, height) == (self.width, self.height):
            return self
        sx, sy = width / self.width, height / self.height
        to_corner = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
        from_corner = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1]])
        K = from_corner @ np.diag([sx, sy, 1.0]) @ to_corner @ self.K
        return Camera(K=K, distortion=self.distortion, width=width, height=height)

    def rays(self, pixels: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Directions (n, 3) with z = 1 in the camera frame that are seen at `pixels` (n, 2), distortion undone."""
        points = np.asarray(pixels, np.float64).reshape(-1, 1, 2)
        normal = cv2.undistortPoints(points, self.K, self.distortion)
        return np.concatenate([normal.reshape(-1, 2), np.ones((len(points), 1))], axis=1)

    def project(self, points_mm: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Pixels (n, 2) at which points (n, 3) of the camera frame, in front of it (z > 0), are seen."""
        points = np.asarray(points_mm, np.float64).reshape(-1, 1, 3)
        zero = np.zeros(3)
        pixels, _ = cv2.projectPoints(points, zero, zero, self.K, self.distortion)
        return np.asarray(pixels.reshape(-1, 2), np.float64)

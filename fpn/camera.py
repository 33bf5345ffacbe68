"""The camera: intrinsics from a field of view or from a calibration file, and points to pixels and back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

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

        Raises CalibrationError, naming the line where the file stops being YAML, or the entry that is missing.
        """
        return _read_calibration(Path(path))

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
        normal = cv2.undistortPoints(points, self.K, self.distortion if self.distortion.size else None)
        return np.concatenate([normal.reshape(-1, 2), np.ones((len(points), 1))], axis=1)

    def project(self, points_mm: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Pixels (n, 2) at which points (n, 3) of the camera frame, in front of it (z > 0), are seen."""
        points = np.asarray(points_mm, np.float64).reshape(-1, 1, 3)
        zero = np.zeros(3)
        pixels, _ = cv2.projectPoints(points, zero, zero, self.K, self.distortion if self.distortion.size else None)
        return np.asarray(pixels.reshape(-1, 2), np.float64)


def _read_calibration(path: Path) -> Camera:
    if not path.is_file():
        raise CalibrationError(f"{path}: no such calibration file; give the YAML that OpenCV's calibration wrote")
    try:
        storage = cv2.FileStorage(str(path), cv2.FILE_STORAGE_READ)
    except (cv2.error, SystemError) as error:
        raise CalibrationError(f"{path}{_line_of(error)}: not an OpenCV YAML file; {_reason_of(error)}") from error
    try:
        if not storage.isOpened():
            raise CalibrationError(f"{path}: line 1: not an OpenCV YAML file; it begins with %YAML:1.0")
        K = storage.getNode("camera_matrix").mat()
        distortion = storage.getNode("distortion_coefficients").mat()
        width = int(storage.getNode("image_width").real())
        height = int(storage.getNode("image_height").real())
    finally:
        storage.release()
    if K is None or K.shape != (3, 3) or not np.all(np.isfinite(K)) or K[0, 0] <= 0 or K[1, 1] <= 0:
        raise CalibrationError(f"{path}: camera_matrix is missing or not a 3x3 matrix with positive focal lengths")
    if width <= 0 or height <= 0:
        raise CalibrationError(f"{path}: image_width and image_height are missing; add the size it was made at")
    coefficients = np.zeros(0) if distortion is None else np.asarray(distortion, np.float64).ravel()
    if coefficients.size not in (0, 4, 5, 8, 12, 14):
        raise CalibrationError(f"{path}: {coefficients.size} distortion_coefficients; OpenCV has 4, 5, 8, 12 or 14")
    return Camera(K=np.asarray(K, np.float64), distortion=coefficients, width=width, height=height)

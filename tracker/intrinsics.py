"""Which camera took a frame: the calibration or field of view that the person gave, or what is assumed."""

from __future__ import annotations

from pathlib import Path

from fpn.camera import DEFAULT_FOV_DEG, Camera
from models.errors import CalibrationError
from tracker.frame import Frame

CROPPED_FOV_DEG = 2.0
"""Assumed for pictures of a list, which are cut from larger photographs, nobody knows where: so narrow a view makes the
rotation relative to the line of sight, as in the data sets that come as such lists; distances then mean little."""

_ASPECT_TOLERANCE = 0.01  # sizes are whole pixels, and cameras round them to multiples of 2 to 16


class Intrinsics:
    """Gives the camera of each frame; frames of one size share one."""

    def __init__(self, *, fov_deg: float | None = None, calibration_file: Path | None = None) -> None:
        """`fov_deg` across the width, or a calibration file, or neither. Raises CalibrationError for a bad file."""
        self._fov_deg = fov_deg
        self._file = calibration_file
        self._calibrated = Camera.from_calibration(calibration_file) if calibration_file is not None else None
        self._camera: Camera | None = None

    def of(self, frame: Frame) -> Camera:
        """The camera of `frame`. Raises CalibrationError if the calibration is for another shape of picture."""
        height, width = frame.image.shape[:2]
        if self._camera is None or (self._camera.width, self._camera.height) != (width, height):
            self._camera = self._of_size(width, height, cropped=frame.boxes is not None)
        return self._camera

    def check(self, width: int, height: int) -> None:
        """Raise CalibrationError if the calibration is for another shape of picture than `width` by `height` pixels."""
        if self._calibrated is None:
            return
        made_width, made_height = self._calibrated.width, self._calibrated.height
        if abs((width / height) / (made_width / made_height) - 1) > _ASPECT_TOLERANCE:
            raise CalibrationError(
                f"{self._file}: made with pictures of {made_width}x{made_height}, but these are {width}x{height}, of "
                "another shape; calibrate with pictures of this shape"
            )

    def _of_size(self, width: int, height: int, cropped: bool) -> Camera:
        if self._calibrated is not None:
            self.check(width, height)
            return self._calibrated.resized(width, height)
        assumed = CROPPED_FOV_DEG if cropped else DEFAULT_FOV_DEG
        return Camera.from_fov(width, height, assumed if self._fov_deg is None else self._fov_deg)

"""A guess of the focal length from faces at a known distance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fpn.camera import Camera
from models.errors import CalibrationError
from tracker.frame import TrackedPose, TrackState

ENOUGH = 90
"""Measured faces after which more of them no longer make a difference: three seconds of a common camera."""
_MOST_SPREAD = 0.1  # of the middle half of the guesses: a head that moves to and fro has no distance


class FaceDistance:
    """Collects what poses under an assumed focal length say of the true one.

    A head's size in the picture fixes the ratio of focal length to depth. Its place across the line of sight
    follows from the assumed focal length and depth together and stays the same, so that a head at distance D with the
    coordinates x, y, z under the focal length f was seen with `f sqrt(D^2 - x^2 - y^2) / z`.
    """

    def __init__(self, distance_mm: float) -> None:
        """`distance_mm`: from the camera's lens to the point between the person's eyes."""
        self._distance_mm = distance_mm
        self._factors: list[float] = []
        self._assumed: Camera | None = None

    @property
    def count(self) -> int:
        """Faces that were measured."""
        return len(self._factors)

    @property
    def is_enough(self) -> bool:
        """Whether more faces would make no difference."""
        return self.count >= ENOUGH

    def add(self, faces: Sequence[TrackedPose], assumed: Camera) -> None:
        """Take the longest known face of a frame, its pose found under an assumed camera with square pixels."""
        seen = next((face for face in faces if face.state is not TrackState.COASTING), None)
        if seen is None:
            return
        self._assumed = assumed
        x, y, z = seen.pose.translation
        self._factors.append(float(np.sqrt(max(self._distance_mm**2 - x * x - y * y, 0.0)) / z))

    def camera(self) -> Camera:
        """The camera with the median of the guesses, centred and without distortion.

        Raises CalibrationError, with the remedy, without a face, and if the guesses contradict each other.
        """
        if self._assumed is None:
            raise CalibrationError("no face was seen; look into the camera, with light on your face")
        low, factor, high = np.percentile(self._factors, [25, 50, 75])
        if not (factor > 0 and high - low < _MOST_SPREAD * factor):
            raise CalibrationError(
                f"the face's distance changed, or was not {self._distance_mm:g} mm: keep your head still at the "
                "measured distance, from the lens to between the eyes, in the middle of the picture"
            )
        K = self._assumed.K.copy()
        K[0, 0] *= factor
        K[1, 1] *= factor
        return Camera(K, self._assumed.distortion, self._assumed.width, self._assumed.height)

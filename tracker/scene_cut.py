"""Cuts in edited video: from one frame to the next everything is another picture, and no track goes on."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

_THUMBNAIL = (32, 24)
_SAMPLED = (128, 96)  # taken pixel by pixel, then averaged: the mean of a large picture would cost a millisecond
_LEAST_CORRELATION = 0.5
"""Neighbouring frames of ordinary video, hands before the lens and pans included, stay above 0.85 at 25 frames a
second; different scenes lie mostly below 0.4."""
_FLAT = 16.0  # grey levels squared, added to the variances: two black or plain pictures count as alike
_NOTHING = 36.0  # variance of a picture in which nothing is to be seen: a covered lens, a frame that was lost


class SceneCut:
    """Compares each picture with the one before by the correlation of their thumbnails.

    Correlation rather than difference: lights that go on or an exposure that adapts are no cuts. Pictures that show
    nothing are passed over: what comes after them is compared with what came before.
    """

    def __init__(self) -> None:
        self._last: npt.NDArray[np.float32] | None = None
        self.nothing_seen = False
        """Whether the picture last given shows nothing, unlike the ones before: the lens is covered."""

    def reset(self) -> None:
        """Forget the last picture: the next one is no cut."""
        self._last, self.nothing_seen = None, False

    def is_cut(self, image: npt.NDArray[np.uint8]) -> bool:
        """Whether a picture (H, W, 3) uint8 shows another scene than the one before it."""
        sampled = cv2.cvtColor(cv2.resize(image, _SAMPLED, interpolation=cv2.INTER_NEAREST), cv2.COLOR_BGR2GRAY)
        thumbnail = cv2.resize(sampled, _THUMBNAIL, interpolation=cv2.INTER_AREA).astype(np.float32).ravel()
        thumbnail -= thumbnail.mean()
        self.nothing_seen = self._last is not None and _variance(thumbnail) < _NOTHING < _variance(self._last)
        if self.nothing_seen:
            return False
        last, self._last = self._last, thumbnail
        if last is None:
            return False
        flat = _FLAT * thumbnail.size
        common = float(last @ thumbnail) + flat
        energies = (float(last @ last) + flat) * (float(thumbnail @ thumbnail) + flat)
        return common < _LEAST_CORRELATION * math.sqrt(energies)


def _variance(thumbnail: npt.NDArray[np.float32]) -> float:
    return float(thumbnail @ thumbnail) / thumbnail.size

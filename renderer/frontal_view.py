"""A view of a face, as programs get it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from renderer.view import ROUGH_SPACING

Float32 = npt.NDArray[np.float32]
Picture = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class FrontalView:
    """One view of one face.

    picture: (size, size, 3) uint8 BGR.
    shares: (c, c, 2) float32, `visibility` and `confidence` at every fourth pixel.
    """

    picture: Picture
    shares: Float32

    @property
    def visibility(self) -> Float32:
        """The share (size, size) float32 0..1 of each pixel's colour that the camera saw at that very place."""
        return self._enlarged(0)

    @property
    def confidence(self) -> Float32:
        """How far each pixel (size, size) float32 0..1 can be trusted.

        1 for what was seen squarely, less the more slantingly, up to a half for what is taken from the mirror image or
        shows the surroundings, 0 for what is made up.
        """
        return self._enlarged(1)

    def _enlarged(self, layer: int) -> Float32:
        size, full = len(self.picture), len(self.shares) * ROUGH_SPACING
        enlarged = cv2.resize(np.ascontiguousarray(self.shares[..., layer]), (full, full))
        inner = slice(ROUGH_SPACING, ROUGH_SPACING + size)
        return np.ascontiguousarray(enlarged[inner, inner], np.float32)


def empty_view(size: int) -> FrontalView:
    """The view of a face that cannot be seen."""
    rough = -(-size // ROUGH_SPACING) + 2
    return FrontalView(np.full((size, size, 3), 128, np.uint8), np.zeros((rough, rough, 2), np.float32))

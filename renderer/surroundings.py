"""What stands around a head in a picture: where the head is in the way, and tones for what cannot be seen."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from renderer.blending import spread
from renderer.sampling import Patch

Float32 = npt.NDArray[np.float32]

_PIXELS = 32
"""Along the longer side of the picture that surroundings are kept in."""
_GREY = np.full(3, 128, np.float32)
_HEAD_ROWS = 29
"""Rows of the chart at half its resolution from the crown down to the jaw."""


@dataclass(frozen=True)
class Surroundings:
    """A small soft picture of what is around a head.

    tones: (h, w, 4) float32, BGR 0..255 with the head itself painted over from around it, and 0..1 where it stands.
    to_small: (3, 3), from homogeneous frame pixels to this picture's.
    """

    tones: Float32
    to_small: npt.NDArray[np.float64]

    def behind(self, places: Float32, patch: Patch) -> Float32:
        """Tones (h, w, 3) at places (h, w, 2) of a patch of the same frame."""
        at = cv2.transform(places, (self.to_small @ patch.from_patch)[:2])
        found = cv2.remap(self.tones, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.ascontiguousarray(found[..., :3], np.float32)


def look_around(patch: Patch, head: Float32) -> Surroundings:
    """Surroundings in a patch; head: (H / 2, W / 2, 2), the chart's coordinates in it."""
    small = Patch.of(patch.pixels, patch.to_patch).smaller(max(patch.size) / _PIXELS)
    scaling = small.to_patch @ patch.from_patch
    outline = cv2.convexHull(head[:_HEAD_ROWS:2, ::2].reshape(-1, 1, 2))
    corners = cv2.transform(outline, scaling[:2])
    there = np.zeros(small.pixels.shape[:2], np.uint8)
    cv2.fillConvexPoly(there, np.rint(corners * 16).astype(np.int32), 1, cv2.LINE_8, 4)
    free = (1 - cv2.dilate(there, np.ones((3, 3), np.uint8)))[..., None].astype(np.float32)
    rows, columns = (length // 2 + 1 for length in there.shape)
    around = (rows, rows, columns, columns, cv2.BORDER_CONSTANT)
    # Beyond the frame tones become ever softer: nothing of its border is drawn out into stripes.
    tones = spread(cv2.copyMakeBorder(np.dstack([small.pixels * free, free]), *around), _GREY)
    stands = cv2.copyMakeBorder(cv2.GaussianBlur(there.astype(np.float32), (0, 0), 0.7), *around)
    moved = np.array([[1, 0, columns], [0, 1, rows], [0, 0, 1]], np.float64)
    return Surroundings(np.dstack([tones, stands]), moved @ small.to_patch)

"""What stands around a head in a picture: where the head is in the way, and tones for what cannot be seen."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from renderer.blending import spread
from renderer.rooms import Rooms
from renderer.sampling import Patch, PatchPixels, four_bytes
from renderer.words import Words

Float32 = npt.NDArray[np.float32]

_PIXELS = 32
"""Along the longer side of the picture that surroundings are kept in."""
_GREY = np.full(3, 128, np.float32)
_HEAD_ROWS = 29
"""Rows of the chart at half its resolution from the crown down to the jaw."""


@dataclass(frozen=True)
class Surroundings:
    """A small soft picture of what is around a head, with the head itself painted over from around it.

    tones: (h, w, 3) float32, BGR 0..255. words: the same as bytes, and how far the head stands there, for the loops
    that draw it. to_small: (3, 3), from homogeneous frame pixels to this picture's.
    """

    tones: Float32
    words: Words
    to_small: npt.NDArray[np.float64]

    def behind(self, places: Float32, patch: Patch, rooms: Rooms) -> Float32:
        """Tones (h, w, 3) at places (h, w, 2) of a patch of the same frame."""
        at = cv2.transform(places, (self.to_small @ patch.from_patch)[:2])
        found = rooms.floats("behind", *places.shape[:2], 3)
        cv2.remap(self.tones, at, None, cv2.INTER_LINEAR, dst=found, borderMode=cv2.BORDER_REPLICATE)
        return found


def look_around(patch: Patch, pixels: PatchPixels, head: Float32, rooms: Rooms) -> Surroundings:
    """Surroundings in a patch whose pixels were taken; head: (H / 2, W / 2, 2), the chart's coordinates in it.

    They stand in `rooms` until it is looked around again.
    """
    from renderer.loops import words as loops  # late: loads numba, which takes most of a second

    small = patch.smaller(max(patch.size) / _PIXELS)
    outline = cv2.convexHull(head[:_HEAD_ROWS:2, ::2].reshape(-1, 1, 2))
    corners = cv2.transform(outline, (small.to_patch @ patch.from_patch)[:2])
    there = np.zeros(small.size, np.uint8)
    cv2.fillConvexPoly(there, np.rint(corners * 16).astype(np.int32), 1, cv2.LINE_8, 4)
    free = (1 - cv2.dilate(there, np.ones((3, 3), np.uint8)))[..., None]
    rows, columns = (length // 2 + 1 for length in there.shape)
    size = there.shape[0] + 2 * rows, there.shape[1] + 2 * columns
    inner = np.s_[rows:-rows, columns:-columns]
    # Beyond the frame tones become ever softer: nothing of its border is drawn out into stripes.
    known, stands = rooms.floats("around", *size, 4), rooms.floats("stands", *size)
    known[:], stands[:] = 0, 0
    np.multiply(four_bytes(pixels.shrunk(small))[..., :3], free, out=known[inner][..., :3], dtype=np.float32)
    known[inner][..., 3] = free[..., 0]
    stands[inner] = cv2.GaussianBlur(there.astype(np.float32), (0, 0), 0.7)
    tones = spread(known, _GREY, rooms, rooms.floats("tones around", *size, 3))
    words = Words.of(rooms.words("words around", size[0] * size[1] + 1), *size)
    loops.pack_bytes(tones, stands, words.words)
    moved = np.array([[1, 0, columns], [0, 1, rows], [0, 0, 1]], np.float64)
    return Surroundings(tones, words, moved @ small.to_patch)

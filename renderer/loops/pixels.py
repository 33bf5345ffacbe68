"""Pictures to packed pixels, (h, w) uint32, blue in the lowest byte, then green, red; half as large or as they are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from renderer.loops.compiled import compiled
from renderer.loops.lookup import Packed

_RED_BLUE, _GREEN = np.uint32(0xFF00FF), np.uint32(0x00FF00)
_HALF_RED_BLUE, _HALF_GREEN = np.uint32(0x020002), np.uint32(0x000200)
_2, _8, _16 = np.uint32(2), np.uint32(8), np.uint32(16)


@compiled
def pack_halved(image: npt.NDArray[np.uint8], left: int, top: int, packed: Packed) -> None:
    """A part of a picture (H, 3 W), blue, green and red after each other, from column `left` and row `top` on, at half
    its size: every pixel of packed (h, w) is set to the mean of four.
    """
    rows, columns = packed.shape
    sums = np.empty(6 * columns, np.uint16)
    for i in range(rows):
        part = slice(3 * left, 3 * left + 6 * columns)
        upper, lower = image[top + 2 * i, part], image[top + 2 * i + 1, part]
        for j in range(6 * columns):
            sums[j] = np.uint16(upper[j]) + np.uint16(lower[j])
        for j in range(columns):
            blue = (np.uint32(sums[6 * j]) + np.uint32(sums[6 * j + 3]) + _2) >> _2
            green = (np.uint32(sums[6 * j + 1]) + np.uint32(sums[6 * j + 4]) + _2) >> _2
            red = (np.uint32(sums[6 * j + 2]) + np.uint32(sums[6 * j + 5]) + _2) >> _2
            packed[i, j] = blue | (green << _8) | (red << _16)


@compiled
def halve(pixels: Packed, packed: Packed) -> None:
    """Packed pixels (2 h or one more, 2 w or one more) at half their size, (h, w), set."""
    for i in range(packed.shape[0]):
        for j in range(packed.shape[1]):
            a, b = pixels[2 * i, 2 * j], pixels[2 * i, 2 * j + 1]
            c, d = pixels[2 * i + 1, 2 * j], pixels[2 * i + 1, 2 * j + 1]
            red_blue = (a & _RED_BLUE) + (b & _RED_BLUE) + (c & _RED_BLUE) + (d & _RED_BLUE) + _HALF_RED_BLUE
            green = (a & _GREEN) + (b & _GREEN) + (c & _GREEN) + (d & _GREEN) + _HALF_GREEN
            packed[i, j] = ((red_blue >> _2) & _RED_BLUE) | ((green >> _2) & _GREEN)

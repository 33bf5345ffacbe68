"""Lookups in pictures, between their pixels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from renderer.loops.compiled import compiled

Float32 = npt.NDArray[np.float32]
Packed = npt.NDArray[np.uint32]
Place = tuple[np.uint32, np.uint32, np.float32, np.float32]

# Plain literals would be of double precision, and half as fast.
_0, _1 = np.float32(0), np.float32(1)
_BLUE, _GREEN, _RED, _BYTE = np.uint32(0), np.uint32(8), np.uint32(16), np.uint32(255)
_NEXT = np.uint32(1)
"""Unsigned, so that it cannot mean a place counted from the end."""


@compiled
def place_of(x: np.float32, y: np.float32, rows: int, columns: int) -> Place:
    """Between which four cells of a picture a place lies: column and row of the upper left one, and how far from there
    to the next. Places beyond the border, or not a number, are moved onto it.
    """
    x = min(np.float32(columns - 1), max(_0, x))
    y = min(np.float32(rows - 1), max(_0, y))
    column = np.int32(min(x, np.float32(columns - 2)))
    row = np.int32(min(y, np.float32(rows - 2)))
    return np.uint32(column), np.uint32(row), x - np.float32(column), y - np.float32(row)


@compiled
def value_at(picture: Float32, place: Place, channel: int) -> np.float32:
    """A channel of a picture (h, w, k) between four cells."""
    column, row, u, v = place
    upper, lower = picture[row, column, channel], picture[row + _NEXT, column, channel]
    upper += u * (picture[row, column + _NEXT, channel] - upper)
    lower += u * (picture[row + _NEXT, column + _NEXT, channel] - lower)
    return upper + v * (lower - upper)


@compiled
def _byte(packed: np.uint32, shift: np.uint32) -> np.float32:
    return np.float32((packed >> shift) & _BYTE)


@compiled
def colour_at(patch: Packed, place: Place) -> tuple[np.float32, np.float32, np.float32]:
    """Blue, green and red between four pixels."""
    column, row, u, v = place
    a, b = patch[row, column], patch[row, column + _NEXT]
    c, d = patch[row + _NEXT, column], patch[row + _NEXT, column + _NEXT]
    of_d = u * v
    of_b, of_c = u - of_d, v - of_d
    of_a = _1 - u - of_c
    return (
        of_a * _byte(a, _BLUE) + of_b * _byte(b, _BLUE) + of_c * _byte(c, _BLUE) + of_d * _byte(d, _BLUE),
        of_a * _byte(a, _GREEN) + of_b * _byte(b, _GREEN) + of_c * _byte(c, _GREEN) + of_d * _byte(d, _GREEN),
        of_a * _byte(a, _RED) + of_b * _byte(b, _RED) + of_c * _byte(c, _RED) + of_d * _byte(d, _RED),
    )

"""Lookups in pictures, between their pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from renderer.loops.compiled import inlined

Float32 = npt.NDArray[np.float32]
Packed = npt.NDArray[np.uint32]
Pairs = npt.NDArray[np.uint64]
"""Two neighbours of four bytes each, to be looked up at once: channels of float32, or packed pixels."""
Place = tuple[np.uint32, np.uint32, np.float32, np.float32]
Four = tuple[np.float32, np.float32, np.float32, np.float32]

# Plain literals would be of double precision, and half as fast.
_0, _1 = np.float32(0), np.float32(1)
_BLUE, _GREEN, _RED = np.uint32(0x0000FF), np.uint32(0x00FF00), np.uint32(0xFF0000)
_PER_GREEN, _PER_RED = np.float32(1 / 0x100), np.float32(1 / 0x10000)
_LOW, _HALFWAY = np.uint64(0xFFFFFFFF), np.uint64(32)
_TEN, _10, _20, _16, _24 = np.uint32(0x3FF), np.uint32(10), np.uint32(20), np.uint32(16), np.uint32(24)
_LOW_HALF, _SECOND_16, _THIRD_16 = np.uint32(0xFFFF), np.uint64(16), np.uint64(32)
_LOW_16 = np.uint64(0xFFFF)
_NEXT = np.uint32(1)
"""Unsigned, so that it cannot mean a place counted from the end."""


@inlined
def place_of(x: np.float32, y: np.float32, rows: int, columns: int) -> Place:
    """Between which four cells of a picture a place lies: column and row of the upper left one, and how far from there
    to the next. Places beyond the border, or not a number, are moved onto it.
    """
    x = min(np.float32(columns - 1), max(_0, x))
    y = min(np.float32(rows - 1), max(_0, y))
    column = np.int32(min(x, np.float32(columns - 2)))
    row = np.int32(min(y, np.float32(rows - 2)))
    return np.uint32(column), np.uint32(row), x - np.float32(column), y - np.float32(row)


@inlined
def value_at(picture: Float32, place: Place, channel: int) -> np.float32:
    """A channel of a picture (h, w, k) between four cells."""
    column, row, u, v = place
    upper, lower = picture[row, column, channel], picture[row + _NEXT, column, channel]
    upper += u * (picture[row, column + _NEXT, channel] - upper)
    lower += u * (picture[row + _NEXT, column + _NEXT, channel] - lower)
    return upper + v * (lower - upper)


@inlined
def _first(pair: np.uint64) -> np.float32:
    return np.uint32(pair & _LOW).view(np.float32)


@inlined
def _second(pair: np.uint64) -> np.float32:
    return np.uint32(pair >> _HALFWAY).view(np.float32)


@inlined
def pair_at(picture: Pairs, place: Place, pair: int) -> tuple[np.float32, np.float32]:
    """Two channels of a picture (h, w, 2 k) of float32, seen as (h, w, k), between four cells."""
    column, row, u, v = place
    a, b = picture[row, column, pair], picture[row, column + _NEXT, pair]
    c, d = picture[row + _NEXT, column, pair], picture[row + _NEXT, column + _NEXT, pair]
    upper, lower = _first(a), _first(c)
    upper += u * (_first(b) - upper)
    lower += u * (_first(d) - lower)
    first = upper + v * (lower - upper)
    upper, lower = _second(a), _second(c)
    upper += u * (_second(b) - upper)
    lower += u * (_second(d) - lower)
    return first, upper + v * (lower - upper)


@inlined
def number(bits: int | np.unsignedinteger[Any]) -> np.float32:
    """A number that is held by a few bits. numba reckons with 64 bits throughout, which takes twice the time of 32 to
    turn into a float, and much longer where a processor has no instruction for it.
    """
    return np.float32(np.int32(bits))


@inlined
def _parts_of(u: np.float32, v: np.float32) -> Four:
    """Shares of the four cells between which a place lies."""
    of_d = u * v
    of_b, of_c = u - of_d, v - of_d
    return _1 - u - of_c, of_b, of_c, of_d


@inlined
def _around(words: Pairs, place: Place) -> tuple[np.uint32, np.uint32, np.uint32, np.uint32]:
    """The four cells between which a place lies."""
    column, row, _, _ = place
    upper, lower = words[row, column], words[row + _NEXT, column]
    return np.uint32(upper & _LOW), np.uint32(upper >> _HALFWAY), np.uint32(lower & _LOW), np.uint32(lower >> _HALFWAY)


@inlined
def bytes_at(words: Pairs, place: Place) -> Four:
    """The four bytes, from the lowest on, of words (h, w) between four cells, 0..255."""
    a, b, c, d = _around(words, place)
    of_a, of_b, of_c, of_d = _parts_of(place[2], place[3])
    first = of_a * number(a & _BLUE) + of_b * number(b & _BLUE)
    second = of_a * number(a & _GREEN) + of_b * number(b & _GREEN)
    third = of_a * number(a & _RED) + of_b * number(b & _RED)
    fourth = of_a * number(a >> _24) + of_b * number(b >> _24)
    first += of_c * number(c & _BLUE) + of_d * number(d & _BLUE)
    second += of_c * number(c & _GREEN) + of_d * number(d & _GREEN)
    third += of_c * number(c & _RED) + of_d * number(d & _RED)
    fourth += of_c * number(c >> _24) + of_d * number(d >> _24)
    return first, second * _PER_GREEN, third * _PER_RED, fourth


@inlined
def tens_at(words: Pairs, place: Place) -> tuple[np.float32, np.float32, np.float32]:
    """Three numbers of ten bits each, from the lowest on, of words (h, w) between four cells, 0..1023."""
    a, b, c, d = _around(words, place)
    of_a, of_b, of_c, of_d = _parts_of(place[2], place[3])
    first = of_a * number(a & _TEN) + of_b * number(b & _TEN)
    second = of_a * number((a >> _10) & _TEN) + of_b * number((b >> _10) & _TEN)
    third = of_a * number((a >> _20) & _TEN) + of_b * number((b >> _20) & _TEN)
    first += of_c * number(c & _TEN) + of_d * number(d & _TEN)
    second += of_c * number((c >> _10) & _TEN) + of_d * number((d >> _10) & _TEN)
    third += of_c * number((c >> _20) & _TEN) + of_d * number((d >> _20) & _TEN)
    return first, second, third


@inlined
def halves_at(words: Pairs, place: Place) -> tuple[np.float32, np.float32]:
    """The lower and upper half of words (h, w) between four cells, 0..65535."""
    a, b, c, d = _around(words, place)
    of_a, of_b, of_c, of_d = _parts_of(place[2], place[3])
    first = of_a * number(a & _LOW_HALF) + of_b * number(b & _LOW_HALF)
    second = of_a * number(a >> _16) + of_b * number(b >> _16)
    first += of_c * number(c & _LOW_HALF) + of_d * number(d & _LOW_HALF)
    second += of_c * number(c >> _16) + of_d * number(d >> _16)
    return first, second


@inlined
def _sixteen(cell: np.uint64, shift: np.uint64) -> np.float32:
    return number((cell >> shift) & _LOW_16)


@inlined
def quarters_at(cells: Pairs, place: Place) -> tuple[np.float32, np.float32, np.float32]:
    """The first three of four numbers of 16 bits each, from the lowest on, of cells (h, w) between four of them,
    0..65535.
    """
    column, row, u, v = place
    a, b = cells[row, column], cells[row, column + _NEXT]
    c, d = cells[row + _NEXT, column], cells[row + _NEXT, column + _NEXT]
    of_a, of_b, of_c, of_d = _parts_of(u, v)
    first = of_a * number(a & _LOW_16) + of_b * number(b & _LOW_16)
    first += of_c * number(c & _LOW_16) + of_d * number(d & _LOW_16)
    second = of_a * _sixteen(a, _SECOND_16) + of_b * _sixteen(b, _SECOND_16)
    second += of_c * _sixteen(c, _SECOND_16) + of_d * _sixteen(d, _SECOND_16)
    third = of_a * _sixteen(a, _THIRD_16) + of_b * _sixteen(b, _THIRD_16)
    third += of_c * _sixteen(c, _THIRD_16) + of_d * _sixteen(d, _THIRD_16)
    return first, second, third


@inlined
def places_of(x: Float32, y: Float32, rows: int, columns: int, at: Packed, u: Float32, v: Float32) -> None:
    """Of a row of places, see `place_of`: number of the upper left cell in a picture whose rows lie one after the
    other, and how far from there to the next.
    """
    width = np.uint32(columns)
    for j in range(len(x)):
        column, row, u[j], v[j] = place_of(x[j], y[j], rows, columns)
        at[j] = row * width + column


@inlined
def fetch(pairs: Pairs, at: Packed, count: int, columns: int, upper: Pairs, lower: Pairs) -> None:
    """The pixels around a row of places, two and two: looking up nothing but these is faster than with arithmetic in
    between.
    """
    width = np.uint32(columns)
    for j in range(count):
        upper[j] = pairs[at[j]]
        lower[j] = pairs[at[j] + width]


@inlined
def colour_of(
    upper: np.uint64, lower: np.uint64, u: np.float32, v: np.float32
) -> tuple[np.float32, np.float32, np.float32]:
    """Blue, green and red between four pixels."""
    a, b = np.uint32(upper & _LOW), np.uint32(upper >> _HALFWAY)
    c, d = np.uint32(lower & _LOW), np.uint32(lower >> _HALFWAY)
    of_a, of_b, of_c, of_d = _parts_of(u, v)
    blue = of_a * number(a & _BLUE) + of_b * number(b & _BLUE)
    green = of_a * number(a & _GREEN) + of_b * number(b & _GREEN)
    red = of_a * number(a & _RED) + of_b * number(b & _RED)
    blue += of_c * number(c & _BLUE) + of_d * number(d & _BLUE)
    green += of_c * number(c & _GREEN) + of_d * number(d & _GREEN)
    red += of_c * number(c & _RED) + of_d * number(d & _RED)
    return blue, green * _PER_GREEN, red * _PER_RED

"""What a row of a view's nodes is made of, and how it is drawn at twice its fineness; see `renderer.loops.nodes`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from renderer.loops.compiled import inlined
from renderer.loops.lookup import Float32, Packed, halves_at, number, place_of, value_at
from renderer.loops.nodes import SPARE, Side

_0, _1, _HALF = np.float32(0), np.float32(1), np.float32(0.5)
_NEARER, _FARTHER = np.float32(0.75), np.float32(0.25)
"""Shares of the two nodes, or rough nodes, between which one of twice the fineness stands."""
_NODES_PER_ROUGH = np.float32(2)
_WHOLE = np.float32(1 / 65535)
_STRANDS_DOWN, _STRANDS_ACROSS = np.float32(4), np.float32(8)
"""Rows and columns of the picture of strands to a cell of the chart."""
_PER_STRAND = np.float32(1 / 128)
"""Brightness of strands to a level of their picture."""
_FIRST, _EIGHT, _NEXT = np.uint32(0xFF), np.uint32(8), np.uint32(1)
_NOTICEABLE = np.float32(0.04)
"""Less than this of the mirror image is not worth being sampled; it is filled in."""
LANES = 16
"""Pixels that are worked on at a time: rows that are whole in them leave nothing over to be done one by one."""


@inlined
def double(upper: Float32, lower: Float32, number: int, row: Float32) -> None:
    """Row `number` of a picture drawn at twice its fineness, (2 n,), from the two rows (n,) that it lies between; pixel
    centres stand half a pixel from the edge. All have room for `SPARE` more.
    """
    share = _FARTHER if number % 2 else _NEARER
    row[0] = upper[0] + share * (lower[0] - upper[0])
    for j in range(len(upper) - SPARE):
        left = upper[j] + share * (lower[j] - upper[j])
        right = upper[j + 1] + share * (lower[j + 1] - upper[j + 1])
        row[2 * j + 1] = _NEARER * left + _FARTHER * right
        row[2 * j + 2] = _FARTHER * left + _NEARER * right


@inlined
def double_planes(upper: Float32, lower: Float32, number: int, rows: Float32) -> None:
    """The same for planes (k, n) of two rows of rough nodes. rows: (k, 2 n), set."""
    for k in range(len(upper)):
        double(upper[k], lower[k], number, rows[k])


@inlined
def lay(
    x: Float32, y: Float32, deeper: Float32, side: Side, behind: Float32, same: float, depth: Float32, cover: Float32
) -> None:
    """Depth and cover of the surface behind a row of nodes.

    x, y, deeper: see `nodes.FOUND`. behind: depth of the surroundings, on which what is beside the head stands so far
    as the view is from the camera's own side, `same`.
    """
    share, nearest, deep, far = np.float32(same), side.depth_mm[0], side.depth_mm[1], side.far_surface
    for j in range(len(cover)):
        place = place_of(x[j] * _NODES_PER_ROUGH + _HALF, y[j] * _NODES_PER_ROUGH + _HALF, far.shape[0], far.shape[1])
        seen, on_head = halves_at(far, place)
        seen, on_head = nearest + seen * deep + deeper[j], on_head * _WHOLE
        depth[j] = seen + share * (_1 - on_head) * (behind[j] - seen)
        cover[j] = on_head


@inlined
def mix(cover: Float32, shares: Float32, same: float, own: Float32, mirrored: Float32, rest: Float32) -> None:
    """What a row of nodes is made of, shares of its colour: what is seen at a node's place, at its mirror image, and
    the rest, (3, g): head that was not seen, surroundings that are seen softly, surroundings that cannot be seen.

    shares: (3, g), see `nodes.SHARES`. same: how far the view is from the camera's own side, which sees surroundings as
    sharply as the head.
    """
    share = np.float32(same)
    for j in range(len(cover)):
        on_head = cover[j]
        seen, at_mirror = shares[0, j] * on_head, shares[1, j] * on_head
        at_mirror = at_mirror if at_mirror > _NOTICEABLE else _0
        seen_around = shares[2, j] * (_1 - on_head)
        own[j] = seen + share * seen_around
        mirrored[j] = at_mirror
        rest[0, j] = on_head - seen - at_mirror
        rest[1, j] = (_1 - share) * seen_around
        rest[2, j] = _1 - on_head - seen_around


@inlined
def span_of(row: Float32, count: int, least: np.float32) -> tuple[int, int]:
    """The part of the first `count` of a row outside of which nothing is more than that: its first and the one behind
    its last.
    """
    most = least
    for j in range(count):
        most = max(most, row[j])
    if most <= least:
        return 0, 0
    first, last = 0, count
    while row[first] <= least:
        first += 1
    while row[last - 1] <= least:
        last -= 1
    return first, last


@inlined
def run_of(row: Float32, start: int, count: int, least: np.float32) -> tuple[int, int]:
    """The next part of the first `count` of a row in which something is more than that, from `start` on, in whole
    `LANES`: its first and the one behind its last, both `count` where there is none.
    """
    first = start
    while first < count and not _exceeds(row, first, least):
        first += LANES
    last = first
    while last < count and _exceeds(row, last, least):
        last += LANES
    return first, last


@inlined
def _exceeds(row: Float32, start: int, least: np.float32) -> bool:
    """Whether any of the `LANES` from `start` on is more than that."""
    most = least
    for j in range(start, start + LANES):
        most = max(most, row[j])
    return bool(most > least)


@inlined
def pixels_of(one: npt.NDArray[np.int64], other: npt.NDArray[np.int64], width: int) -> tuple[int, int]:
    """The part of a row of pixels that two spans of nodes, perhaps empty ones, stand for together, in whole `LANES`."""
    if one[0] == one[1]:
        one = other
    if other[0] == other[1]:
        other = one
    if one[0] == one[1]:
        return 0, 0
    left, right = 2 * min(one[0], other[0]) - 2, 2 * max(one[1], other[1]) + 2
    return max(left, 0) // LANES * LANES, min((right + LANES - 1) // LANES * LANES, width)


@inlined
def clear(rows: Float32) -> None:
    """Set rows to 0."""
    for k in range(rows.shape[0]):
        for j in range(rows.shape[1]):
            rows[k, j] = _0


@inlined
def paint(share: Float32, tones: Float32, soft: Float32) -> None:
    """Add to what is soft, (3, g), tones, (3, g)."""
    for k in range(3):
        for j in range(len(share)):
            soft[k, j] += share[j] * tones[k, j]


@inlined
def strand(columns: Float32, rows: Float32, strands: Packed, share: Float32) -> None:
    """Multiply shares by the brightness of strands of hair at columns and rows of the chart; see `renderer.grain`."""
    for j in range(len(share)):
        x, y = (columns[j] + _HALF) * _STRANDS_ACROSS, (rows[j] + _HALF) * _STRANDS_DOWN
        column, row, u, v = place_of(x - _HALF, y - _HALF, strands.shape[0], strands.shape[1])
        above, below = strands[row, column], strands[row + _NEXT, column]
        upper, lower = number(above & _FIRST), number(below & _FIRST)
        upper += u * (number((above >> _EIGHT) & _FIRST) - upper)
        lower += u * (number((below >> _EIGHT) & _FIRST) - lower)
        share[j] *= (upper + v * (lower - upper)) * _PER_STRAND


@inlined
def look_between_lids(
    mask: Float32, x: Float32, y: Float32, start: int, end: int, mirrored: Float32, other: Float32
) -> None:
    """Between the lids of an eye let the other eye take the place of the mirror image, from node `start` to `end`.

    mask: (t, t, 1), see `nodes.Side.eyes`. x, y: see `nodes.FOUND`. mirrored: (3, g), factors, lessened; other: (3, g),
    set to what they are lessened by.
    """
    for j in range(start, end):
        place = place_of(x[j] * _NODES_PER_ROUGH + _HALF, y[j] * _NODES_PER_ROUGH + _HALF, mask.shape[0], mask.shape[1])
        between_lids = value_at(mask, place, 0)
        for k in range(3):
            taken = between_lids * mirrored[k, j]
            other[k, j] = taken
            mirrored[k, j] -= taken

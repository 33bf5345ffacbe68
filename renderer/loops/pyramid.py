"""Colours everywhere from colours of some places, by a pyramid of averages; see `renderer.blending.spread`."""

from __future__ import annotations

import numpy as np

from renderer.loops.compiled import compiled, inlined
from renderer.loops.lookup import Float32

_MOST_LEVELS, _SMALLEST_LEVEL = 12, 3
"""Of a pyramid of averages: how many levels, and down to how many cells along a side."""
_NOTHING = 1e-9
_HUNDREDTH = np.float32(0.01)
_OF_NO_ACCOUNT = np.float32(1e-5)
"""A weight of no account beside anything that is known."""
_LEAST = np.float32(1e-4)
_0, _1, _4 = np.float32(0), np.float32(1), np.float32(4)


def pyramid_size(rows: int, columns: int) -> int:
    """How many numbers `spread` must remember of a picture of that size."""
    return 4 * (rows + _MOST_LEVELS) * (columns + _MOST_LEVELS)


@compiled
def spread(known: Float32, otherwise: Float32, memory: Float32, colours: Float32) -> None:
    """Colours (h, w, 3) everywhere, set; see `renderer.blending.spread`. memory: see `pyramid_size`."""
    rows, columns = known.shape[:2]
    # The levels of the pyramid stand in memory one after the other, behind two pictures of the largest level's colours.
    sizes, starts = np.empty((_MOST_LEVELS, 2), np.int64), np.empty(_MOST_LEVELS, np.int64)
    half = 3 * ((rows + 1) // 2) * ((columns + 1) // 2)
    start, count = 2 * half, 0
    while count == 0 or (min(rows, columns) > _SMALLEST_LEVEL and count < _MOST_LEVELS):
        finer = known
        if count > 0:
            finer = memory[starts[count - 1] : start].reshape(rows, columns, 4)
        rows, columns = (rows + 1) // 2, (columns + 1) // 2
        sizes[count, 0], sizes[count, 1], starts[count] = rows, columns, start
        start += 4 * rows * columns
        _average(finer, memory[starts[count] : start].reshape(rows, columns, 4))
        count += 1
    coarsest = memory[starts[count - 1] : start].reshape(rows, columns, 4)
    found = memory[: 3 * rows * columns].reshape(rows, columns, 3)
    _colour_coarsest(coarsest, otherwise, found)
    for level in range(count - 2, -1, -1):
        rows, columns = sizes[level]
        begin = half * ((count - 1 - level) % 2)
        finer = memory[begin : begin + 3 * rows * columns].reshape(rows, columns, 3)
        _enlarge(found, finer)
        _refine(memory[starts[level] : starts[level] + 4 * rows * columns].reshape(rows, columns, 4), finer)
        found = finer
    _enlarge(found, colours)


@inlined
def _average(fine: Float32, coarse: Float32) -> None:
    """A picture (H, W, 4) at another size of about half as many cells, each the mean of those that it covers."""
    per_row, per_column = fine.shape[0] / coarse.shape[0], fine.shape[1] / coarse.shape[1]
    for i in range(coarse.shape[0]):
        top, bottom = i * per_row, (i + 1) * per_row
        for j in range(coarse.shape[1]):
            left, right = j * per_column, (j + 1) * per_column
            a = b = c = d = _0
            for row in range(int(top), min(int(np.ceil(bottom - _NOTHING)), fine.shape[0])):
                down = min(bottom, row + 1) - max(top, row)
                for column in range(int(left), min(int(np.ceil(right - _NOTHING)), fine.shape[1])):
                    share = np.float32(down * (min(right, column + 1) - max(left, column)))
                    a += share * fine[row, column, 0]
                    b += share * fine[row, column, 1]
                    c += share * fine[row, column, 2]
                    d += share * fine[row, column, 3]
            part = np.float32(1 / (per_row * per_column))
            coarse[i, j, 0], coarse[i, j, 1], coarse[i, j, 2], coarse[i, j, 3] = a * part, b * part, c * part, d * part


@inlined
def _colour_coarsest(known: Float32, otherwise: Float32, colours: Float32) -> None:
    """Colours of the coarsest level; where nothing is known of a cell they are those of all, or else `otherwise`."""
    mean, count = np.zeros(4, np.float32), known.shape[0] * known.shape[1]
    for i in range(known.shape[0]):
        for j in range(known.shape[1]):
            for k in range(4):
                mean[k] += known[i, j, k] / np.float32(count)
    for i in range(known.shape[0]):
        for j in range(known.shape[1]):
            weight = known[i, j, 3] + _HUNDREDTH * mean[3] + _OF_NO_ACCOUNT
            for k in range(3):
                colour = known[i, j, k] + _HUNDREDTH * mean[k] + _OF_NO_ACCOUNT * otherwise[k]
                colours[i, j, k] = colour / weight


@inlined
def _enlarge(coarse: Float32, fine: Float32) -> None:
    """A picture (h, w, 3) at another size, (H, W, 3), set."""
    per_row, per_column = coarse.shape[0] / fine.shape[0], coarse.shape[1] / fine.shape[1]
    last_row, last_column = coarse.shape[0] - 1, coarse.shape[1] - 1
    for i in range(fine.shape[0]):
        y = min(max((i + 0.5) * per_row - 0.5, 0.0), float(last_row))
        above = int(y)
        below, v = min(above + 1, last_row), np.float32(y - above)
        for j in range(fine.shape[1]):
            x = min(max((j + 0.5) * per_column - 0.5, 0.0), float(last_column))
            left = int(x)
            right, u = min(left + 1, last_column), np.float32(x - left)
            for k in range(3):
                upper = coarse[above, left, k] + u * (coarse[above, right, k] - coarse[above, left, k])
                lower = coarse[below, left, k] + u * (coarse[below, right, k] - coarse[below, left, k])
                fine[i, j, k] = upper + v * (lower - upper)


@inlined
def _refine(known: Float32, colours: Float32) -> None:
    """Colours (h, w, 3) of a coarser average made those of a finer one, where that has something to say."""
    for i in range(known.shape[0]):
        for j in range(known.shape[1]):
            weight = known[i, j, 3]
            share = min(_4 * weight, _1)
            per_weight = share / max(weight, _LEAST)
            for k in range(3):
                colours[i, j, k] = colours[i, j, k] * (_1 - share) + known[i, j, k] * per_weight

"""Drawing a view row by row, from what is known at its rough nodes; for the arrays see `renderer.loops.nodes`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from renderer.loops.compiled import compiled
from renderer.loops.lookup import Float32, Packed, colour_at, place_of, value_at
from renderer.loops.nodes import bend_row, project_row

FOUND, AROUND, BESIDE, SHARES, COLOURS, CELLS, KNOWN = 0, 3, 6, 11, 14, 20, 22
"""Where the planes of what is known at rough nodes begin, and their number; see `draw`."""
_0, _1, _HALF = np.float32(0), np.float32(1), np.float32(0.5)
_NEARER, _FARTHER = np.float32(0.75), np.float32(0.25)
"""Shares of the two nodes, or rough nodes, between which one of twice the fineness stands."""
_NODES_PER_ROUGH, _LARGEST = np.float32(2), np.float32(255)
_BORDER = 4
"""Pixels from the first of the nodes' row to the first of the picture's."""
_STRANDS_DOWN, _STRANDS_ACROSS = np.float32(4), np.float32(8)
"""Rows and columns of the picture of strands to a cell of the chart."""
_GREEN, _RED = np.uint32(8), np.uint32(16)
_NOTICEABLE = np.float32(0.04)
"""Less than this of the mirror image is not worth being sampled; it is filled in."""
_INVISIBLE = np.float32(1e-3)
"""A share that makes less than a grey level."""


@compiled
def _double_row(upper: Float32, lower: Float32, number: int, row: Float32) -> None:
    """Row `number` of a picture drawn at twice its fineness, (2 n,), from the two rows (n,) that it lies between; pixel
    centres stand half a pixel from the edge.
    """
    share = _FARTHER if number % 2 else _NEARER
    last = len(upper) - 1
    row[0] = upper[0] + share * (lower[0] - upper[0])
    for j in range(last):
        left = upper[j] + share * (lower[j] - upper[j])
        right = upper[j + 1] + share * (lower[j + 1] - upper[j + 1])
        row[2 * j + 1] = _NEARER * left + _FARTHER * right
        row[2 * j + 2] = _FARTHER * left + _NEARER * right
    row[2 * last + 1] = upper[last] + share * (lower[last] - upper[last])


@compiled
def _lay_row(
    x: Float32, y: Float32, deeper: Float32, far: Float32, behind: Float32, same: float, depth: Float32, cover: Float32
) -> None:
    """Depth and cover of the surface behind a row of nodes.

    x, y, deeper: see `meet`. far: (t, t, 2), depth and cover as a far camera sees them. behind: depth of the
    surroundings, on which what is beside the head stands so far as the view is from the camera's own side, `same`.
    """
    share = np.float32(same)
    for j in range(len(x)):
        place = place_of(x[j] * _NODES_PER_ROUGH + _HALF, y[j] * _NODES_PER_ROUGH + _HALF, far.shape[0], far.shape[1])
        on_head, seen = value_at(far, place, 1), value_at(far, place, 0) + deeper[j]
        depth[j] = seen + share * (_1 - on_head) * (behind[j] - seen)
        cover[j] = on_head


@compiled
def _mix_row(
    cover: Float32, known: Float32, same: float, own: Float32, mirrored: Float32, soft: Float32, rest: Float32
) -> None:
    """What a row of nodes is made of.

    known: (22, g), see `draw`. same: how far the view is from the camera's own side, which sees surroundings as sharply
    as the head. Set are (3, g) each: factors of what is seen at a node's place and of what is seen at its mirror image,
    and what is soft, of which surroundings that cannot be seen; rest: (2, g), set to the shares of head that was not
    seen and of surroundings that are seen softly.
    """
    share = np.float32(same)
    for j in range(len(cover)):
        on_head = cover[j]
        seen, at_mirror = known[SHARES, j] * on_head, known[SHARES + 1, j] * on_head
        at_mirror = at_mirror if at_mirror > _NOTICEABLE else _0
        seen_around = known[SHARES + 2, j] * (_1 - on_head)
        rest[0, j] = on_head - seen - at_mirror
        rest[1, j] = (_1 - share) * seen_around
        for k in range(3):
            own[k, j] = seen + share * seen_around
            mirrored[k, j] = at_mirror * known[COLOURS + 3 + k, j]
            soft[k, j] = (_1 - on_head - seen_around) * known[BESIDE + k, j]


@compiled
def _fill_row(known: Float32, strands: Float32, share: Float32, soft: Float32) -> None:
    """Add to what is soft, (3, g), tones of head that was not seen, with strands in hair."""
    for j in range(len(share)):
        x, y = (known[CELLS, j] + _HALF) * _STRANDS_ACROSS, (known[CELLS + 1, j] + _HALF) * _STRANDS_DOWN
        place = place_of(x - _HALF, y - _HALF, strands.shape[0], strands.shape[1])
        brightness = share[j] * value_at(strands, place, 0)
        for k in range(3):
            soft[k, j] += brightness * known[COLOURS + k, j]


@compiled
def _surround_row(known: Float32, patch: Packed, share: Float32, soft: Float32) -> None:
    """Add to what is soft, (3, g), what the patch shows of the surroundings."""
    for j in range(len(share)):
        found = colour_at(patch, place_of(known[AROUND, j], known[AROUND + 1, j], patch.shape[0], patch.shape[1]))
        for k in range(3):
            soft[k, j] += share[j] * found[k]


@compiled
def _is_more(row: Float32, least: np.float32) -> bool:
    """Whether any value of a row is more than that."""
    most = least
    for j in range(len(row)):
        most = max(most, row[j])
    return bool(most > least)


@compiled
def _unmirror_row(mask: Float32, x: Float32, y: Float32, mirrored: Float32, other: Float32) -> None:
    """Between the lids of an eye let the other eye take the place of the mirror image.

    mask: (t, t, 1), of what lies between the lids as a far camera sees it. x, y: see `meet`. mirrored: (3, g), factors,
    lessened; other: (3, g), set to what they are lessened by.
    """
    for j in range(len(x)):
        place = place_of(x[j] * _NODES_PER_ROUGH + _HALF, y[j] * _NODES_PER_ROUGH + _HALF, mask.shape[0], mask.shape[1])
        between_lids = value_at(mask, place, 0)
        for k in range(3):
            taken = between_lids * mirrored[k, j]
            other[k, j] = taken
            mirrored[k, j] -= taken


@compiled
def _add_row(
    patch: Packed,
    x: Float32,
    y: Float32,
    factors: tuple[Float32, Float32, Float32],
    blue: Float32,
    green: Float32,
    red: Float32,
) -> None:
    """Add to rows of a picture what a patch shows at places x, y, times factors."""
    for j in range(len(blue)):
        found = colour_at(patch, place_of(x[j], y[j], patch.shape[0], patch.shape[1]))
        blue[j] += found[0] * factors[0][j]
        green[j] += found[1] * factors[1][j]
        red[j] += found[2] * factors[2][j]


@compiled
def _add_layer(
    upper_factors: Float32,
    lower_factors: Float32,
    upper_places: Float32,
    lower_places: Float32,
    number: int,
    patch: Packed,
    row: Float32,
    shown: Float32,
) -> None:
    """Add to a row (3, f) of a picture what the patch shows at places (2, g) times factors (3, g), of the two rows of
    nodes that row `number` lies between. row: (5, f), memory.
    """
    _double_row(upper_factors[0], lower_factors[0], number, row[2])
    left, right = 0, row.shape[1]
    while left < right and row[2, left] == _0:
        left += 1
    while left < right and row[2, right - 1] == _0:
        right -= 1
    if left == right:
        return
    _double_row(upper_places[0], lower_places[0], number, row[0])
    _double_row(upper_places[1], lower_places[1], number, row[1])
    _double_row(upper_factors[1], lower_factors[1], number, row[3])
    _double_row(upper_factors[2], lower_factors[2], number, row[4])
    part = slice(left, right)
    factors = row[2, part], row[3, part], row[4, part]
    _add_row(patch, row[0, part], row[1, part], factors, shown[0, part], shown[1, part], shown[2, part])


@compiled
def _pack_row(blue: Float32, green: Float32, red: Float32, packed: Packed) -> None:
    for j in range(len(packed)):
        b = np.uint32(np.int32(min(_LARGEST, max(_0, blue[j])) + _HALF))
        g = np.uint32(np.int32(min(_LARGEST, max(_0, green[j])) + _HALF))
        r = np.uint32(np.int32(min(_LARGEST, max(_0, red[j])) + _HALF))
        packed[j] = b | (g << _GREEN) | (r << _RED)


@compiled
def draw(
    rough: Float32,
    far: Float32,
    eyes: Float32,
    along: Float32,
    camera: Float32,
    matrices: Float32,
    bands: npt.NDArray[np.int64],
    offsets: Float32,
    grid: Float32,
    same: float,
    patch: Packed,
    strands: Float32,
    first: int,
    last: int,
    cover: Float32,
    picture: Packed,
) -> None:
    """Draw rows of a view from what is known at its rough nodes, row by row: so all it needs at a time stays at hand.

    rough: (22, c, c); from `FOUND` on what `meet` found; `AROUND`: where in the patch the surroundings are seen, and
    their depth; `BESIDE`: see `surround`; `SHARES`: see `weigh`; `COLOURS`: see `colour`; `CELLS`: of the chart.
    far: (t, t, 2), depth and cover as a far camera sees them. eyes: (2, t, t, 1), what lies between their lids.
    along: (g,) mm from the middle of the view. camera: see `meet`. matrices: (k, 3, 4), take homogeneous points of the
    view's frame to where the patch shows the surface itself, its mirror image, and up to two eyes instead of that;
    bands: (k, 2), rows of nodes for which they are looked at. offsets, grid: see `project`. same: how far the view is
    from the camera's own side. strands: (4 H, 8 W, 1), factors of brightness on the chart.

    cover: (g, g), set in rows `first` to `last` of the nodes. picture: (n, n) packed pixels, set in rows
    that end there.
    """
    count, layers = len(along), len(bands)
    known, depth = np.empty((KNOWN, count), np.float32), np.empty(count, np.float32)
    # The last two rows of nodes, between which rows of pixels stand: colours, and factors and places of layers.
    soft, factors = np.empty((2, 3, count), np.float32), np.empty((2, layers, 3, count), np.float32)
    places = np.empty((2, layers, 2, count), np.float32)
    rest = np.empty((2, count), np.float32)
    shown, row = np.empty((3, 2 * count), np.float32), np.empty((5, 2 * count), np.float32)
    for i in range(max(first - 1, 0), last):
        here = i % 2
        upper, lower = max((i - 1) // 2, 0), min((i + 1) // 2, rough.shape[1] - 1)
        for k in range(KNOWN):
            _double_row(rough[k, upper], rough[k, lower], i, known[k])
        x, y = known[FOUND], known[FOUND + 1]
        _lay_row(x, y, known[FOUND + 2], far, known[AROUND + 2], same, depth, cover[i])
        _mix_row(cover[i], known, same, factors[here, 0], factors[here, 1], soft[here], rest)
        if _is_more(rest[0], _INVISIBLE):
            _fill_row(known, strands, rest[0], soft[here])
        if _is_more(rest[1], _INVISIBLE):
            _surround_row(known, patch, rest[1], soft[here])
        for layer in range(layers):
            if bands[layer, 0] <= i < bands[layer, 1]:
                if layer >= 2:
                    _unmirror_row(eyes[layer - 2], x, y, factors[here, 1], factors[here, layer])
                at = places[here, layer]
                project_row(depth, along, along[i], camera, matrices[layer], at[0], at[1])
                bend_row(offsets, grid, at[0], at[1])
        if i < first:
            continue
        for number in range(max(2 * i - 1, _BORDER), min(2 * i + 1, _BORDER + picture.shape[0])):
            for k in range(3):
                _double_row(soft[1 - here, k], soft[here, k], number, shown[k])
            for layer in range(layers):
                if bands[layer, 0] < i < bands[layer, 1]:
                    _add_layer(
                        factors[1 - here, layer],
                        factors[here, layer],
                        places[1 - here, layer],
                        places[here, layer],
                        number,
                        patch,
                        row,
                        shown,
                    )
            part = slice(_BORDER, _BORDER + picture.shape[1])
            _pack_row(shown[0, part], shown[1, part], shown[2, part], picture[number - _BORDER])

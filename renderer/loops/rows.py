"""Drawing a view row by row: what is known at its rough nodes, what follows from that at its nodes, its pixels.

For the arrays see `renderer.loops.nodes`. Only the last two rows of each are kept, so all that is needed at a time
stays at hand.
"""

from __future__ import annotations

import numpy as np

from renderer.loops.compiled import compiled, inlined
from renderer.loops.lookup import Float32, Packed, Pairs, colour_of, fetch, places_of
from renderer.loops.mixing import (
    LANES,
    clear,
    double,
    double_planes,
    lay,
    look_between_lids,
    mix,
    paint,
    pixels_of,
    run_of,
    span_of,
    strand,
)
from renderer.loops.nodes import (
    AROUND,
    BESIDE,
    CELLS,
    FOUND,
    KNOWN,
    SHARES,
    SPARE,
    SURE,
    TONES,
    Shown,
    Side,
    Stand,
    bend,
    explore,
    project,
)

Memory = tuple[Packed, Float32, Float32, Pairs, Pairs]
"""For a row of places: their numbers, how far from there to the next cells, and the pixels around them."""
_0, _1, _HALF, _QUARTER = np.float32(0), np.float32(1), np.float32(0.5), np.float32(0.25)
_LARGEST = np.float32(255)
_BORDER = 4
"""Pixels from the first of the nodes' row to the first of the picture's."""
_GREEN, _RED = np.uint32(8), np.uint32(16)
_INVISIBLE = np.float32(1e-3)
"""A share that makes less than a grey level."""
OWN, MIRRORED = 0, 1
"""Layers: what is seen at a place itself, at its mirror image, and, behind them, what is seen in the other eye."""


@inlined
def _add(
    shown: Shown,
    x: Float32,
    y: Float32,
    factors: tuple[Float32, Float32, Float32],
    memory: Memory,
    blue: Float32,
    green: Float32,
    red: Float32,
) -> None:
    """Add to colours what the patch shows at places x, y, times factors."""
    at, u, v, upper, lower = memory
    places_of(x, y, shown.size[0], shown.size[1], at, u, v)
    fetch(shown.patch, at, len(x), shown.size[1], upper, lower)
    for j in range(len(x)):
        found = colour_of(upper[j], lower[j], u[j], v[j])
        blue[j] += found[0] * factors[0][j]
        green[j] += found[1] * factors[1][j]
        red[j] += found[2] * factors[2][j]


@inlined
def _pack(colours: Float32, packed: Packed) -> None:
    """Pixels of a row of the picture from colours (3, f)."""
    for j in range(len(packed)):
        b = np.uint32(np.int32(min(_LARGEST, max(_0, colours[0, j + _BORDER])) + _HALF))
        g = np.uint32(np.int32(min(_LARGEST, max(_0, colours[1, j + _BORDER])) + _HALF))
        r = np.uint32(np.int32(min(_LARGEST, max(_0, colours[2, j + _BORDER])) + _HALF))
        packed[j] = b | (g << _GREEN) | (r << _RED)


@inlined
def _sum_up(cover: Float32, rough: Float32, shares: Float32) -> None:
    """Visibility and confidence (c, 2) of a row of rough nodes, from the cover (2, g) of the nodes around them."""
    for j in range(len(shares)):
        on_head = (cover[0, 2 * j] + cover[0, 2 * j + 1] + cover[1, 2 * j] + cover[1, 2 * j + 1]) * _QUARTER
        around = (_1 - on_head) * rough[SHARES + 2, j]
        shares[j, 0] = on_head * rough[SHARES, j] + around
        shares[j, 1] = on_head * rough[SURE, j] + _HALF * around


@inlined
def _soften(
    upper: Float32,
    lower: Float32,
    number: int,
    rest: Float32,
    shown: Shown,
    strands: Packed,
    known: Float32,
    memory: Memory,
    soft: Float32,
) -> bool:
    """What is soft in a row of nodes, colours (3, g); whether there is any.

    upper, lower: the two rows of rough nodes, (KNOWN, c). rest: see `_mix`. known: (KNOWN, g), memory.
    """
    clear(soft)
    count = rest.shape[1]
    unseen, around, vague = rest[0], rest[1], rest[2]
    left, _ = run_of(vague, 0, count, _INVISIBLE)
    is_any = left < count
    if left < count:
        double_planes(upper[BESIDE : BESIDE + 3], lower[BESIDE : BESIDE + 3], number, known[BESIDE : BESIDE + 3])
        paint(vague, known[BESIDE : BESIDE + 3], soft)
    left, right = run_of(unseen, 0, count, _INVISIBLE)
    is_any |= left < count
    if left < count:
        double_planes(upper[TONES : TONES + 3], lower[TONES : TONES + 3], number, known[TONES : TONES + 3])
        double_planes(upper[CELLS:KNOWN], lower[CELLS:KNOWN], number, known[CELLS:KNOWN])
        while left < count:
            part = slice(left, right)
            strand(known[CELLS, part], known[CELLS + 1, part], strands, unseen[part])
            left, right = run_of(unseen, right, count, _INVISIBLE)
        paint(unseen, known[TONES : TONES + 3], soft)
    left, right = run_of(around, 0, count, _INVISIBLE)
    is_any |= left < count
    if left < count:
        double_planes(upper[AROUND : AROUND + 2], lower[AROUND : AROUND + 2], number, known[AROUND : AROUND + 2])
    while left < count:
        part = slice(left, right)
        share = around[part]
        x, y = known[AROUND, part], known[AROUND + 1, part]
        _add(shown, x, y, (share, share, share), memory, soft[0, part], soft[1, part], soft[2, part])
        left, right = run_of(around, right, count, _INVISIBLE)
    return is_any


@inlined
def _add_layer(
    upper: Float32,
    lower: Float32,
    upper_places: Float32,
    lower_places: Float32,
    number: int,
    channels: int,
    part: slice,
    shown: Shown,
    row: Float32,
    memory: Memory,
    colours: Float32,
) -> None:
    """Add to a part of row `number` of a picture, colours (3, 2 g), what the patch shows at places (2, g) times factors
    (3, g), of the two rows of nodes that it lies between.

    channels: 3, or 1 where only the first of the factors is given, for all colours. row: (5, 2 g), memory.
    """
    for k in range(2):
        double(upper_places[k], lower_places[k], number, row[k])
    for k in range(channels):
        double(upper[k], lower[k], number, row[2 + k])
    one, two, three = row[2, part], row[1 + channels // 2 * 2, part], row[1 + channels, part]
    if channels == 1:
        two = three = one
    _add(
        shown,
        row[0, part],
        row[1, part],
        (one, two, three),
        memory,
        colours[0, part],
        colours[1, part],
        colours[2, part],
    )


@compiled
def draw(
    side: Side,
    shown: Shown,
    stand: Stand,
    strands: Packed,
    first: int,
    last: int,
    met: Float32,
    shares: Float32,
    picture: Packed,
) -> None:
    """Draw what rows `first` to `last` of a view's rough nodes stand for.

    strands: (4 H, 8 W), see `renderer.grain`. met: (c, 3, c), where lines of sight met the head a
    moment ago; set anew in these rows and those next to them, so that who draws other rows at the same time needs one
    of his own. shares: (c, c, 2), visibility and confidence, and picture: (n, n), packed pixels, set in these rows.
    """
    count, layers, last_rough = len(side.fine_mm), len(side.parts), len(shares) - 1
    room = count + SPARE
    rough, before = np.empty((2, KNOWN, count // 2 + SPARE), np.float32), np.empty((3, count // 2), np.float32)
    known, depth, rest = (
        np.empty((KNOWN, room), np.float32),
        np.empty(count, np.float32),
        np.empty((3, count), np.float32),
    )
    # Of the last two rows of nodes, between which rows of pixels stand.
    cover, soft, is_soft = np.empty((2, count), np.float32), np.empty((2, 3, room), np.float32), np.zeros(2, np.bool_)
    factors, places = np.empty((2, layers, 3, room), np.float32), np.empty((2, layers, 2, room), np.float32)
    spans = np.empty((2, layers, 2), np.int64)
    width = min((_BORDER + len(picture) + LANES - 1) // LANES * LANES, 2 * count)
    colours, row = np.empty((3, 2 * count + SPARE), np.float32), np.empty((5, 2 * count + SPARE), np.float32)
    memory = (
        np.empty(2 * count, np.uint32),
        np.empty(2 * count, np.float32),
        np.empty(2 * count, np.float32),
        np.empty(2 * count, np.uint64),
        np.empty(2 * count, np.uint64),
    )
    explored = max(first - 1, 0)
    for i in range(max(2 * first - 1, 0), 2 * last):
        here = i % 2
        above, below = max((i - 1) // 2, 0), min((i + 1) // 2, last_rough)
        while explored <= below:
            explore(side, shown, stand, explored, before, met[explored], rough[explored % 2])
            explored += 1
        upper, lower = rough[above % 2], rough[below % 2]
        double_planes(upper[FOUND:AROUND], lower[FOUND:AROUND], i, known[FOUND:AROUND])
        double_planes(upper[AROUND + 2 : BESIDE], lower[AROUND + 2 : BESIDE], i, known[AROUND + 2 : BESIDE])
        double_planes(upper[SHARES:SURE], lower[SHARES:SURE], i, known[SHARES:SURE])
        x, y = known[FOUND], known[FOUND + 1]
        lay(x, y, known[FOUND + 2], side, known[AROUND + 2], stand.same, depth, cover[here])
        own, mirrored = factors[here, OWN], factors[here, MIRRORED]
        mix(cover[here], known[SHARES:SURE], stand.same, own[0], mirrored[0], rest)
        spans[here, OWN, 0], spans[here, OWN, 1] = span_of(own[0], count, _0)
        spans[here, MIRRORED, 0], spans[here, MIRRORED, 1] = span_of(mirrored[0], count, _0)
        is_mirrored = spans[here, MIRRORED, 0] < spans[here, MIRRORED, 1]
        if is_mirrored:
            double_planes(upper[TONES + 3 : CELLS], lower[TONES + 3 : CELLS], i, known[TONES + 3 : CELLS])
            for k in (2, 1, 0):
                for j in range(count):
                    mirrored[k, j] = mirrored[0, j] * known[TONES + 3 + k, j]
        else:
            clear(mirrored)
        is_soft[here] = _soften(upper, lower, i, rest, shown, strands, known, memory, soft[here])
        for layer in range(layers):
            top, bottom, start, end = side.parts[layer]
            if top <= i < bottom:
                if layer > MIRRORED:
                    clear(factors[here, layer])
                    start, end = max(start, spans[here, MIRRORED, 0]), min(end, spans[here, MIRRORED, 1])
                    look_between_lids(side.eyes[layer - 2], x, y, start, end, mirrored, factors[here, layer])
                    spans[here, layer, 0], spans[here, layer, 1] = start, max(start, end)
                at = places[here, layer]
                project(depth, side.fine_mm, side.fine_mm[i], stand.camera, stand.matrices[layer], at[0], at[1])
                bend(shown.offsets, shown.grid, count, at[0], at[1])
        if i < 2 * first:
            continue
        if i % 2:
            _sum_up(cover, upper, shares[above])
        for number in range(max(2 * i - 1, _BORDER), min(2 * i + 1, _BORDER + len(picture))):
            if is_soft[0] or is_soft[1]:
                for k in range(3):
                    double(soft[1 - here, k], soft[here, k], number, colours[k])
            else:
                clear(colours)
            for layer in range(layers):
                top, bottom = side.parts[layer, 0], side.parts[layer, 1]
                left, right = pixels_of(spans[0, layer], spans[1, layer], width) if top < i < bottom else (0, 0)
                if left < right:
                    _add_layer(
                        factors[1 - here, layer],
                        factors[here, layer],
                        places[1 - here, layer],
                        places[here, layer],
                        number,
                        1 if layer == OWN else 3,
                        slice(left, right),
                        shown,
                        row,
                        memory,
                        colours,
                    )
            _pack(colours, picture[number - _BORDER])

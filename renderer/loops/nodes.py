"""What is known of a view at its rough nodes, row by row.

Nodes and rough nodes are those of `renderer.view.ViewGeometry`: c, g = 2 c and f = 4 c are the numbers of rough nodes,
nodes and pixels along a side of a view with what lies around it. What is known of a row of rough nodes is kept in
planes, (KNOWN, c) float32, so that several nodes are worked on at a time. What is looked up is kept in words of four
bytes, see `renderer.words`: looking up takes longer than reckoning. A patch is (h, w) uint32, a pixel's blue in its
lowest byte, then green, red.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from renderer.loops.compiled import inlined
from renderer.loops.lookup import Float32, Pairs, bytes_at, pair_at, place_of, quarters_at, tens_at

FOUND, AROUND, BESIDE, SHARES, SURE, TONES, CELLS, KNOWN = 0, 3, 6, 11, 14, 15, 21, 23
"""Where the planes begin, and their number. `FOUND`: places in the far view, column and row, and how much deeper than
the mean head the head is there, mm. `AROUND`: where in the patch the surroundings are seen, and their depth. `BESIDE`:
see `_surround`; `SHARES`, `SURE`: see `_weigh`; `TONES`: see `_colour`; `CELLS`: columns and rows of the chart."""
SPARE = 16
"""Places behind the end of a row of nodes in memory, so that the last has a next one."""
MARGIN_PX = np.float32(3)
"""Over this width along the border of a patch what is seen gives way to what is filled in."""
CELL_STEPS = 600.0
"""Steps to a cell of the chart, and from how many cells before the first one they are counted: see `Side.far_cells`."""
DEEPEST = 65535.0
"""Steps from the nearest depth of a view to the farthest."""
TEN_ZERO, TEN_LARGEST = 512.0, 511.0
"""Of a number of ten bits with a sign: what stands for 0, and how far it reaches from there."""
FILL_STEPS, FACTOR_STEPS = 4.0, 512.0
"""Steps to a grey level, and to a factor of 1."""
_0, _1, _HALF, _QUARTER = np.float32(0), np.float32(1), np.float32(0.5), np.float32(0.25)
_CELL, _ZERO = np.float32(1 / CELL_STEPS), np.float32(TEN_ZERO)
_FILL, _FACTOR, _SHARE = np.float32(1 / FILL_STEPS), np.float32(1 / FACTOR_STEPS), np.float32(1 / 255)


class Side(NamedTuple):
    """The side from which a view sees the mean head, see `renderer.view.ViewGeometry`.

    far_cells: (r, r) uint64, 16 bits each: column and row of the chart, counted in `CELL_STEPS` from -1, and depth, as
    a far camera sees them at rough nodes. far_surface: (t, t) words, depth and cover at nodes, 16 bits each. depth_mm:
    (2,), the nearest depth and the step from one to the next. eyes: (k, t, t, 1), what lies between the lids of those
    that are seen. parts: (2 + k, 4), of the nodes in which a layer is looked for: the first row and the one behind the
    last, and the same of columns.
    frame: (3, 3), turns vectors of the head frame to the view's, the first two rows in rough nodes.
    along: (c,) rough nodes from the middle of the view; along_mm the same in mm; fine_mm (g,) that of nodes.
    """

    far_cells: Pairs
    far_surface: Pairs
    depth_mm: Float32
    eyes: Float32
    parts: npt.NDArray[np.int64]
    frame: Float32
    along: Float32
    along_mm: Float32
    fine_mm: Float32


class Shown(NamedTuple):
    """What a frame shows of a face.

    deformation: (h, w) words of ten bits each, from the mean head, on the chart at half its resolution; step_mm: of
    them. weights: (H, W) words of bytes, see `renderer.appearance.Appearance`; fill, tone: (h, w) words of ten bits
    each, colours of what was not seen, in `FILL_STEPS`, and factors for what is taken from the mirror image, in
    `FACTOR_STEPS`. around: (m, n) words of bytes, tones of the surroundings and where the head stands; to_small:
    (2, 3), from the patch to them. patch: its pixels, each with the next one; size: its rows and columns.
    offsets: (n, n, 1) pairs, and grid, of the lens: see `renderer.sampling.LensOffsets`.
    """

    deformation: Pairs
    step_mm: float
    weights: Pairs
    fill: Pairs
    tone: Pairs
    around: Pairs
    to_small: Float32
    patch: Pairs
    size: tuple[int, int]
    offsets: Pairs
    grid: Float32


class Stand(NamedTuple):
    """How a view stands to a face in a frame.

    camera: (3,), the depth of the eyes, 1 / distance, and how many rough nodes the far view begins before the view.
    sheet: (3,), a, b and c of the depth a x + b y + c of the surroundings. matrices: (2 + k, 3, 4), take homogeneous
    points of the view's frame to where the patch shows the surface itself, its mirror image, and the other eye.
    same, near: how far the view is from the camera's own side, and from near it, 1 for not at all. steps: to take to
    where lines of sight meet the head.
    """

    camera: Float32
    sheet: Float32
    matrices: Float32
    same: float
    near: float
    steps: int


@inlined
def meet(side: Side, shown: Shown, camera: Float32, down: int, before: Float32, met: Float32, found: Float32) -> None:
    """Follow the lines of sight of row `down` of the rough nodes to where they meet a head, by one step there and back.

    before: (3, c), cells of the chart and depth where they met it a step before; met: the same, set to where they do
    now. found: (3, c), set, see `FOUND`.
    """
    eyes, nearness, beyond = camera[0], camera[1], camera[2]
    far, frame, along, words = side.far_cells, side.frame, side.along, shown.deformation
    step, nearest, deep = np.float32(shown.step_mm), side.depth_mm[0], side.depth_mm[1]
    for j in range(len(along)):
        place = place_of(
            before[0, j] * _HALF - _QUARTER, before[1, j] * _HALF - _QUARTER, words.shape[0], words.shape[1]
        )
        dx, dy, dz = tens_at(words, place)
        dx, dy, dz = (dx - _ZERO) * step, (dy - _ZERO) * step, (dz - _ZERO) * step
        across = frame[0, 0] * dx + frame[0, 1] * dy + frame[0, 2] * dz
        lower = frame[1, 0] * dx + frame[1, 1] * dy + frame[1, 2] * dz
        deeper = frame[2, 0] * dx + frame[2, 1] * dy + frame[2, 2] * dz
        spread = (before[2, j] - eyes + deeper) * nearness
        x = beyond + np.float32(j) + along[j] * spread - across
        y = beyond + np.float32(down) + along[down] * spread - lower
        column, row, depth = quarters_at(far, place_of(x, y, far.shape[0], far.shape[1]))
        met[0, j], met[1, j], met[2, j] = column * _CELL - _1, row * _CELL - _1, nearest + depth * deep
        found[0, j], found[1, j], found[2, j] = x, y, deeper


@inlined
def project(
    depth: Float32, along_mm: Float32, down_mm: np.float32, camera: Float32, matrix: Float32, x: Float32, y: Float32
) -> None:
    """Where in a patch that is seen which lies at a depth behind the nodes of a row.

    along_mm, down_mm: where they stand, from the middle of the view. matrix: (3, 4), see `Stand`.
    """
    eyes, nearness = camera[0], camera[1]
    for j in range(len(along_mm)):
        z = depth[j]
        spread = _1 + (z - eyes) * nearness
        u, v = along_mm[j] * spread, down_mm * spread
        scale = _1 / (matrix[2, 0] * u + matrix[2, 1] * v + matrix[2, 2] * z + matrix[2, 3])
        x[j] = (matrix[0, 0] * u + matrix[0, 1] * v + matrix[0, 2] * z + matrix[0, 3]) * scale
        y[j] = (matrix[1, 0] * u + matrix[1, 1] * v + matrix[1, 2] * z + matrix[1, 3]) * scale


@inlined
def bend(offsets: Pairs, grid: Float32, count: int, x: Float32, y: Float32) -> None:
    """Move places from where a pinhole shows them to where a lens does; offsets without rows are those of none."""
    if offsets.shape[0] == 0:
        return
    for j in range(count):
        u, v = (x[j] - grid[0, 0]) / grid[1, 0], (y[j] - grid[0, 1]) / grid[1, 1]
        right, down = pair_at(offsets, place_of(u, v, offsets.shape[0], offsets.shape[1]), 0)
        x[j] += right
        y[j] += down


@inlined
def _stand(along_mm: Float32, down_mm: np.float32, camera: Float32, sheet: Float32, depth: Float32) -> None:
    """Depth (c,) at which lines of sight of a row meet the sheet of the surroundings."""
    eyes, nearness = camera[0], camera[1]
    a, b, c = sheet[0], sheet[1], sheet[2]
    for j in range(len(along_mm)):
        slope = a * along_mm[j] + b * down_mm
        depth[j] = (slope * (_1 - eyes * nearness) + c) / (_1 - slope * nearness)


@inlined
def _surround(x: Float32, y: Float32, count: int, shown: Shown, beside: Float32) -> None:
    """What is around a head at places of the patch: beside (5, c) is set to tones, 0..255, where the head stands, and
    how far the place is in the patch, 0..1.
    """
    low, right = np.float32(shown.size[0] - 1), np.float32(shown.size[1] - 1)
    tones, to_small = shown.around, shown.to_small
    for j in range(count):
        small_x = to_small[0, 0] * x[j] + to_small[0, 1] * y[j] + to_small[0, 2]
        small_y = to_small[1, 0] * x[j] + to_small[1, 1] * y[j] + to_small[1, 2]
        place = place_of(small_x, small_y, tones.shape[0], tones.shape[1])
        beside[0, j], beside[1, j], beside[2, j], stands = bytes_at(tones, place)
        beside[3, j] = stands * _SHARE
        nearest = min(min(x[j], right - x[j]), min(y[j], low - y[j]))
        beside[4, j] = min(_1, max(_0, nearest / MARGIN_PX))


@inlined
def _weigh(
    met: Float32, weights: Pairs, beside: Float32, same: float, near: float, shares: Float32, sure: Float32
) -> None:
    """How much a row of rough nodes shows of what was seen: shares (3, c) are set to what is seen at a place itself, at
    its mirror image, and of the surroundings; sure, (c,), to the confidence.
    """
    as_seen, trusting = np.float32(same), np.float32(near)
    for j in range(met.shape[1]):
        place = place_of(met[0, j], met[1, j], weights.shape[0], weights.shape[1])
        own, mirrored, confidence, perhaps = bytes_at(weights, place)
        own, mirrored, confidence, perhaps = own * _SHARE, mirrored * _SHARE, confidence * _SHARE, perhaps * _SHARE
        inside = beside[4, j]
        more = max(perhaps - own, _0) * trusting
        own += more
        own += as_seen * (inside - own)
        shares[0, j] = own
        shares[1, j] = max(mirrored - more, _0) * (_1 - as_seen)
        shares[2, j] = inside * (_1 - beside[3, j] * (_1 - as_seen))
        sure[j] = max(confidence, as_seen * inside)


@inlined
def _colour(met: Float32, fill: Pairs, tone: Pairs, colours: Float32) -> None:
    """What a row of rough nodes takes from the chart: colours (6, c), those of what was not seen, and factors."""
    for j in range(met.shape[1]):
        place = place_of(met[0, j] * _HALF - _QUARTER, met[1, j] * _HALF - _QUARTER, fill.shape[0], fill.shape[1])
        blue, green, red = tens_at(fill, place)
        colours[0, j], colours[1, j], colours[2, j] = blue * _FILL, green * _FILL, red * _FILL
        blue, green, red = tens_at(tone, place)
        colours[3, j], colours[4, j], colours[5, j] = blue * _FACTOR, green * _FACTOR, red * _FACTOR


@inlined
def _copy(rows: Float32, to: Float32) -> None:
    for k in range(rows.shape[0]):
        for j in range(rows.shape[1]):
            to[k, j] = rows[k, j]


@inlined
def explore(side: Side, shown: Shown, stand: Stand, down: int, before: Float32, met: Float32, known: Float32) -> None:
    """Find out what is known of row `down` of the rough nodes: known (KNOWN, c) is set.

    met: (3, c), where lines of sight met the head a moment ago, and are found to meet it. before: (3, c), memory.
    """
    for _ in range(stand.steps):
        _copy(met, before)
        meet(side, shown, stand.camera, down, before, met, known[FOUND:AROUND])
    _copy(met[:2], known[CELLS:KNOWN])
    along_mm, down_mm = side.along_mm, side.along_mm[down]
    x, y, depth = known[AROUND], known[AROUND + 1], known[AROUND + 2]
    _stand(along_mm, down_mm, stand.camera, stand.sheet, depth)
    project(depth, along_mm, down_mm, stand.camera, stand.matrices[0], x, y)
    bend(shown.offsets, shown.grid, len(along_mm), x, y)
    beside = known[BESIDE:SHARES]
    _surround(x, y, len(along_mm), shown, beside)
    _weigh(met, shown.weights, beside, stand.same, stand.near, known[SHARES:SURE], known[SURE])
    _colour(met, shown.fill, shown.tone, known[TONES:CELLS])

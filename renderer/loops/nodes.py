"""What is known of a view at its rough nodes.

Planes are float32 and stand one after the other, (k, rows, columns), so that several nodes of a row are worked on at a
time; nodes and rough nodes are those of `renderer.view.ViewGeometry`: c, g = 2 c and f = 4 c are the numbers of rough
nodes, nodes and pixels along a side of a view with what lies around it. A patch is (h, w) uint32, a pixel's blue in its
lowest byte, then green, red.
"""

from __future__ import annotations

import numpy as np

from renderer.loops.compiled import compiled
from renderer.loops.lookup import Float32, Packed, place_of, value_at

_0, _1, _HALF, _QUARTER = np.float32(0), np.float32(1), np.float32(0.5), np.float32(0.25)


@compiled
def meet(
    far: Float32, deformation: Float32, frame: Float32, along: Float32, camera: Float32, met: Float32, found: Float32
) -> None:
    """Follow lines of sight to where they meet a head, by one step there and back.

    far: (r, r, 3), cells of the chart and depth as a far camera sees them. deformation: (h, w, 3) mm on the chart at
    half its resolution. frame: (3, 3), turns it to the view's frame, the first two rows in rough nodes. along: (c,)
    rough nodes from the middle of the view. camera: the depth of the eyes, 1 / distance, and how many rough nodes
    `far` begins before the view.

    met: (3, c, c), as `far`, where the lines met the head a step before; set anew. found: (3, c, c), set to the places
    in `far`, column and row, and to how much deeper than the mean head the head is there, mm.
    """
    eyes, nearness, beyond = camera[0], camera[1], camera[2]
    count = len(along)
    for i in range(count):
        for j in range(count):
            x, y = met[0, i, j] * _HALF - _QUARTER, met[1, i, j] * _HALF - _QUARTER
            place = place_of(x, y, deformation.shape[0], deformation.shape[1])
            dx, dy, dz = (
                value_at(deformation, place, 0),
                value_at(deformation, place, 1),
                value_at(deformation, place, 2),
            )
            across = frame[0, 0] * dx + frame[0, 1] * dy + frame[0, 2] * dz
            down = frame[1, 0] * dx + frame[1, 1] * dy + frame[1, 2] * dz
            deeper = frame[2, 0] * dx + frame[2, 1] * dy + frame[2, 2] * dz
            spread = (met[2, i, j] - eyes + deeper) * nearness
            x = beyond + np.float32(j) + along[j] * spread - across
            y = beyond + np.float32(i) + along[i] * spread - down
            place = place_of(x, y, far.shape[0], far.shape[1])
            for k in range(3):
                met[k, i, j] = value_at(far, place, k)
            found[0, i, j], found[1, i, j], found[2, i, j] = x, y, deeper


@compiled
def project_row(
    depth: Float32, along: Float32, down: np.float32, camera: Float32, matrix: Float32, x: Float32, y: Float32
) -> None:
    """Where in a patch that is seen which lies at a depth behind the nodes of a row, `down` mm from the middle."""
    eyes, nearness = camera[0], camera[1]
    for j in range(len(along)):
        z = depth[j]
        spread = _1 + (z - eyes) * nearness
        u, v = along[j] * spread, down * spread
        scale = _1 / (matrix[2, 0] * u + matrix[2, 1] * v + matrix[2, 2] * z + matrix[2, 3])
        x[j] = (matrix[0, 0] * u + matrix[0, 1] * v + matrix[0, 2] * z + matrix[0, 3]) * scale
        y[j] = (matrix[1, 0] * u + matrix[1, 1] * v + matrix[1, 2] * z + matrix[1, 3]) * scale


@compiled
def bend_row(offsets: Float32, grid: Float32, x: Float32, y: Float32) -> None:
    """Move places from where a pinhole shows them to where a lens does; offsets without rows are those of none."""
    if offsets.shape[0] == 0:
        return
    for j in range(len(x)):
        u, v = (x[j] - grid[0, 0]) / grid[1, 0], (y[j] - grid[0, 1]) / grid[1, 1]
        place = place_of(u, v, offsets.shape[0], offsets.shape[1])
        x[j] += value_at(offsets, place, 0)
        y[j] += value_at(offsets, place, 1)


@compiled
def stand(along: Float32, camera: Float32, sheet: Float32, depth: Float32) -> None:
    """Depth (c, c) at which lines of sight meet the sheet of the surroundings, a x + b y + c; sheet: a, b, c.

    along: (c,) mm from the middle of the view. camera: see `meet`.
    """
    eyes, nearness = camera[0], camera[1]
    a, b, c = sheet[0], sheet[1], sheet[2]
    for i in range(len(along)):
        for j in range(len(along)):
            slope = a * along[j] + b * along[i]
            depth[i, j] = (slope * (_1 - eyes * nearness) + c) / (_1 - slope * nearness)


@compiled
def project(
    depth: Float32,
    along: Float32,
    camera: Float32,
    matrix: Float32,
    offsets: Float32,
    grid: Float32,
    places: Float32,
) -> None:
    """Where in a patch, column and row (2, c, c), that is seen which lies at a depth (c, c) behind the rough nodes.

    along: (c,) mm from the middle of the view. camera: see `meet`. matrix: (3, 4), takes homogeneous points of the
    view's frame to the patch. offsets, grid: of the lens, see `renderer.sampling.LensOffsets`.
    """
    for i in range(len(along)):
        project_row(depth[i], along, along[i], camera, matrix, places[0, i], places[1, i])
        bend_row(offsets, grid, places[0, i], places[1, i])


@compiled
def surround(around: Float32, patch: Packed, margin: float, tones: Float32, to_small: Float32, beside: Float32) -> None:
    """What is around a head at the rough nodes.

    around: (3, c, c), where in a patch it stands. margin: so near to its border
    nothing is trusted. tones: (h, w, 4) of the surroundings, 0..255, and where the head stands; to_small: (2, 3), from
    the patch to it. beside: (5, c, c), set to tones, where the head stands, and how far the node is in the patch.
    """
    low, right = np.float32(patch.shape[0] - 1), np.float32(patch.shape[1] - 1)
    per_margin = np.float32(1 / margin)
    for i in range(around.shape[1]):
        for j in range(around.shape[2]):
            x, y = around[0, i, j], around[1, i, j]
            small_x = to_small[0, 0] * x + to_small[0, 1] * y + to_small[0, 2]
            small_y = to_small[1, 0] * x + to_small[1, 1] * y + to_small[1, 2]
            place = place_of(small_x, small_y, tones.shape[0], tones.shape[1])
            for k in range(4):
                beside[k, i, j] = value_at(tones, place, k)
            nearest = min(min(x, right - x), min(y, low - y))
            beside[4, i, j] = min(_1, max(_0, nearest * per_margin))


@compiled
def weigh(
    met: Float32, weights: Float32, beside: Float32, same: float, near: float, shares: Float32, sure: Float32
) -> None:
    """How much rough nodes show of what was seen.

    met: (3, c, c), see `meet`. weights: (H, W, 4), see `renderer.appearance.Appearance`. beside: (5, c, c), see
    `surround`. same, near: how far the view is from the camera's own side, and from near it, 1 for not at all.

    shares: (3, c, c), set to what is seen at a place itself, at its mirror image, and of the surroundings; sure:
    (c, c), to the confidence.
    """
    as_seen, trusting = np.float32(same), np.float32(near)
    for i in range(sure.shape[0]):
        for j in range(sure.shape[1]):
            place = place_of(met[0, i, j], met[1, i, j], weights.shape[0], weights.shape[1])
            inside = beside[4, i, j]
            own, mirrored = value_at(weights, place, 0), value_at(weights, place, 1)
            more = max(value_at(weights, place, 3) - own, _0) * trusting
            own += more
            own += as_seen * (inside - own)
            shares[0, i, j] = own
            shares[1, i, j] = max(mirrored - more, _0) * (_1 - as_seen)
            shares[2, i, j] = inside * (_1 - beside[3, i, j] * (_1 - as_seen))
            sure[i, j] = max(value_at(weights, place, 2), as_seen * inside)


@compiled
def colour(met: Float32, fill: Float32, tone: Float32, colours: Float32) -> None:
    """What rough nodes take from the chart at half its resolution, (h, w, 3) each: colours of what was not seen, and
    factors for what is taken from the mirror image. met: (3, c, c), see `meet`. colours: (6, c, c), set.
    """
    for i in range(met.shape[1]):
        for j in range(met.shape[2]):
            x, y = met[0, i, j] * _HALF - _QUARTER, met[1, i, j] * _HALF - _QUARTER
            place = place_of(x, y, fill.shape[0], fill.shape[1])
            for k in range(3):
                colours[k, i, j] = value_at(fill, place, k)
                colours[k + 3, i, j] = value_at(tone, place, k)

"""How well each cell of the chart is seen, and what it is therefore taken from."""

from __future__ import annotations

import numpy as np

from renderer.loops.compiled import compiled, inlined
from renderer.loops.lookup import Float32
from renderer.loops.ramps import limited, ramp

_SEEN_FROM, _SEEN_TO = np.float32(0.05), np.float32(0.2)
"""Cosines of the angle between surface and line of sight from which on something of it, and all of it, is used."""
_PERHAPS_FROM, _PERHAPS_TO = np.float32(0.02), np.float32(0.1)
"""The same, for views from near the camera's side, which show little that the camera does not."""
_SQUARELY = np.float32(0.5)
"""From this cosine on what is seen is trusted fully."""
_TURNED_FROM, _TURNED_TO = np.float32(0.02), np.float32(0.2)
"""Cosines between the surface and the real line of sight from which on it is seen at all, and surely."""
_OWN_FROM, _OWN_TO = np.float32(0.15), np.float32(0.6)
"""How well a place must be seen, over how well its mirror image is, to begin to be used and to be used alone."""
_LITTLE = np.float32(1e-3)
_NEARER, _FARTHER = np.float32(0.75), np.float32(0.25)
"""Shares of the two cells of a chart of half the resolution between which one stands."""
_0, _1, _2, _HALF = np.float32(0), np.float32(1), np.float32(2), np.float32(0.5)
_NINTH = np.float32(1 / 9)


@compiled
def show(
    points: Float32,
    normals: Float32,
    camera: Float32,
    pixels: Float32,
    size: tuple[int, int],
    margin: float,
    visible: Float32,
) -> None:
    """How far, 0..1, places of the head lie in a patch and are turned to a camera: visible (h, w), set.

    points, normals: (h, w, 3) mm of the head frame. camera: (3,), where it stands there; from near by it sees less of a
    head's sides than from afar. pixels: (h, w, 2), where the places are in a patch of `size`; `margin` pixels from its
    border on they are trusted.
    """
    low, right, per_margin = np.float32(size[0] - 1), np.float32(size[1] - 1), np.float32(1 / margin)
    for i in range(visible.shape[0]):
        for j in range(visible.shape[1]):
            x, y, z = camera[0] - points[i, j, 0], camera[1] - points[i, j, 1], camera[2] - points[i, j, 2]
            towards = x * normals[i, j, 0] + y * normals[i, j, 1] + z * normals[i, j, 2]
            u, v = pixels[i, j, 0], pixels[i, j, 1]
            inside = min(max(min(min(u, right - u), min(v, low - v)) * per_margin, _0), _1)
            visible[i, j] = inside * ramp(towards / np.sqrt(x * x + y * y + z * z), _TURNED_FROM, _TURNED_TO)


@compiled
def dim(share: Float32, cosine: Float32) -> None:
    """Multiply (H, W) by shares given at half the resolution, (h, w)."""
    rows, columns = share.shape
    line = np.empty(columns + 2, np.float32)
    for i in range(2 * rows):
        near, far = i // 2, min(max(i // 2 + 2 * (i % 2) - 1, 0), rows - 1)
        for j in range(columns):
            line[j + 1] = _NEARER * share[near, j] + _FARTHER * share[far, j]
        line[0], line[columns + 1] = line[1], line[columns]
        for j in range(columns):
            cosine[i, 2 * j] *= _NEARER * line[j + 1] + _FARTHER * line[j]
            cosine[i, 2 * j + 1] *= _NEARER * line[j + 1] + _FARTHER * line[j + 2]


@compiled
def weigh(cosine: Float32, safe: Float32, weights: Float32) -> None:
    """The weights (H, W, 4) of a `renderer.appearance.Appearance`, set, from a `renderer.appearance.Sight`."""
    rows, columns = cosine.shape
    well, raw, across = (
        np.empty((2, columns), np.float32),
        np.empty((3, 4, columns), np.float32),
        np.empty((4, columns), np.float32),
    )
    # Seams are softened: each cell is the mean of nine. Of the rows that takes, the last three are kept.
    for i in range(rows + 1):
        if i < rows:
            _weigh_row(cosine[i], safe[i], well, raw[i % 3])
        if i == 0:
            continue
        above, below = abs(i - 2) % 3, (rows - 1 - abs(rows - 1 - i)) % 3
        for k in range(4):
            for j in range(columns):
                across[k, j] = (raw[above, k, j] + raw[(i - 1) % 3, k, j] + raw[below, k, j]) * _NINTH
        for k in range(4):
            weights[i - 1, 0, k] = across[k, 0] + _2 * across[k, 1]
            for j in range(1, columns - 1):
                weights[i - 1, j, k] = across[k, j - 1] + across[k, j] + across[k, j + 1]
            weights[i - 1, columns - 1, k] = across[k, columns - 1] + _2 * across[k, columns - 2]


@inlined
def _weigh_row(cosine: Float32, safe: Float32, well: Float32, raw: Float32) -> None:
    """Weights of a row of cells, (4, W), before they are softened. well: (2, W), memory."""
    columns = len(cosine)
    for j in range(columns):
        well[0, j] = cosine[j] * safe[j]
    for j in range(columns):
        well[1, j] = well[0, columns - 1 - j]
    for j in range(columns):
        here, there = well[0, j], well[1, j]
        known = ramp(max(here, there), _SEEN_FROM, _SEEN_TO)
        own = known * ramp(here / (there + _LITTLE), _OWN_FROM, _OWN_TO)
        mirrored = known - own
        raw[0, j], raw[1, j] = own, mirrored
        raw[2, j] = own * min(here / _SQUARELY, _1) + _HALF * mirrored * min(there / _SQUARELY, _1)
        raw[3, j] = limited(cosine[j], _PERHAPS_FROM, _PERHAPS_TO)

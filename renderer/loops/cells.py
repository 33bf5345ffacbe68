"""How well each cell of the chart is seen, and what it is therefore taken from."""

from __future__ import annotations

import numpy as np

from renderer.loops.compiled import compiled
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
def weigh(cosine: Float32, safe: Float32, weights: Float32) -> None:
    """The weights (H, W, 4) of a `renderer.appearance.Appearance`, set, from a `renderer.appearance.Sight`."""
    rows, columns = cosine.shape
    well, raw = np.empty((2, columns), np.float32), np.empty((4, rows, columns), np.float32)
    for i in range(rows):
        for j in range(columns):
            well[0, j] = cosine[i, j] * safe[i, j]
        for j in range(columns):
            well[1, j] = well[0, columns - 1 - j]
        for j in range(columns):
            here, there = well[0, j], well[1, j]
            known = ramp(max(here, there), _SEEN_FROM, _SEEN_TO)
            own = known * ramp(here / (there + _LITTLE), _OWN_FROM, _OWN_TO)
            mirrored = known - own
            raw[0, i, j], raw[1, i, j] = own, mirrored
            raw[2, i, j] = own * min(here / _SQUARELY, _1) + _HALF * mirrored * min(there / _SQUARELY, _1)
            raw[3, i, j] = limited(cosine[i, j], _PERHAPS_FROM, _PERHAPS_TO)
    # Seams are softened: each cell is the mean of nine.
    across = np.empty((4, columns), np.float32)
    for i in range(rows):
        above, below = abs(i - 1), rows - 1 - abs(rows - 2 - i)
        for k in range(4):
            for j in range(columns):
                across[k, j] = (raw[k, above, j] + raw[k, i, j] + raw[k, below, j]) * _NINTH
        for k in range(4):
            weights[i, 0, k] = across[k, 0] + _2 * across[k, 1]
            for j in range(1, columns - 1):
                weights[i, j, k] = across[k, j - 1] + across[k, j] + across[k, j + 1]
            weights[i, columns - 1, k] = across[k, columns - 1] + _2 * across[k, columns - 2]

"""Which triangle of a surface is seen at every pixel, in plain numpy: for what is drawn once and kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]
Int32 = npt.NDArray[np.int32]

_CANDIDATES_AT_ONCE = 1 << 20


def rasterise(screen: npt.NDArray[np.floating[Any]], triangles: Int32, size: tuple[int, int]) -> tuple[Int32, Float32]:
    """The nearest triangle at every pixel centre of a picture of `size` (rows, columns).

    screen: (V, 3), x and y in pixels with centres at whole numbers, and depth, which grows away from the viewer.
    triangles: (T, 3); those that a viewer sees wind counter-clockwise face the viewer, the others are left out.

    Returns triangle (H, W) int32, -1 where none, and the weights (H, W, 3) float32 of its corners, 0 where none.
    """
    rows, columns = size
    corners = screen[triangles]
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    area: npt.NDArray[np.floating[Any]] = (c[:, 0] - a[:, 0]) * (b[:, 1] - a[:, 1]) - (b[:, 0] - a[:, 0]) * (
        c[:, 1] - a[:, 1]
    )
    low = np.maximum(np.ceil(corners[..., :2].min(1)), 0).astype(int)
    high = np.minimum(np.floor(corners[..., :2].max(1)), [columns - 1, rows - 1]).astype(int)
    extent = (high - low).max(1) + 1
    facing = (area > 1e-9) & (high >= low).all(1)

    found = [_covered(corners, area, low, numbers, span) for numbers, span in _batches(facing, extent)]
    index = np.full(rows * columns, -1, np.int32)
    weights = np.zeros((rows * columns, 3), np.float32)
    if found:
        number, x, y, w, depth = (np.concatenate(column) for column in zip(*found, strict=True))
        inside = (x < columns) & (y < rows)
        number, w, depth = number[inside], w[inside], depth[inside]
        pixel = y[inside] * columns + x[inside]
        nearest_last = np.argsort(-depth, kind="stable")
        pixel = pixel[nearest_last]
        index[pixel] = number[nearest_last]
        weights[pixel] = w[nearest_last]
    return index.reshape(size), weights.reshape(*size, 3)


def interpolate(index: Int32, weights: Float32, triangles: Int32, at_vertices: Float32) -> Float32:
    """What is given at the vertices (V, n) float32, at every covered pixel (H, W, n) float32, 0 where none."""
    found = np.zeros((*index.shape, at_vertices.shape[1]), np.float32)
    covered = index >= 0
    found[covered] = np.einsum("pk,pkn->pn", weights[covered], at_vertices[triangles[index[covered]]])
    return found


def _batches(facing: npt.NDArray[np.bool_], extent: npt.NDArray[np.int64]) -> list[tuple[npt.NDArray[np.int64], int]]:
    """Numbers of triangles of about one extent together, with that extent, in batches of bounded memory."""
    batches = []
    span = 1
    while (facing & (extent > span // 2)).any():
        numbers = np.flatnonzero(facing & (extent > span // 2) & (extent <= span))
        parts = -(-len(numbers) * span * span // _CANDIDATES_AT_ONCE)
        batches += [(part, span) for part in np.array_split(numbers, max(parts, 1)) if part.size]
        span *= 2
    return batches


def _covered(
    corners: npt.NDArray[np.floating[Any]],
    area: npt.NDArray[np.floating[Any]],
    low: npt.NDArray[np.int64],
    numbers: npt.NDArray[np.int64],
    span: int,
) -> tuple[npt.NDArray[Any], ...]:
    """Triangle number, x, y, corner weights (n, 3) and depth of every pixel the triangles `numbers` cover."""
    step_y, step_x = np.divmod(np.arange(span * span), span)
    x = low[numbers, 0, None] + step_x
    y = low[numbers, 1, None] + step_y
    (ax, ay, az), (bx, by, bz), (cx, cy, cz) = (corners[numbers, k].T[..., None] for k in range(3))
    inverse = 1 / area[numbers, None]
    wa = ((cx - x) * (by - y) - (bx - x) * (cy - y)) * inverse
    wb = ((ax - x) * (cy - y) - (cx - x) * (ay - y)) * inverse
    wc = 1 - wa - wb
    inside = (wa >= 0) & (wb >= 0) & (wc >= 0)
    depth = wa * az + wb * bz + wc * cz
    which = np.broadcast_to(numbers[:, None], inside.shape)
    weights = np.stack([wa[inside], wb[inside], wc[inside]], axis=1).astype(np.float32)
    return which[inside], x[inside], y[inside], weights, depth[inside].astype(np.float32)

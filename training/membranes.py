"""Surfaces across the open mouth and the lids, so that the head of the views has no holes.

What lies between the lips or the lids in a photograph (teeth, an eyeball) is seen through them as on a window.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.interpolate import griddata

from training.head_model import HeadModel

Float32 = npt.NDArray[np.float32]
Int32 = npt.NDArray[np.int32]

_RINGS = (0.66, 0.33)


@dataclass(frozen=True)
class Membrane:
    """New vertices between those of a loop, and triangles over them.

    sources: (N, n) int32 vertices of the head model, weights: (N, n) float32 that sum to 1, bulge: (N, 3) float32 mm.
    triangles: (T, 3) int32; vertices of the head model, or -1, -2, ... for the first, second, ... new one.
    """

    sources: Int32
    weights: Float32
    bulge: Float32
    triangles: Int32


def close_mouth(model: HeadModel, loop: list[int]) -> Membrane:
    """Zip the lips: upper and lower edge joined from corner to corner, no new vertices."""
    x = model.neutral[loop, 0]
    start, end = int(x.argmin()), int(x.argmax())
    turned = loop[start:] + loop[:start]
    split = (end - start) % len(loop)
    first, second = turned[: split + 1], [turned[0], *turned[: split - 1 : -1]]
    triangles = []
    i = j = 0
    while i < len(first) - 1 or j < len(second) - 1:
        ahead_first = model.neutral[first[min(i + 1, len(first) - 1)], 0]
        ahead_second = model.neutral[second[min(j + 1, len(second) - 1)], 0]
        if j == len(second) - 1 or (i < len(first) - 1 and ahead_first <= ahead_second):
            triangles.append((first[i], first[i + 1], second[j]))
            i += 1
        else:
            triangles.append((first[i], second[j + 1], second[j]))
            j += 1
    proper = [t for t in triangles if len(set(t)) == 3]
    return Membrane(
        sources=np.zeros((0, 1), np.int32),
        weights=np.zeros((0, 1), np.float32),
        bulge=np.zeros((0, 3), np.float32),
        triangles=np.array(proper, np.int32),
    )


def close_eye(model: HeadModel, loop: list[int]) -> Membrane:
    """A dome between the lids as high as the eyeball, of rings that shrink towards the middle."""
    count = len(loop)
    edge = model.neutral[loop]
    sources, weights = [], []
    for ring in _RINGS:
        for i in range(count):
            row = np.full(count, (1 - ring) / count)
            row[i] += ring
            sources.append(loop)
            weights.append(row)
    sources.append(loop)
    weights.append(np.full(count, 1 / count))
    flat = np.array(weights) @ edge
    ball = model.neutral[model.part("eyeball_left" if edge[:, 0].mean() > 0 else "eyeball_right")]
    front = ball[ball[:, 2] < np.median(ball[:, 2]) - 2]
    depth = griddata(front[:, :2], front[:, 2], flat[:, :2])
    bulge = np.zeros_like(flat)
    bulge[:, 2] = np.minimum(np.nan_to_num(depth - flat[:, 2]), 0)
    triangles: list[tuple[int, int, int]] = []
    outer = list(loop)
    for ring_number in range(len(_RINGS)):
        inner = [-1 - (ring_number * count + i) for i in range(count)]
        for i in range(count):
            j = (i + 1) % count
            triangles += [(outer[i], outer[j], inner[j]), (outer[i], inner[j], inner[i])]
        outer = inner
    middle = -1 - len(_RINGS) * count
    triangles += [(outer[i], outer[(i + 1) % count], middle) for i in range(count)]
    return Membrane(
        sources=np.array(sources, np.int32),
        weights=np.array(weights, np.float32),
        bulge=bulge.astype(np.float32),
        triangles=np.array(triangles, np.int32),
    )

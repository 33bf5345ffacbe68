"""Who is who: boxes of one frame against the boxes at which tracks are expected."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from fpn.roi import Box

_SIZE_RATIO = 2.5  # between boxes of one face: detectors draw them differently, and a lost face may come nearer
_SAME_CENTER = 0.4  # of the mean size: centres nearer than this, with sizes so alike, are one face
_SAME_SIZE_RATIO = 1.6
_INSIDE = 0.65  # share of the smaller of two boxes in the larger


def assign_boxes(expected: Sequence[Box], reaches: Sequence[float], found: Sequence[Box]) -> list[tuple[int, int]]:
    """Pairs (index of an expected box, index of a found one) that together cost least; the rest remains single.

    The cost is the distance of the centres over the mean size, plus the logarithm of the ratio of the sizes. A pair is
    possible if the centres are no farther apart than the expected box's reach, in sizes, and the sizes not too unlike.
    """
    if not expected or not found:
        return []
    impossible = 1e6
    costs = np.full((len(expected), len(found)), impossible)
    for i, (mine, reach) in enumerate(zip(expected, reaches, strict=True)):
        for j, other in enumerate(found):
            distance, ratio = _separation(mine, other)
            if distance <= reach and ratio <= _SIZE_RATIO:
                costs[i, j] = distance + math.log(ratio)
    rows, columns = linear_sum_assignment(costs)
    return [(int(i), int(j)) for i, j in zip(rows, columns, strict=True) if costs[i, j] < impossible]


def is_same_face(first: Box, second: Box) -> bool:
    """Whether two boxes, both drawn by the network, can only be of one face."""
    distance, ratio = _separation(first, second)
    return distance < _SAME_CENTER and ratio < _SAME_SIZE_RATIO


def is_inside(first: Box, second: Box) -> bool:
    """Whether most of the smaller of two boxes lies in the larger."""
    width = min(first.x + first.width, second.x + second.width) - max(first.x, second.x)
    height = min(first.y + first.height, second.y + second.height) - max(first.y, second.y)
    smaller = min(first.width * first.height, second.width * second.height)
    return max(width, 0.0) * max(height, 0.0) > _INSIDE * smaller


def _separation(first: Box, second: Box) -> tuple[float, float]:
    """Distance of the centres over the mean size, and the ratio, at least 1, of the sizes (root of the area)."""
    sizes = math.sqrt(first.width * first.height), math.sqrt(second.width * second.height)
    dx = first.x + first.width / 2 - second.x - second.width / 2
    dy = first.y + first.height / 2 - second.y - second.height / 2
    if min(sizes) <= 0:
        return math.inf, math.inf
    return math.hypot(dx, dy) / (sum(sizes) / 2), max(sizes) / min(sizes)

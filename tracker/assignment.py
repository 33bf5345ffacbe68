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
                costs[i, j] = displacement(mine, other)
    rows, columns = linear_sum_assignment(costs)
    return [(int(i), int(j)) for i, j in zip(rows, columns, strict=True) if costs[i, j] < impossible]


def displacement(expected: Box, found: Box) -> float:
    """How far a found box is from the expected one: distance of the centres in sizes plus log of the ratio of sizes."""
    distance, ratio = _separation(expected, found)
    return distance + math.log(ratio)


def is_same_face(first: Box, second: Box) -> bool:
    """Whether two boxes, both drawn by the network, can only be of one face."""
    distance, ratio = _separation(first, second)
    return distance < _SAME_CENTER and ratio < _SAME_SIZE_RATIO


def is_inside(first: Box, second: Box) -> bool:
    """Whether most of the smaller of two boxes lies in the larger."""
    smaller, larger = sorted((first, second), key=lambda box: box.width * box.height)
    return covered_share(smaller, larger) > _INSIDE


def covered_share(box: Box, other: Box) -> float:
    """Share of a box's area that lies in another."""
    width = min(box.x + box.width, other.x + other.width) - max(box.x, other.x)
    height = min(box.y + box.height, other.y + other.height) - max(box.y, other.y)
    area = box.width * box.height
    return max(width, 0.0) * max(height, 0.0) / area if area > 0 else 0.0


def can_follow(expected: Box, found: Box, reach: float, growth: float) -> bool:
    """Whether a face expected in a box can be the one found in another, both drawn by the network.

    reach: the most that the centres may be apart, in sizes. growth: the largest ratio of the sizes.
    """
    distance, ratio = _separation(expected, found)
    return distance <= reach and ratio <= growth


def _separation(first: Box, second: Box) -> tuple[float, float]:
    """Distance of the centres over the mean size, and the ratio, at least 1, of the sizes (root of the area)."""
    sizes = math.sqrt(first.width * first.height), math.sqrt(second.width * second.height)
    dx = first.x + first.width / 2 - second.x - second.width / 2
    dy = first.y + first.height / 2 - second.y - second.height / 2
    if min(sizes) <= 0:
        return math.inf, math.inf
    return math.hypot(dx, dy) / (sum(sizes) / 2), max(sizes) / min(sizes)

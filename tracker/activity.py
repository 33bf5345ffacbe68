"""How much a head is moving, judged by how its measurements surprise the filter."""

from __future__ import annotations

import math
from collections.abc import Sequence


class Activity:
    """Levels from 0 (rests) to 1 (moves) of several three-dimensional quantities, here a head's rotation and position.

    At rest, innovations are noise: they point now here, now there, and their running mean stays small. When the head
    starts to move they all point the same way, and the mean grows at once. The level is a function of that mean's
    length over what noise alone would give (an innovation whiteness test, after Mehra 1970, "On the identification of
    variances and adaptive Kalman filtering"). It rises within a frame and falls over `settle_s`, so that the turning
    points of a movement, where the innovations change sign, do not count as rest.
    """

    def __init__(self, count: int, *, memory_s: float, settle_s: float, quiet: float, moving: float) -> None:
        """
        count: number of quantities, each of three coordinates.
        memory_s: how long an innovation counts.
        quiet, moving: lengths of the mean, over its length under noise, at which a level is 0 and 1.
        """
        self._memory_s = memory_s
        self._settle_s = settle_s
        self._quiet = quiet
        self._moving = moving
        self._count = count
        self.reset()

    def reset(self) -> None:
        """Forget the past: everything rests until it surprises."""
        self.levels = (0.0,) * self._count
        self._sums = [0.0] * (3 * self._count)
        self._weights_squared = 0.0

    def observe(
        self, innovation: Sequence[float], variance: Sequence[float], time_step_s: float, eager: float = 1.0
    ) -> None:
        """Take innovations (3 count,) with the variances (3 count,) of the noise in them.

        eager: share of the way from `quiet` to `moving` after which it counts as a full movement this time.
        """
        keep = math.exp(-time_step_s / self._memory_s)
        self._sums = [
            keep * total + change / math.sqrt(spread)
            for total, change, spread in zip(self._sums, innovation, variance, strict=True)
        ]
        self._weights_squared = keep * keep * self._weights_squared + 1
        fallen = math.exp(-time_step_s / self._settle_s)
        squares = iter([total * total for total in self._sums])
        self.levels = tuple(
            [
                max(level * fallen, self._level_of(a + b + c, eager))
                for level, a, b, c in zip(self.levels, squares, squares, squares, strict=True)
            ]
        )

    def _level_of(self, squared_length: float, eager: float) -> float:
        surprise = math.sqrt(squared_length / (3 * self._weights_squared))
        return min(max((surprise - self._quiet) / (eager * (self._moving - self._quiet)), 0.0), 1.0)

"""How much measurements tremble from frame to frame, learnt from themselves."""

from __future__ import annotations

import math
from collections.abc import Sequence

_SAMPLES = 4  # a third difference takes four
_OUTLIER = 6.0  # a squared trembling over this many times the usual one counts as that: a jump is not noise


class NoiseLevel:
    """The part of the claimed measurement variance that changes from frame to frame, as a factor for every axis.

    A network's error on a face is mostly the same in the next frame: it says how far the pose may be from the truth,
    and nothing about how much it trembles. Taking all of it for noise would make the filter sluggish without need. The
    trembling is measured by third divided differences of four neighbouring measurements: these are exactly zero for
    any motion of constant acceleration, at even or uneven time steps, and have variance 1 for white noise of variance
    1 when divided by the root of the sum of their weights squared.

    All in plain numbers: for six of them at a time numpy takes several times as long.
    """

    def __init__(
        self, axes: int, *, expected: float, weight_s: float, memory_s: float, lowest: float, highest: float
    ) -> None:
        """
        axes: number of coordinates.
        expected: variance of the trembling over the claimed variance before anything was measured.
        weight_s: how many seconds of measurements that expectation is worth.
        memory_s: how far back measurements count.
        lowest, highest: bounds of the factor, as variance over claimed variance.
        """
        self._prior_s = weight_s
        self._memory_s = memory_s
        self._lowest = lowest
        self._highest = highest
        self.variance_factor = [expected] * axes
        self._trust_s = weight_s
        self.interrupt()

    def interrupt(self) -> None:
        """Begin a new run of neighbouring measurements, after a gap or a jump; what was learnt stays."""
        self._steps_s = [0.0] * (_SAMPLES - 1)
        nothing: Sequence[float] = [0.0] * len(self.variance_factor)
        self._changes = [nothing] * (_SAMPLES - 1)
        self._missing = _SAMPLES - 1

    def observe(self, change: Sequence[float], claimed_variance: Sequence[float], time_step_s: float) -> None:
        """Take the change (axes,) since the last measurement, `time_step_s` > 0 ago, and the claimed variances."""
        del self._steps_s[0]
        self._steps_s.append(time_step_s)
        del self._changes[0]
        self._changes.append(change)
        self._missing = max(self._missing - 1, 0)
        if self._missing:
            return
        first, second, third = _third_difference(*self._steps_s)
        self._trust_s = min(self._trust_s + time_step_s, self._memory_s)
        share = -math.expm1(-time_step_s / self._trust_s)
        lowest, highest, factors = self._lowest, self._highest, []
        for factor, variance, a, b, c in zip(self.variance_factor, claimed_variance, *self._changes, strict=True):
            trembling = first * a + second * b + third * c
            ratio = trembling * trembling / variance
            factor += share * ((ratio if ratio < _OUTLIER * factor else _OUTLIER * factor) - factor)
            factors.append(lowest if factor < lowest else highest if factor > highest else factor)
        self.variance_factor = factors


def _third_difference(a: float, b: float, c: float) -> tuple[float, float, float]:
    """Weights (3,) of the changes between four samples that are a, b and c apart.

    On the samples themselves these are the weights of the third divided difference, brought to unit length: their sum
    vanishes for every parabola.
    """
    left, right = a + b, b + c
    span = left + c
    first, second, third, last = -b * c * right, c * left * span, -a * right * span, a * b * left
    length = math.sqrt(first * first + second * second + third * third + last * last)
    return -first / length, (third + last) / length, last / length

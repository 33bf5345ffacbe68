"""How much measurements tremble from frame to frame, learnt from themselves."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]

_SAMPLES = 4  # a third difference takes four
_OUTLIER = 6.0  # a squared trembling over this many times the usual one counts as that: a jump is not noise


class NoiseLevel:
    """The part of the claimed measurement variance that changes from frame to frame, as a factor for every axis.

    A network's error on a face is mostly the same in the next frame: it says how far the pose may be from the truth,
    and nothing about how much it trembles. Taking all of it for noise would make the filter sluggish without need. The
    trembling is measured by third divided differences of four neighbouring measurements: these are exactly zero for
    any motion of constant acceleration, at even or uneven time steps, and have variance 1 for white noise of variance
    1 when divided by the root of the sum of their weights squared.
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
        self.variance_factor: Vector = np.full(axes, expected)
        self._trust_s = weight_s
        self.interrupt()

    def interrupt(self) -> None:
        """Begin a new run of neighbouring measurements, after a gap or a jump; what was learnt stays."""
        self._times = [0.0]
        self._values: list[Vector] = [np.zeros_like(self.variance_factor)]

    def observe(self, change: Vector, claimed_variance: Vector, time_step_s: float) -> None:
        """Take the change (axes,) since the last measurement, `time_step_s` > 0 ago, and the claimed variances."""
        self._times.append(self._times[-1] + time_step_s)
        self._values.append(self._values[-1] + change)
        if len(self._values) < _SAMPLES:
            return
        del self._times[:-_SAMPLES], self._values[:-_SAMPLES]
        trembling = _third_difference(self._times) @ np.array(self._values)
        ratio = np.minimum(trembling * trembling / claimed_variance, _OUTLIER * self.variance_factor)
        self._trust_s = min(self._trust_s + time_step_s, self._memory_s)
        share = -math.expm1(-time_step_s / self._trust_s)
        factor = self.variance_factor + share * (ratio - self.variance_factor)
        self.variance_factor = np.minimum(np.maximum(factor, self._lowest), self._highest)


def _third_difference(times: list[float]) -> Vector:
    """Weights (4,) of four samples, of unit length, whose sum vanishes for every parabola."""
    a, b, c, d = times
    weights = (
        1 / ((a - b) * (a - c) * (a - d)),
        1 / ((b - a) * (b - c) * (b - d)),
        1 / ((c - a) * (c - b) * (c - d)),
        1 / ((d - a) * (d - b) * (d - c)),
    )
    length = math.sqrt(sum(weight * weight for weight in weights))
    return np.array([weight / length for weight in weights])

"""How far estimated poses are from the truth, and how sure one can be of the average."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from fpn.rotations import angles_from_rotation

Float = npt.NDArray[np.float64]

GIMBAL_LOCK_DEG = 75.0
"""Beyond this yaw, the middle angle, single angles say little, and so they do for heads lying that far back; angle-wise
scores leave such rows out, geodesic ones do not."""


@dataclass(frozen=True)
class Interval:
    """A mean or median with its bootstrap interval, 95 % unless said otherwise."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.2f} [{self.low:.2f}, {self.high:.2f}]"


def bootstrap_mean(values: npt.ArrayLike, resamples: int = 5000, seed: int = 0, level: float = 0.95) -> Interval:
    """Mean of `values` (n,) with its percentile bootstrap interval (Efron 1979). Raises ValueError for no values."""
    return _bootstrap(np.mean, values, resamples, seed, level)


def bootstrap_median(values: npt.ArrayLike, resamples: int = 5000, seed: int = 0, level: float = 0.95) -> Interval:
    """Median of `values` (n,) with its interval, as `bootstrap_mean`."""
    return _bootstrap(np.median, values, resamples, seed, level)


def _bootstrap(
    statistic: Callable[..., Any], values: npt.ArrayLike, resamples: int, seed: int, level: float
) -> Interval:
    sample = np.asarray(values, np.float64).ravel()
    if sample.size == 0:
        raise ValueError("no values to average")
    drawn = np.random.default_rng(seed).integers(0, sample.size, (resamples, sample.size))
    low, high = np.quantile(statistic(sample[drawn], axis=1), [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(statistic(sample)), float(low), float(high))


def angle_errors_deg(estimated: Float, truth: Float) -> Float:
    """Absolute yaw, pitch and roll errors (n, 3) in degrees of rotations (n, 3, 3), wrapped to 0..180."""
    difference = np.stack(angles_from_rotation(estimated), -1) - np.stack(angles_from_rotation(truth), -1)
    return np.abs((difference + 180) % 360 - 180)


def without_constant_rotation(estimated: Float, truth: Float) -> Float:
    """`estimated` (n, 3, 3) with the one head-side rotation removed that best explains its difference to `truth`.

    What is left is the error that no re-definition of the head's zero pose could mend.
    """
    offset = Rotation.from_matrix(np.swapaxes(estimated, -1, -2) @ truth).mean().as_matrix()
    return np.asarray(estimated @ offset)

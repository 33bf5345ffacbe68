"""How far from its prediction a measured pose may be: what a head can do unforeseen.

While a head is not seen accelerations pull now here, now there: the reach grows with the time, not with its square.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.linalg.lapack import dposv

WIDTH = 33.1
"""Squared Mahalanobis distance that one good measurement in 100,000 exceeds (chi-squared, 6 degrees of freedom)."""

_TURN = 75.0  # rad/s^2, standard deviation of the accelerations that a head (or a camera held in the hand) can have
_MOVE = 15000.0  # mm/s^2
_LEAST_S = 1 / 30  # mistakes are no smaller at higher frame rates
_MOST_S = 1.0  # over longer gaps nothing is known of the motion, and nothing more is unknown


def is_near(innovation: Sequence[float], step_s: float, unseen_s: float) -> bool:
    """Whether a measurement is within the gate whatever its covariance: near the prediction by the reach alone.

    innovation: (6,), rotation vector and position, radians and millimetres. step_s: since the last frame. unseen_s:
    since the last measurement.
    """
    a, b, c, d, e, f = innovation
    squared = (a * a + b * b + c * c) / _TURN**2 + (d * d + e * e + f * f) / _MOVE**2
    return squared < WIDTH * _reach_s2(step_s, unseen_s) ** 2


def squared_distance(
    innovation: Sequence[float], covariance: npt.NDArray[np.float64], step_s: float, unseen_s: float
) -> float:
    """Squared Mahalanobis length of an innovation (6,) of covariance (6, 6) and of what a head can do besides."""
    reach = _reach_s2(step_s, unseen_s)
    turn, move = (reach * _TURN) ** 2, (reach * _MOVE) ** 2
    _, solved, _ = dposv(covariance + np.diag([turn] * 3 + [move] * 3), np.array(innovation))
    return float(np.dot(innovation, solved))


def _reach_s2(step_s: float, unseen_s: float) -> float:
    """How far a head can have moved unforeseen, one standard deviation, over its acceleration."""
    return 0.5 * max(step_s, _LEAST_S) * min(max(unseen_s, _LEAST_S), _MOST_S)

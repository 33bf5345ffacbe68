"""How steady, how late and how honest tracked poses are, against exact truth."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.spatial.transform import Rotation
from scipy.stats import chi2

Float = npt.NDArray[np.float64]

_LONGEST_LAG_S = 0.2  # under half a period of 2 Hz, where a swing would be its own mirror image


def rotation_jitter_deg(rotations: Rotation) -> float:
    """Root mean square angle from their mean of the rotations of a head that rests, degrees."""
    return float(np.degrees(np.sqrt(np.mean((rotations * rotations.mean().inv()).magnitude() ** 2))))


def position_jitter_mm(translations: Float) -> float:
    """Root mean square distance from their mean of the positions (n, 3) of a head that rests, millimetres."""
    return float(np.sqrt(np.mean(np.sum((translations - translations.mean(0)) ** 2, axis=1))))


def lag_s(times_s: Float, seen: Float, truth: Float) -> float:
    """By how many seconds a signal (n,) is late: the shift of the truth (n,) that explains it best.

    A gain and an offset are fitted with it: a network that sees 19 degrees where there are 20 is not late.
    """
    inside = (times_s > times_s[0] + _LONGEST_LAG_S) & (times_s < times_s[-1] - _LONGEST_LAG_S)

    def misfit(lag: float) -> float:
        shifted = np.interp(times_s[inside] - lag, times_s, truth)
        basis = np.column_stack([shifted, np.ones(len(shifted))])
        solution = np.linalg.lstsq(basis, seen[inside], rcond=None)[0]
        return float(np.sum((basis @ solution - seen[inside]) ** 2))

    # The misfit can have several dips; the best point of a coarse grid is in the right one.
    grid = np.linspace(-_LONGEST_LAG_S, _LONGEST_LAG_S, 61)
    best = grid[int(np.argmin([misfit(lag) for lag in grid]))]
    width = grid[1] - grid[0]
    return float(minimize_scalar(misfit, bounds=(best - width, best + width), method="bounded").x)


def largest_change_deg(rotations: Rotation, still: slice) -> float:
    """The largest angle of rotations from the mean of a still stretch of them, degrees."""
    return float(np.degrees((rotations * rotations[still].mean().inv()).magnitude().max()))


def mean_change_deg(rotations: Rotation, still: slice) -> float:
    """Root mean square of the same angles, degrees."""
    return float(np.degrees(np.sqrt(np.mean((rotations * rotations[still].mean().inv()).magnitude() ** 2))))


def squared_surprise(errors: Float, covariances: Float) -> Float:
    """Squared Mahalanobis lengths (n,) of errors (n, 3) under covariances (n, 3, 3)."""
    return np.einsum("ni,ni->n", errors, np.linalg.solve(covariances, errors[..., np.newaxis])[..., 0])


def share_inside(surprise: Float, level: float) -> float:
    """Share of squared Mahalanobis lengths of three-dimensional errors within the region that should hold `level`."""
    return float(np.mean(surprise <= chi2.ppf(level, 3)))


def lost_and_found_deg(angles_deg: Float, measured: npt.NDArray[np.bool_]) -> tuple[float | None, float | None]:
    """Of a sweep out and back: the angle at which the head was first not measured, and at which it was again.

    None for what did not happen.
    """
    far = int(np.argmax(angles_deg))
    lost = next((i for i in range(len(measured)) if not measured[i] and angles_deg[i] > 0 and i <= far), None)
    if lost is None:
        return None, None
    found = next((i for i in range(far, len(measured)) if measured[i]), None)
    return float(angles_deg[lost]), None if found is None else float(angles_deg[found])

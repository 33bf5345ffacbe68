"""How a head moves between two measurements: with a velocity that lasts or fades, pushed by unknown accelerations.

States are `[rotation vector, position, angular velocity, velocity]`, three each, camera frame, radians, millimetres and
seconds; the first two are errors of the reference pose.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]

POSE, RATE = np.arange(0, 6), np.arange(6, 12)
"""Indices of pose errors and of velocities among the states."""

_ONES, _ZEROS = np.ones(6), np.zeros(6)
# The diagonals of the four quarters of a (12, 12) matrix in its 144 elements, row by row: slices cost a third of what
# lists of indices do.
_POSE, _POSE_BY_RATE, _RATE_BY_POSE, _RATE = (
    slice(0, 72, 13),
    slice(6, 72, 13),
    slice(72, 138, 13),
    slice(78, 144, 13),
)


def decay(time_s: float, turn_life_s: float, move_life_s: float) -> tuple[Vector, Vector]:
    """For velocities that fade over their lives: what 1 of each adds to the pose within `time_s`, and what is left."""
    turn_lost, move_lost = -math.expm1(-time_s / turn_life_s), -math.expm1(-time_s / move_life_s)
    return each_axis(turn_life_s * turn_lost, move_life_s * move_lost), each_axis(1 - turn_lost, 1 - move_lost)


def transition(turned: Matrix, gain: Vector, left: Vector) -> Matrix:
    """The matrix (12, 12) that moves errors on by a step.

    turned: rotation (3, 3) by which the reference turned; an error of it turns along.
    gain, left: from `decay`.
    """
    F = _on_diagonals(_ONES, gain, _ZEROS, left)
    F[:3, :3] = turned
    return F


def process_noise(densities: tuple[float, float], time_s: float) -> Matrix:
    """Covariance (12, 12) of what white accelerations of these spectral densities do within a step.

    Bar-Shalom et al. 2001, "Estimation with Applications to Tracking and Navigation", eq. 6.2.2-12.
    """
    density = each_axis(*densities)
    mixed = density * (time_s**2 / 2)
    return _on_diagonals(density * (time_s**3 / 3), mixed, mixed, density * time_s)


def each_axis(turn: float, move: float) -> Vector:
    """A value for each rotation axis and one for each coordinate, (6,)."""
    return np.array([turn, turn, turn, move, move, move])


def _on_diagonals(pose: Vector, pose_by_rate: Vector, rate_by_pose: Vector, rate: Vector) -> Matrix:
    matrix = np.zeros(144)
    matrix[_POSE], matrix[_POSE_BY_RATE], matrix[_RATE_BY_POSE], matrix[_RATE] = pose, pose_by_rate, rate_by_pose, rate
    return matrix.reshape(12, 12)

"""How a head moves between two measurements: with a velocity that lasts or fades, pushed by unknown accelerations.

States are `[rotation vector, position, angular velocity, velocity]`, three each, camera frame, radians, millimetres and
seconds; the first two are errors of the reference pose. Four more are errors that measurements have in common
(`tracker.measurement.Bias`), in standard deviations: a priori 0, with variance 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]

STATES = 16
POSE, RATE, MOTION, BIAS = slice(0, 6), slice(6, 12), slice(0, 12), slice(12, STATES)
"""Indices among the states: of pose errors, velocities, both, and of what measurements have in common."""


def _places(pose: int, pose_by_rate: int, rate_by_pose: int, rate: int, bias: int) -> npt.NDArray[np.intp]:
    """Which of a few numbers stands where in a (16, 16) matrix whose quarters of motion, and bias, are diagonal.

    The arguments number that of a quarter's rotation axes, the next one is that of its coordinates, and the first of
    four of the bias; 0 elsewhere. To take a matrix's elements from a handful of numbers costs a quarter of filling its
    diagonals.
    """
    places = np.zeros((STATES, STATES), np.intp)
    axis = np.arange(6)
    for (row, column), first in zip(
        ((0, 0), (0, 6), (6, 0), (6, 6)), (pose, pose_by_rate, rate_by_pose, rate), strict=True
    ):
        if first:
            places[row + axis, column + axis] = first + (axis >= 3)
    np.fill_diagonal(places[BIAS, BIAS], bias + np.arange(4))
    return places


_TRANSITION = _places(pose=1, pose_by_rate=3, rate_by_pose=0, rate=5, bias=7)
_NOISE = _places(pose=1, pose_by_rate=3, rate_by_pose=3, rate=5, bias=7)
_LASTS = (1.0, 1.0, 1.0, 1.0)


@dataclass(frozen=True)
class Decay:
    """What velocities that fade do within a step, of turning and of moving: `x += gain v`, then `v *= left`.

    turn_gain, move_gain: seconds. turn_left, move_left: shares.
    """

    turn_gain: float
    move_gain: float
    turn_left: float
    move_left: float

    @classmethod
    def within(cls, time_s: float, turn_life_s: float, move_life_s: float) -> Decay:
        """For velocities that fade to 1/e over their lives, in seconds."""
        turn_lost, move_lost = -math.expm1(-time_s / turn_life_s), -math.expm1(-time_s / move_life_s)
        return cls(turn_life_s * turn_lost, move_life_s * move_lost, 1 - turn_lost, 1 - move_lost)


def transition(turned: Matrix, decay: Decay, kept: Sequence[float] = _LASTS) -> Matrix:
    """The matrix (16, 16) that moves errors on by a step.

    turned: rotation (3, 3) by which the reference turned; an error of it turns along. kept: (4,) of the bias.
    """
    F = np.array(
        [0.0, 1.0, 1.0, decay.turn_gain, decay.move_gain, decay.turn_left, decay.move_left, *kept], np.float64
    ).take(_TRANSITION)
    F[:3, :3] = turned
    return F


def process_noise(densities: tuple[float, float], time_s: float, kept: Sequence[float] = _LASTS) -> Matrix:
    """Covariance (16, 16) of what white accelerations of these spectral densities do within a step.

    Bar-Shalom et al. 2001, "Estimation with Applications to Tracking and Navigation", eq. 6.2.2-12. kept: (4,) of the
    bias; the rest of it comes anew.
    """
    turn, move = densities
    far, mixed = time_s**3 / 3, time_s**2 / 2
    numbers = [0.0, far * turn, far * move, mixed * turn, mixed * move, time_s * turn, time_s * move]
    return np.array(numbers + [1 - each * each for each in kept]).take(_NOISE)


def each_axis(turn: float, move: float) -> Vector:
    """A value for each rotation axis and one for each coordinate, (6,)."""
    return np.array([turn, turn, turn, move, move, move])

"""Rotation vectors and rotation matrices, one at a time and fast: the filter needs a handful a track a frame.

scipy's rotations do the same for stacks at 5 to 40 microseconds a call; the tests hold these against them.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]

_SMALL = 1e-8  # half an angle in radians: below it the sine is the angle to the last digit, and 0/0 is avoided
_SKEW = 1e-3  # what rounding may do to a rotation's rows; float32 is a thousand times better


def rotation_exp(vector: Vector) -> Matrix:
    """The rotation matrix (3, 3) of a rotation vector (3,), radians (Rodrigues' formula)."""
    return np.asarray(cv2.Rodrigues(vector)[0], np.float64)


def rotation_log(rotation: Matrix) -> Vector:
    """The rotation vector (3,), at most pi long, of a rotation matrix (3, 3)."""
    return np.array(rotation_vector(rotation))


def rotation_vector(rotation: Matrix) -> tuple[float, float, float]:
    """The three numbers of `rotation_log`.

    By way of the quaternion with its largest component first (Shepperd 1978), which keeps its precision at zero as
    well as at 180 degrees, where the antisymmetric part of the matrix vanishes.
    """
    (a, b, c), (d, e, f), (g, h, i) = rotation.tolist()
    trace = a + e + i
    largest = max(trace, a, e, i)
    if largest == trace:
        x, y, z, w = h - f, c - g, d - b, 1 + trace
    elif largest == a:
        x, y, z, w = 1 + a - e - i, b + d, c + g, h - f
    elif largest == e:
        x, y, z, w = b + d, 1 - a + e - i, f + h, c - g
    else:
        x, y, z, w = c + g, f + h, 1 - a - e + i, d - b
    if w < 0:
        x, y, z, w = -x, -y, -z, -w
    sine = math.sqrt(x * x + y * y + z * z)
    scale = 2 / w if sine < _SMALL * w else 2 * math.atan2(sine, w) / sine
    return scale * x, scale * y, scale * z


def is_rotation(matrix: Matrix) -> bool:
    """Whether a matrix (3, 3) is a rotation but for rounding: finite, orthonormal rows, no mirror."""
    (a, b, c), (d, e, f), (g, h, i) = matrix.tolist()
    # With NaN every comparison is false.
    return (
        -_SKEW < a * a + b * b + c * c - 1 < _SKEW
        and -_SKEW < d * d + e * e + f * f - 1 < _SKEW
        and -_SKEW < g * g + h * h + i * i - 1 < _SKEW
        and -_SKEW < a * d + b * e + c * f < _SKEW
        and -_SKEW < a * g + b * h + c * i < _SKEW
        and -_SKEW < d * g + e * h + f * i < _SKEW
        and (b * f - c * e) * g + (c * d - a * f) * h + (a * e - b * d) * i > 0
    )

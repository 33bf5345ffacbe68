"""The sheet behind a head on which its surroundings stand."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from renderer.view import PIVOT_MM, ViewGeometry

Float64 = npt.NDArray[np.float64]

SHEET_MM = np.array([0.0, 15.0, 75.0])
"""The surroundings stand on a sheet through this point between the ears, turned towards the camera."""
_STEEPEST_COSINE = 0.5
"""... but no farther from facing the view than this, or it would be seen on edge."""


def sheet_of(geometry: ViewGeometry, to_camera: Float64) -> npt.NDArray[np.float32]:
    """The surroundings in a view's frame: a, b and c, (3,), of depth = a x + b y + c, millimetres.

    The sheet is turned towards the camera as far as it may be without being seen on edge. to_camera: (3,) unit vector
    of the head frame, from `SHEET_MM`.
    """
    x, y, z = (-along for along in (geometry.rotation @ to_camera).tolist())
    if z < _STEEPEST_COSINE:
        slant = math.sqrt(1 - _STEEPEST_COSINE**2) / max(math.hypot(x, y), 1e-9)
        x, y, z = x * slant, y * slant, _STEEPEST_COSINE
    middle = (geometry.rotation @ (SHEET_MM - PIVOT_MM)).tolist()
    return np.array([-x / z, -y / z, (middle[0] * x + middle[1] * y + middle[2] * z) / z], np.float32)

"""The chart: a picture-like map of the head's surface, left half mirroring the right one.

Every point of the surface has a direction from a point inside the head; azimuth runs along the chart's columns,
elevation down its rows. What belongs to the surface and not to one view (visibility, deformation, colours) is kept on
the chart, computed once a face and shared by all its views.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]

CENTER_MM = np.array([0.0, 25.0, 75.0])
"""From where all of the face and head can be seen: between the ears, at the height of the nose."""
CHART_SIZE = (72, 96)
"""Rows and columns: 2.5 degrees a row; 1.9 degrees a column in front, 7.5 at the back."""


def to_chart(points_mm: npt.NDArray[np.floating[Any]]) -> Float32:
    """Chart coordinates (..., 2) float32 in -1..1 of points (..., 3) of the mean head, millimetres in the head frame.

    The first runs from the middle of the back over the picture's left (-x), the face (0) and the right to the back; the
    second from the crown (-1) down to the neck (1).
    """
    d = np.asarray(points_mm, np.float32) - CENTER_MM.astype(np.float32)
    azimuth = np.arctan2(d[..., 0], -d[..., 2]) / np.pi
    elevation = np.arctan2(d[..., 1], np.hypot(d[..., 0], d[..., 2])) / (np.pi / 2)
    return np.stack([_compressed(azimuth), elevation], axis=-1).astype(np.float32)


def to_cells(chart: Float32, size: tuple[int, int] = CHART_SIZE) -> Float32:
    """Cell coordinates (x, y) of chart coordinates (..., 2), for a chart of `size` rows and columns; centres whole."""
    rows, columns = size
    return ((chart + 1) / 2 * np.array([columns, rows], np.float32) - np.float32(0.5)).astype(np.float32)


def on_half_chart(x: Float32, y: Float32) -> tuple[Float32, Float32]:
    """Cells of the chart, columns and rows, as those of a chart of half its resolution."""
    half, quarter = np.float32(0.5), np.float32(0.25)
    return x * half - quarter, y * half - quarter


def _compressed(azimuth: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.floating[Any]]:
    """Solve azimuth = (s + s^3) / 2 for s, so that the face has most of the columns; both in -1..1 (Cardano)."""
    q = np.abs(azimuth)
    root = np.sqrt(q * q + 1 / 27)
    return np.sign(azimuth) * (np.cbrt(q + root) - np.cbrt(np.maximum(root - q, 0)))

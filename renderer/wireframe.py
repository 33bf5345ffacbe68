"""Straight lines in space as the camera sees them: cut off behind it, bent by its lens."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fpn.camera import Camera

_NEAR_MM = 20.0  # what is nearer than this, or behind the camera, is cut off
_PIECES = 8  # a line bent by the lens is drawn as this many straight ones
_WIDEST_SLOPE = 4.0  # tangent of the widest angle to the optical axis that is tried, 76 degrees


def project_lines(lines_mm: npt.NDArray[np.float64], camera: Camera) -> list[npt.NDArray[np.float64] | None]:
    """Project lines (n, 2, 3) from point to point of the camera frame, millimetres.

    Returns for each a polyline (m, 2) float64 in pixels, or None where nothing of it can be seen. Parts behind the
    camera, or so far to the side that the distortion model folds back into the picture, are left out.
    """
    lines = np.asarray(lines_mm, np.float64)
    partly_in_front = np.isfinite(lines).all(axis=(1, 2)) & (lines[:, :, 2] >= _NEAR_MM).any(axis=1)
    start, end = _in_front(lines[partly_in_front])
    projected: list[npt.NDArray[np.float64] | None] = [None] * len(lines)
    if not len(start):
        return projected
    pieces = _PIECES if camera.distortion.size else 1
    steps = np.linspace(0, 1, pieces + 1)[:, None]
    points = start[:, None] + steps * (end - start)[:, None]
    pixels = _project(points.reshape(-1, 3), camera).reshape(len(start), pieces + 1, 2)
    for number, polyline in zip(np.flatnonzero(partly_in_front), pixels, strict=True):
        projected[number] = _visible(polyline) if camera.distortion.size else polyline
    return projected


def dashes(line: npt.NDArray[np.float64], length: float) -> list[npt.NDArray[np.float64]]:
    """Cut a polyline (n, 2) into dashes of about `length` pixels with gaps of the same length, a dash at both ends."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    count = 2 * max(1, int(along[-1] / (2 * length))) + 1
    marks = np.linspace(0, along[-1], count + 1)
    at = np.stack([np.interp(marks, along, line[:, axis]) for axis in (0, 1)], axis=1)
    return [at[i : i + 2] for i in range(0, count, 2)]


def _in_front(lines: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Starts and ends (n, 3) of the parts of lines (n, 2, 3) with z >= _NEAR_MM; each line has such a part."""
    start, end = lines[:, 0], lines[:, 1]
    start_behind, end_behind = start[:, 2:] < _NEAR_MM, end[:, 2:] < _NEAR_MM
    if not (start_behind.any() or end_behind.any()):
        return start, end
    depth = end[:, 2:] - start[:, 2:]
    share = (_NEAR_MM - start[:, 2:]) / np.where(start_behind | end_behind, depth, 1.0)
    crossing = start + share * (end - start)
    return np.where(start_behind, crossing, start), np.where(end_behind, crossing, end)


def _project(points_mm: npt.NDArray[np.float64], camera: Camera) -> npt.NDArray[np.float64]:
    """Pixels (n, 2); NaN where the lens model does not hold."""
    pixels = camera.project(points_mm)
    if camera.distortion.size:
        slope = np.hypot(points_mm[:, 0], points_mm[:, 1]) / points_mm[:, 2]
        pixels[slope > _widest_valid_slope(camera.distortion)] = np.nan
    return pixels


def _widest_valid_slope(distortion: npt.NDArray[np.float64]) -> float:
    """Up to which tangent of the angle to the optical axis the lens's radial model keeps growing, at most 4.

    Polynomials fitted to a picture turn round outside it, and would draw what lies far to the side in its middle.
    """
    k1, k2, _, _, k3, k4, k5, k6 = np.concatenate([distortion, np.zeros(8)])[:8]
    slope = np.linspace(0, _WIDEST_SLOPE, 401)
    square = slope * slope
    seen = slope * (1 + square * (k1 + square * (k2 + square * k3)))
    seen = seen / (1 + square * (k4 + square * (k5 + square * k6)))
    turns = np.flatnonzero(np.diff(seen) <= 0)
    return float(slope[turns[0]]) if turns.size else _WIDEST_SLOPE


def _visible(polyline: npt.NDArray[np.float64]) -> npt.NDArray[np.float64] | None:
    """The first unbroken part of a polyline (n, 2) in which some points are NaN."""
    valid = np.isfinite(polyline).all(axis=1)
    if valid.all():
        return polyline
    first = int(np.argmax(valid))
    length = int(np.argmin(np.append(valid[first:], False)))
    return polyline[first : first + length] if length >= 2 else None

"""Where the lines of sight of views meet a head: the mean head's far view, with distance and the person's shape."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from renderer.chart import on_half_chart
from renderer.layers import SeenFace, Surface, look_up
from renderer.view import PIVOT_MM, ViewGeometry
from renderer.view_set import NODES_PER_ROUGH, ViewSet

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]

SHEET_MM = np.array([0.0, 15.0, 75.0])
"""The surroundings stand on a sheet through this point between the ears, turned towards the camera."""
_STEEPEST_COSINE = 0.5
"""... but no farther from facing the view than this, or it would be seen on edge."""
_FIRST_STEPS = 3
"""Steps to where the lines of sight meet a head that was not drawn before; from there one is enough to follow it."""


@dataclass(frozen=True)
class Sheet:
    """The surroundings in a view's frame: depth = a x + b y + c, millimetres; turned towards the camera as far as it
    may be without being seen on edge.
    """

    a: float
    b: float
    c: float

    @classmethod
    def of(cls, geometry: ViewGeometry, to_camera: Float64) -> Sheet:
        """to_camera: (3,) unit vector of the head frame, from `SHEET_MM`."""
        x, y, z = (-float(along) for along in geometry.rotation @ to_camera)
        if z < _STEEPEST_COSINE:
            slant = math.sqrt(1 - _STEEPEST_COSINE**2) / max(math.hypot(x, y), 1e-9)
            x, y, z = x * slant, y * slant, _STEEPEST_COSINE
        middle = geometry.rotation @ (SHEET_MM - PIVOT_MM)
        return cls(-x / z, -y / z, float(middle[0] * x + middle[1] * y + middle[2] * z) / z)


def find_surface(face: SeenFace, views: ViewSet, same_sides: Sequence[float], sheets: Sequence[Sheet]) -> Surface:
    """What lies behind the nodes; beyond the head's outline, in views from the camera's own side, their sheet.

    Nodes belong to lines of sight that spread from the view's own camera, and the head may be deformed from the mean.
    Where such a line meets it is found in the far view of the mean head by going there and back.
    """
    nearness = np.float32(1 / face.distance_mm)
    per_mm = views.rough_per_mm
    met = face.met.get(views.views)
    steps = _FIRST_STEPS if met is None else 1
    if met is None:
        met = look_up(views.far_cells_and_depth, views.columns, views.rows)
    deeper: Float32 | None = None
    for _ in range(steps):
        x, y, depth = cv2.split(met)
        spread = depth - views.eye_depth
        if face.deformation is not None:
            moved = look_up(face.deformation, *on_half_chart(x, y))
            across, down, deeper = cv2.split(_in_view_frames(moved, views, per_mm))
            spread += deeper
        spread *= nearness
        x, y = views.across * spread, views.down * spread
        x += views.columns
        y += views.rows
        if face.deformation is not None:
            x -= across
            y -= down
        np.clip(y, views.first_row, views.last_row, out=y)
        met = look_up(views.far_cells_and_depth, x, y)
    face.met[views.views] = met

    size = views.x_mm.shape[::-1]
    between = np.float32((NODES_PER_ROUGH - 1) / 2)
    x, y = (cv2.resize(axis * np.float32(NODES_PER_ROUGH) + between, size) for axis in (x, y))
    depth, cover = cv2.split(look_up(views.far_depth_and_cover, x, y))
    if deeper is not None:
        depth += cv2.resize(deeper, size)
    for number, (geometry, same_side) in enumerate(zip(views.geometries, same_sides, strict=True)):
        if same_side > 0:
            part = views.block(number, views.nodes)
            step = cv2.resize(_sheet_depth(geometry, face.distance_mm, sheets[number]), (views.nodes, views.nodes))
            step -= depth[part]
            step *= np.float32(same_side) * (1 - cover[part])
            depth[part] += step
    spread = (depth - np.repeat(views.eye_depth, NODES_PER_ROUGH, axis=0)) * nearness
    spread += 1
    points = cv2.merge([views.x_mm * spread, views.y_mm * spread, depth])
    return Surface(np.ascontiguousarray(met[..., 0]), np.ascontiguousarray(met[..., 1]), points, cover, x, y)


def _in_view_frames(vectors: Float32, views: ViewSet, per_mm: float) -> Float32:
    """Vectors (n c, c, 3) of the head frame in the frame of the view they stand in: x and y in rough nodes, z in mm."""
    for number, geometry in enumerate(views.geometries):
        rows = vectors[views.block(number, views.rough)]
        cv2.transform(rows, np.array([[per_mm], [per_mm], [1.0]]) * geometry.rotation, dst=rows)
    return vectors


def sheet_map(face: SeenFace, geometry: ViewGeometry, sheet: Sheet) -> Float32:
    """Where in the patch (c, c, 2) the sheet behind the rough nodes of a view is seen."""
    a, b, c = sheet.a, sheet.b, sheet.c
    eye, d = geometry.eye_depth_mm, face.distance_mm
    # The point at which the line of sight through (x, y) meets depth = a x + b y + c, in homogeneous coordinates.
    along = 1 - eye / d
    wide = along + c / d
    on_sheet = np.array([[wide, 0, 0], [0, wide, 0], [a * along, b * along, c], [-a / d, -b / d, 1]])
    return face.project(geometry.rough_mm, face.project.matrix @ geometry.to_head @ on_sheet)


def _sheet_depth(geometry: ViewGeometry, distance_mm: float, sheet: Sheet) -> Float32:
    """Depth (c, c) at which the lines of sight of a view's rough nodes meet the sheet."""
    slope = geometry.rough_mm @ np.array([sheet.a, sheet.b], np.float32)
    along = np.float32(1 - geometry.eye_depth_mm / distance_mm)
    return np.asarray((slope * along + np.float32(sheet.c)) / (1 - slope / np.float32(distance_mm)), np.float32)

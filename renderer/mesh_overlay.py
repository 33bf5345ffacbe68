"""The face model drawn over the face it was fitted to: as a wireframe, as a shaded surface, as landmarks.

What the head itself hides is left out, by the same table that the views use.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from fpn.camera import Camera
from fpn.pose import HeadPose
from models.face_model import load_face_model
from renderer.appearance import chart_surface, sight
from renderer.chart import CHART_SIZE, to_cells, to_chart
from renderer.frontalization import FRONT_MM
from renderer.lettering import Colour, stroke_scale
from renderer.sampling import HeadCamera

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]
Picture = npt.NDArray[np.uint8]

_NEAR_MM = 60.0
"""Nothing nearer to the camera is drawn, nor anything behind it."""
_LOWEST_MM, _HINDMOST_MM = 118.0, 110.0
"""The mesh ends at the neck and behind the ears; beyond them the model knows nothing of the person."""
_SEEN = 0.04
_SHIFT = 4
_LINE: Colour = (255, 220, 150)
_SKIN = np.array([205.0, 215.0, 225.0])
_OPACITY = 0.75
_EVERY = 2  # cells of the chart from one line of the wireframe to the next
_DOT: Colour = (90, 255, 120)
_HIDDEN_DOT: Colour = (90, 130, 100)
_GAP_RADII = 6.0
"""Dots of all points are at least so many of their radii apart, or small faces were nothing but dots."""
_LEAST_PIXELS_PER_MM = 0.02
_SMOOTH_CELLS = 0.8
"""The surface is lit as if its normals changed smoothly over so many cells of the chart."""


@dataclass(frozen=True)
class MeshFace:
    """A face to draw the model over: its pose, and the weights (50,) of its shape; None for the mean face."""

    pose: HeadPose
    shape: npt.ArrayLike | None = None


def draw_wireframe(
    picture: Picture, face: MeshFace, camera: Camera, *, head_scale: float = 1.0, colour: Colour = _LINE
) -> None:
    """Draw lines over the visible surface of a head into `picture`, (H, W, 3) uint8 BGR, in place.

    camera: the intrinsics, with distortion, that hold for the picture's size. head_scale: size of the head over the
    average adult's, the same that the pose was computed with.
    """
    grid = _project_chart(face, camera, head_scale)
    if grid is None:
        return
    pixels, seen = grid.pixels[::_EVERY, ::_EVERY], (grid.seen & grid.in_mesh)[::_EVERY, ::_EVERY]
    thickness = max(1, round(stroke_scale(picture.shape[1], picture.shape[0])))
    for start, end in (
        ((slice(None), slice(-1)), (slice(None), slice(1, None))),
        ((slice(-1), slice(None)), (slice(1, None), slice(None))),
    ):
        drawn = seen[start] & seen[end]
        lines = np.stack([pixels[start][drawn], pixels[end][drawn]], axis=1)
        cv2.polylines(picture, list(_fixed(lines)), False, colour, thickness, cv2.LINE_AA, _SHIFT)


def draw_surface(picture: Picture, face: MeshFace, camera: Camera, *, head_scale: float = 1.0) -> None:
    """Draw the visible surface of a head, lit by the camera and a little transparent; as `draw_wireframe` otherwise."""
    grid = _project_chart(face, camera, head_scale)
    if grid is None:
        return
    pixels, points, whole = grid.pixels, grid.points, grid.in_mesh
    whole = whole[:-1, :-1] & whole[1:, :-1] & whole[1:, 1:] & whole[:-1, 1:]
    middle = (points[:-1, :-1] + points[1:, 1:])[whole] / 2
    outward = _unit(np.cross(points[1:, 1:] - points[:-1, :-1], points[:-1, 1:] - points[1:, :-1]))
    outward = _unit(cv2.GaussianBlur(outward, (0, 0), _SMOOTH_CELLS))[whole]
    facing_us = -(outward * middle).sum(1) / np.linalg.norm(middle, axis=1)
    towards = facing_us > 0
    quads = np.stack([pixels[:-1, :-1], pixels[1:, :-1], pixels[1:, 1:], pixels[:-1, 1:]], axis=2)[whole][towards]
    if not len(quads):
        return
    shade, middle = 0.25 + 0.75 * facing_us[towards], middle[towards]
    low = np.maximum(np.floor(quads.min((0, 1))).astype(int), 0)
    high = np.minimum(np.ceil(quads.max((0, 1))).astype(int) + 1, picture.shape[1::-1])
    if (high <= low).any():
        return
    part = picture[low[1] : high[1], low[0] : high[0]]
    drawn = part.copy()
    fixed = _fixed(quads - low)
    for number in np.argsort(-middle[:, 2]):
        colour = tuple(float(value) for value in _SKIN * shade[number])
        cv2.fillConvexPoly(drawn, fixed[number], colour, cv2.LINE_8, _SHIFT)
    cv2.addWeighted(drawn, _OPACITY, part, 1 - _OPACITY, 0, dst=part)


def draw_landmarks(
    picture: Picture, face: MeshFace, camera: Camera, *, all_points: bool = False, head_scale: float = 1.0
) -> None:
    """Draw the 68 landmarks, those the head hides darker; with `all_points` all visible points of the face
    model, as far as there is room between them.
    """
    model = load_face_model()
    head = HeadCamera(camera, face.pose.rotation, face.pose.translation, head_scale)
    shape = model.shape(face.shape)
    scale = stroke_scale(picture.shape[1], picture.shape[0])
    radius = max(0.8, 0.9 * scale) if all_points else max(1.6, 2.4 * scale)
    gap_mm = _GAP_RADII * radius / max(head.pixels_per_mm(FRONT_MM), _LEAST_PIXELS_PER_MM)
    chosen = _face_vertices(max(math.ceil(math.log2(gap_mm)), 0)) if all_points else model.landmarks68
    at = head.at(shape[chosen].astype(np.float64))
    if not np.isfinite(at).all() or at[:, 2].min() < _NEAR_MM:
        return
    cells = np.rint(_vertex_cells()[chosen]).astype(int)
    rows, columns = CHART_SIZE
    visible = sight(head.towards_camera(FRONT_MM)).cosine[
        np.clip(cells[:, 1], 0, rows - 1), np.clip(cells[:, 0], 0, columns - 1)
    ]
    pixels = camera.project(at)
    for pixel, seen in zip(_fixed(pixels), visible > _SEEN, strict=True):
        if seen or not all_points:
            colour = _DOT if seen else _HIDDEN_DOT
            cv2.circle(picture, pixel.tolist(), round(radius * (1 << _SHIFT)), colour, -1, cv2.LINE_AA, _SHIFT)


@dataclass(frozen=True)
class _Grid:
    """The chart's cells in a picture.

    pixels: (H, W, 2). points: (H, W, 3) mm, in the camera frame. seen: (H, W), which the camera sees well enough.
    in_mesh: (H, W), which belong to what is drawn.
    """

    pixels: Float64
    points: Float64
    seen: npt.NDArray[np.bool_]
    in_mesh: npt.NDArray[np.bool_]


def _project_chart(face: MeshFace, camera: Camera, head_scale: float) -> _Grid | None:
    """The chart of a head; None for one that is nearer than can be, or behind the camera."""
    head = HeadCamera(camera, face.pose.rotation, face.pose.translation, head_scale)
    points = _chart_points()
    if face.shape is not None:
        deformation = chart_surface().deformation(np.asarray(face.shape, np.float32))
        points = points + cv2.resize(deformation, points.shape[1::-1])
    at = head.at(points.astype(np.float64))
    if not np.isfinite(at).all() or at[..., 2].min() < _NEAR_MM:
        return None
    pixels = camera.project(at.reshape(-1, 3)).reshape(*at.shape[:2], 2)
    seen = sight(head.towards_camera(FRONT_MM)).cosine > _SEEN
    return _Grid(pixels, at, seen, (points[..., 1] < _LOWEST_MM) & (points[..., 2] < _HINDMOST_MM))


@lru_cache(maxsize=1)
def _chart_points() -> Float32:
    model = load_face_model()
    return model.on_chart(model.mean)


@lru_cache(maxsize=1)
def _vertex_cells() -> Float32:
    return to_cells(to_chart(load_face_model().mean))


@lru_cache(maxsize=8)
def _face_vertices(level: int) -> npt.NDArray[np.int64]:
    """Vertices of the face of which no two are nearer to each other than 2^level mm."""
    mean = load_face_model().mean
    free = (mean[:, 1] < _LOWEST_MM) & (mean[:, 2] < _HINDMOST_MM)
    chosen = []
    for number in np.flatnonzero(free):
        if free[number]:
            chosen.append(number)
            free &= ((mean - mean[number]) ** 2).sum(1) >= 4.0**level
    return np.array(chosen)


def _unit(vectors: Float64) -> Float64:
    """Vectors (..., 3) of length 1."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9))


def _fixed(pixels: Float64) -> npt.NDArray[np.int32]:
    """Pixels in OpenCV's fixed-point form, far ones drawn in so that they still fit."""
    return np.rint(np.clip(pixels, -32000, 32000) * (1 << _SHIFT)).astype(np.int32)

"""Views of a face that has been seen: positions at the nodes of grids, colours at pixels, soft things in between."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial

import cv2
import numpy as np
import numpy.typing as npt

from fpn.head import FACE_CENTER_MM
from renderer.frontal_view import FrontalView
from renderer.grain import strands
from renderer.loops import nodes, rows
from renderer.seen_face import SeenFace
from renderer.sheet import SHEET_MM, sheet_of
from renderer.view import NODES_PER_ROUGH, ROUGH_SPACING, View, ViewGeometry, view_geometry

Float32 = npt.NDArray[np.float32]
Packed = npt.NDArray[np.uint32]

_MARGIN_PX = 3.0
"""Over this width along the frame's border what is seen gives way to what is filled in."""
_SAME_SIDE_DEG = (8.0, 20.0)
"""A view from within the first of these angles of where the camera stands shows what the camera saw and no more; beyond
the second, what is seen of the head and of its surroundings is told apart."""
_NEAR_SIDE_DEG = (14.0, 35.0)
"""Within these, places next to edges and to the outline are trusted, too: the view moves them little."""
_FIRST_STEPS = 3
"""Steps to where the lines of sight meet a head that was not drawn before; from there one is enough to follow it."""
_PARTS = min(os.cpu_count() or 1, 4)
"""Parts of a view that are drawn at a time."""
_MIRROR = np.diag([-1.0, 1.0, 1.0, 1.0])


class Canvas:
    """The memory that a view of some size is drawn in; float32, see `renderer.loops`.

    known: (22, c, c), what is known at the rough nodes; found, around, beside, shares, colours and cells are parts of
    it. sure: (c, c). cover: (g, g). picture: (n, n) uint32.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        c = -(-size // ROUGH_SPACING) + 2
        g = c * NODES_PER_ROUGH
        self.known = known = np.empty((rows.KNOWN, c, c), np.float32)
        self.found, self.around = known[rows.FOUND : rows.AROUND], known[rows.AROUND : rows.BESIDE]
        self.beside, self.shares = known[rows.BESIDE : rows.SHARES], known[rows.SHARES : rows.COLOURS]
        self.colours, self.cells = known[rows.COLOURS : rows.CELLS], known[rows.CELLS :]
        self.sure = np.empty((c, c), np.float32)
        self.cover = np.empty((g, g), np.float32)
        self.picture = np.empty((size, size), np.uint32)


class Painter:
    """Draws views of one size, on several threads, and keeps the memory they are drawn in."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._canvases: list[Canvas] = []

    def draw(self, face: SeenFace, views: Sequence[View]) -> tuple[FrontalView, ...]:
        """The views of a face."""
        geometries = [view_geometry(view, self.size) for view in views]
        self._canvases += [Canvas(self.size) for _ in range(len(views) - len(self._canvases))]
        canvases = self._canvases[: len(views)]
        parts = []
        for geometry, canvas in zip(geometries, canvases, strict=True):
            draw = _explore(face, geometry, canvas)
            for part in range(_PARTS):
                work = partial(_draw_part, draw, canvas, part)
                parts.append((_threads().submit(work), work))
        for future, work in reversed(parts):
            # What none of the threads has begun by now is done here.
            if future.cancel():
                work()
            else:
                future.result()
        return tuple(FrontalView(_picture(canvas), _summary(canvas)) for canvas in canvases)


@lru_cache(maxsize=1)
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max(_PARTS - 1, 1), "views")


def _explore(face: SeenFace, geometry: ViewGeometry, canvas: Canvas) -> Callable[[int, int, Float32, Packed], None]:
    """Find out what is known at the rough nodes of a view; gives what draws some of its rows from that."""
    camera = np.array([geometry.eye_depth_mm, 1 / face.distance_mm, geometry.beyond], np.float32)
    same, near = _sides(face, geometry)
    appearance, lens = face.appearance, face.project.lens

    met = _meet(face, geometry, camera, canvas)
    _surround(face, geometry, camera, canvas)
    nodes.weigh(met, appearance.weights, canvas.beside, same, near, canvas.shares, canvas.sure)
    nodes.colour(met, appearance.fill, appearance.tone, canvas.colours)
    # Layers: what is seen at a place itself, at its mirror image, and, between lids, in the other eye.
    everywhere = (0, len(geometry.along_mm))
    layers = [(np.eye(4), everywhere), (_MIRROR, everywhere), *((eye.to_other, eye.band) for eye in geometry.eyes)]
    matrices = [face.project.matrix @ taken_from @ geometry.to_head for taken_from, _ in layers]
    return partial(
        rows.draw,
        canvas.known,
        geometry.far_surface,
        geometry.far_eyes,
        geometry.along_mm,
        camera,
        np.array(matrices, np.float32),
        np.array([band for _, band in layers]),
        lens.offsets,
        lens.grid,
        same,
        face.patch.packed,
        strands(),
    )


def _draw_part(draw: Callable[[int, int, Float32, Packed], None], canvas: Canvas, part: int) -> None:
    first, last = (len(canvas.cover) * number // _PARTS for number in (part, part + 1))
    draw(first, last, canvas.cover, canvas.picture)


def _picture(canvas: Canvas) -> npt.NDArray[np.uint8]:
    """The picture (n, n, 3) BGR that a canvas holds."""
    four = canvas.picture.view(np.uint8).reshape(canvas.size, canvas.size, 4)
    return np.asarray(cv2.cvtColor(four, cv2.COLOR_BGRA2BGR), np.uint8)


def _meet(face: SeenFace, geometry: ViewGeometry, camera: Float32, canvas: Canvas) -> Float32:
    """Where the lines of sight of the rough nodes meet the head, (3, c, c), see `renderer.loops.nodes.meet`.

    Lines belong to a camera as far away as the real one, and the head may be deformed from the mean. Where they meet it
    is found in the far view of the mean head by going there and back.
    """
    key = (geometry.view, geometry.size)
    steps = 1
    if key not in face.met:
        face.met[key] = geometry.met_from_afar.copy()
        steps = _FIRST_STEPS
    met = face.met[key]
    for _ in range(steps):
        nodes.meet(
            geometry.far_cells, face.deformation, geometry.frame, geometry.rough_along, camera, met, canvas.found
        )
    canvas.cells[:] = met[:2]
    return met


def _surround(face: SeenFace, geometry: ViewGeometry, camera: Float32, canvas: Canvas) -> None:
    """Where the surroundings of the head are seen, and what is known of them."""
    along, around, lens = geometry.rough_along_mm, canvas.around, face.project.lens
    nodes.stand(along, camera, sheet_of(geometry, face.head.towards_camera(SHEET_MM)), around[2])
    to_patch = (face.project.matrix @ geometry.to_head).astype(np.float32)
    nodes.project(around[2], along, camera, to_patch, lens.offsets, lens.grid, around)
    to_small = (face.surroundings.to_small @ face.patch.from_patch).astype(np.float32)
    nodes.surround(around, face.patch.packed, _MARGIN_PX, face.surroundings.tones, to_small, canvas.beside)


def _summary(canvas: Canvas) -> Float32:
    """Visibility and confidence (c, c, 2) at the rough nodes of the view that a canvas holds."""
    on_head = cv2.resize(canvas.cover, canvas.sure.shape[::-1], interpolation=cv2.INTER_AREA)
    own, _, around = canvas.shares
    around = (1 - on_head) * around
    layers = cv2.merge([on_head * own + around, on_head * canvas.sure + np.float32(0.5) * around])
    return np.asarray(layers, np.float32)


def _sides(face: SeenFace, geometry: ViewGeometry) -> tuple[float, float]:
    """How far a view is from where the camera stands, and how far from near it, 1 for not at all."""
    cosine = -float(geometry.rotation[2] @ face.head.towards_camera(FACE_CENTER_MM))
    angle = math.degrees(math.acos(min(max(cosine, -1.0), 1.0)))
    return _falling(angle, _SAME_SIDE_DEG), _falling(angle, _NEAR_SIDE_DEG)


def _falling(angle: float, limits: tuple[float, float]) -> float:
    """1 below the first limit, 0 above the second."""
    t = min(max((angle - limits[0]) / (limits[1] - limits[0]), 0.0), 1.0)
    return 1 - t * t * (3 - 2 * t)

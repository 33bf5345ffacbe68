"""Views of a face that has been seen: positions at the nodes of grids, colours at pixels, soft things in between."""

from __future__ import annotations

import math
import os
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from fpn.head import FACE_CENTER_MM
from renderer.frontal_view import FrontalView
from renderer.grain import strands
from renderer.loops import rows
from renderer.loops.mixing import LANES
from renderer.loops.nodes import CELL_STEPS, DEEPEST, Shown, Side, Stand
from renderer.seen_face import SeenFace
from renderer.sheet import SHEET_MM, sheet_of
from renderer.view import NODES_PER_ROUGH, View, ViewGeometry, view_geometry
from renderer.words import in_halves, in_quarters

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]
Packed = npt.NDArray[np.uint32]

_SAME_SIDE_DEG = (8.0, 20.0)
"""A view from within the first of these angles of where the camera stands shows what the camera saw and no more; beyond
the second, what is seen of the head and of its surroundings is told apart."""
_NEAR_SIDE_DEG = (14.0, 35.0)
"""Within these, places next to edges and to the outline are trusted, too: the view moves them little."""
_THINNEST_MM = 1.0
"""A head reaches over more depth than this."""
_FIRST_STEPS = 3
"""Steps to where the lines of sight meet a head that was not drawn before; from there one is enough to follow it."""
_PARTS = min(os.cpu_count() or 1, 4)
"""Parts of a view that are drawn at a time."""


class Painter:
    """Draws views of one size, on several threads, and keeps the memory they are drawn in."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._canvases: list[Packed] = []

    def draw(self, face: SeenFace, views: Sequence[View]) -> tuple[FrontalView, ...]:
        """The views of a face."""
        self._canvases += [np.empty((self.size, self.size), np.uint32) for _ in views[len(self._canvases) :]]
        shown = _shown(face)
        place = _place(face)
        drawn: dict[View, tuple[Packed, Float32]] = {}
        parts = []
        for view, canvas in zip(dict.fromkeys(views), self._canvases, strict=False):
            geometry = view_geometry(view, self.size)
            rough = len(geometry.rough_along_mm)
            shares = np.empty((rough, rough, 2), np.float32)
            stand, met = _stand(face, place, geometry)
            draw = partial(rows.draw, side_of(view, self.size), shown, stand, strands())
            for part in range(_PARTS):
                first, last = (rough * number // _PARTS for number in (part, part + 1))
                parts.append(partial(draw, first, last, met[part], shares, canvas))
            drawn[view] = canvas, shares
        _do(parts)
        return tuple(FrontalView(_picture(canvas), shares) for canvas, shares in map(drawn.__getitem__, views))


def _do(parts: Sequence[Callable[[], None]]) -> None:
    """Do parts of some work on several threads, this one among them; each takes the next one when it has done one."""
    left = deque(parts)

    def work() -> None:
        while True:
            try:
                part = left.popleft()
            except IndexError:  # another thread was faster
                return
            part()

    helpers = [_threads().submit(work) for _ in range(min(_PARTS, len(parts)) - 1)]
    work()
    for helper in helpers:
        if not helper.cancel():
            helper.result()


@lru_cache(maxsize=1)
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max(_PARTS - 1, 1), "views")


@lru_cache(maxsize=64)
def side_of(view: View, size: int) -> Side:
    """The side from which a view of `size` pixels sees the mean head, as the compiled loops look it up."""
    geometry = view_geometry(view, size)
    nodes = len(geometry.along_mm)
    lanes = _lanes(geometry)
    eyes = np.zeros((len(geometry.eyes), *geometry.far_surface.shape[:2], 1), np.float32)
    for mask, eye in zip(eyes, geometry.eyes, strict=True):
        mask[..., 0] = eye.mask
    (columns, rows, depth), (deep, cover) = (
        np.moveaxis(geometry.far_cells, -1, 0),
        np.moveaxis(geometry.far_surface, -1, 0),
    )
    nearest = min(depth.min(), deep.min())
    step = max(float(max(depth.max(), deep.max()) - nearest), _THINNEST_MM) / DEEPEST
    return Side(
        far_cells=in_quarters((columns + 1) * CELL_STEPS, (rows + 1) * CELL_STEPS, (depth - nearest) / step),
        far_surface=in_halves((deep - nearest) / step, cover * DEEPEST),
        depth_mm=np.array([nearest, step], np.float32),
        eyes=eyes,
        parts=np.array([(0, nodes, 0, nodes)] * 2 + [eye.part for eye in geometry.eyes]),
        frame=geometry.frame,
        along=_continued(geometry.rough_along, lanes),
        along_mm=_continued(geometry.rough_along_mm, lanes),
        fine_mm=_continued(geometry.along_mm, NODES_PER_ROUGH * lanes),
    )


def _lanes(geometry: ViewGeometry) -> int:
    """Length of a row of rough nodes that leaves nothing over when many are worked on at a time, and of one more."""
    return len(geometry.rough_along_mm) // LANES * LANES + LANES


def _continued(along: Float32, count: int) -> Float32:
    """Evenly spaced places (n,), and as many more as make up (count,)."""
    return np.asarray(along[0] + (along[1] - along[0]) * np.arange(count), np.float32)


def _shown(face: SeenFace) -> Shown:
    lens, surroundings, memory = face.project.lens, face.surroundings, face.memory
    appearance, packed = memory.appearance, face.pixels
    return Shown(
        deformation=memory.deformation.words.pairs,
        step_mm=memory.deformation.step_mm,
        weights=appearance.weights.pairs,
        fill=appearance.fill.pairs,
        tone=appearance.tone.pairs,
        around=surroundings.words.pairs,
        to_small=(surroundings.to_small @ face.patch.from_patch)[:2].astype(np.float32),
        patch=np.ndarray(packed.size - 1, np.uint64, packed, strides=(packed.itemsize,)),
        size=face.patch.size,
        offsets=lens.offsets.view(np.uint64),
        grid=lens.grid,
    )


class _Place(NamedTuple):
    """Where the camera stands, for all views: unit vectors (3,) of the head frame to it, from the sheet of the
    surroundings and from the middle of the face.
    """

    from_sheet: Float64
    from_face: Float64


def _place(face: SeenFace) -> _Place:
    return _Place(face.head.towards_camera(SHEET_MM), face.head.towards_camera(FACE_CENTER_MM))


def _stand(face: SeenFace, place: _Place, geometry: ViewGeometry) -> tuple[Stand, Float32]:
    """How a view stands to a face, and, (parts, c, 3, c), where its lines of sight met the head a moment ago.

    Lines belong to a camera as far away as the real one, and the head may be deformed from the mean. Where they meet it
    is found in the far view of the mean head by going there and back.
    """
    key = (geometry.view, geometry.size)
    steps = 1
    met = face.memory.met
    if key not in met:
        more = _lanes(geometry) - len(geometry.rough_along_mm)
        met[key] = np.pad(geometry.met_from_afar[None].repeat(_PARTS, 0), ((0, 0),) * 3 + ((0, more),), "edge")
        steps = _FIRST_STEPS
    same, near = _sides(place.from_face, geometry)
    stand = Stand(
        camera=np.array([geometry.eye_depth_mm, 1 / face.distance_mm, geometry.beyond], np.float32),
        sheet=sheet_of(geometry, place.from_sheet),
        matrices=(face.project.matrix @ geometry.layers).astype(np.float32),
        same=same,
        near=near,
        steps=steps,
    )
    return stand, met[key]


def _picture(canvas: Packed) -> npt.NDArray[np.uint8]:
    """The picture (n, n, 3) BGR that a canvas holds."""
    four = canvas.view(np.uint8).reshape(*canvas.shape, 4)
    return np.asarray(cv2.cvtColor(four, cv2.COLOR_BGRA2BGR), np.uint8)


def _sides(to_camera: Float64, geometry: ViewGeometry) -> tuple[float, float]:
    """How far a view is from where the camera stands, and how far from near it, 1 for not at all."""
    cosine = -float(geometry.rotation[2] @ to_camera)
    angle = math.degrees(math.acos(min(max(cosine, -1.0), 1.0)))
    return _falling(angle, _SAME_SIDE_DEG), _falling(angle, _NEAR_SIDE_DEG)


def _falling(angle: float, limits: tuple[float, float]) -> float:
    """1 below the first limit, 0 above the second."""
    t = min(max((angle - limits[0]) / (limits[1] - limits[0]), 0.0), 1.0)
    return 1 - t * t * (3 - 2 * t)

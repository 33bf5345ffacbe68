"""Views of a face that has been seen: positions at the nodes of grids, colours at pixels, soft things in between."""

from __future__ import annotations

import math
import os
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial

import cv2
import numpy as np
import numpy.typing as npt

from fpn.head import FACE_CENTER_MM
from renderer.frontal_view import FrontalView
from renderer.grain import strands
from renderer.loops import pixels, rows
from renderer.loops.mixing import LANES
from renderer.loops.nodes import Shown, Side, Stand
from renderer.sampling import Patch
from renderer.seen_face import SeenFace
from renderer.sheet import SHEET_MM, sheet_of
from renderer.view import NODES_PER_ROUGH, View, ViewGeometry, view_geometry

Float32 = npt.NDArray[np.float32]
Packed = npt.NDArray[np.uint32]

_SAME_SIDE_DEG = (8.0, 20.0)
"""A view from within the first of these angles of where the camera stands shows what the camera saw and no more; beyond
the second, what is seen of the head and of its surroundings is told apart."""
_NEAR_SIDE_DEG = (14.0, 35.0)
"""Within these, places next to edges and to the outline are trusted, too: the view moves them little."""
_FIRST_STEPS = 3
"""Steps to where the lines of sight meet a head that was not drawn before; from there one is enough to follow it."""
_PARTS = min(os.cpu_count() or 1, 4)
"""Parts of a view that are drawn at a time."""


class Painter:
    """Draws views of one size, on several threads, and keeps the memory they are drawn in."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._canvases: list[Packed] = []
        self._patches = [np.empty(0, np.uint32), np.empty(0, np.uint32)]

    def draw(self, face: SeenFace, views: Sequence[View]) -> tuple[FrontalView, ...]:
        """The views of a face."""
        self._canvases += [np.empty((self.size, self.size), np.uint32) for _ in views[len(self._canvases) :]]
        shown = _shown(face, self._pack(face.patch))
        drawn: dict[View, tuple[Packed, Float32]] = {}
        parts = []
        for view, canvas in zip(dict.fromkeys(views), self._canvases, strict=False):
            geometry = view_geometry(view, self.size)
            rough = len(geometry.rough_along_mm)
            shares = np.empty((rough, rough, 2), np.float32)
            stand, met = _stand(face, geometry)
            draw = partial(rows.draw, side_of(view, self.size), shown, stand, strands())
            for part in range(_PARTS):
                first, last = (rough * number // _PARTS for number in (part, part + 1))
                parts.append(partial(draw, first, last, met[part], shares, canvas))
            drawn[view] = canvas, shares
        _do(parts)
        return tuple(FrontalView(_picture(canvas), shares) for canvas, shares in map(drawn.__getitem__, views))

    def _pack(self, patch: Patch) -> Packed:
        """The pixels (h, w) of a patch."""
        height, width = patch.height, patch.width
        frame = patch.frame
        if patch.halvings:
            # The loops know but one kind of pictures.
            if not (frame.flags.c_contiguous and frame.flags.writeable):
                frame = frame.copy()
            height, width = height // 2, width // 2
            packed = self._room(0, height, width)
            pixels.pack_halved(frame.reshape(len(frame), -1), patch.left, patch.top, packed)
        else:
            packed = self._room(0, height, width)
            part = frame[patch.top : patch.top + height, patch.left : patch.left + width]
            cv2.cvtColor(part, cv2.COLOR_BGR2BGRA, dst=packed.view(np.uint8).reshape(height, width, 4))
        for number in range(1, patch.halvings):
            larger, height, width = packed, height // 2, width // 2
            packed = self._room(number % 2, height, width)
            pixels.halve(larger, packed)
        return packed

    def _room(self, number: int, height: int, width: int) -> Packed:
        """Memory for a patch (h, w), one of two."""
        if self._patches[number].size < height * width:
            self._patches[number] = np.empty(height * width, np.uint32)
        return self._patches[number][: height * width].reshape(height, width)


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
    everywhere = (0, len(geometry.along_mm))
    lanes = _lanes(geometry)
    eyes = np.zeros((len(geometry.eyes), *geometry.far_surface.shape[:2], 1), np.float32)
    for mask, eye in zip(eyes, geometry.eyes, strict=True):
        mask[..., 0] = eye.mask
    return Side(
        far_cells=np.dstack([geometry.far_cells, np.zeros_like(geometry.far_cells[..., :1])]).view(np.uint64),
        far_surface=geometry.far_surface.view(np.uint64),
        eyes=eyes,
        bands=np.array([everywhere, everywhere, *(eye.band for eye in geometry.eyes)]),
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


def _shown(face: SeenFace, packed: Packed) -> Shown:
    patch, lens, appearance, surroundings = face.patch, face.project.lens, face.appearance, face.surroundings
    return Shown(
        deformation=face.deformation,
        weights=appearance.weights.view(np.uint64),
        tones=appearance.tones.view(np.uint64),
        around=surroundings.tones.view(np.uint64),
        to_small=(surroundings.to_small @ patch.from_patch)[:2].astype(np.float32),
        patch=np.ndarray(packed.size - 1, np.uint64, packed, strides=(packed.itemsize,)),
        size=patch.size,
        offsets=lens.offsets.view(np.uint64),
        grid=lens.grid,
    )


def _stand(face: SeenFace, geometry: ViewGeometry) -> tuple[Stand, Float32]:
    """How a view stands to a face, and, (parts, c, 3, c), where its lines of sight met the head a moment ago.

    Lines belong to a camera as far away as the real one, and the head may be deformed from the mean. Where they meet it
    is found in the far view of the mean head by going there and back.
    """
    key = (geometry.view, geometry.size)
    steps = 1
    if key not in face.met:
        more = _lanes(geometry) - len(geometry.rough_along_mm)
        face.met[key] = np.pad(geometry.met_from_afar[None].repeat(_PARTS, 0), ((0, 0),) * 3 + ((0, more),), "edge")
        steps = _FIRST_STEPS
    same, near = _sides(face, geometry)
    stand = Stand(
        camera=np.array([geometry.eye_depth_mm, 1 / face.distance_mm, geometry.beyond], np.float32),
        sheet=sheet_of(geometry, face.head.towards_camera(SHEET_MM)),
        matrices=(face.project.matrix @ geometry.layers).astype(np.float32),
        same=same,
        near=near,
        steps=steps,
    )
    return stand, face.met[key]


def _picture(canvas: Packed) -> npt.NDArray[np.uint8]:
    """The picture (n, n, 3) BGR that a canvas holds."""
    four = canvas.view(np.uint8).reshape(*canvas.shape, 4)
    return np.asarray(cv2.cvtColor(four, cv2.COLOR_BGRA2BGR), np.uint8)


def _sides(face: SeenFace, geometry: ViewGeometry) -> tuple[float, float]:
    """How far a view is from where the camera stands, and how far from near it, 1 for not at all."""
    cosine = -float(geometry.rotation[2] @ face.head.towards_camera(FACE_CENTER_MM))
    angle = math.degrees(math.acos(min(max(cosine, -1.0), 1.0)))
    return _falling(angle, _SAME_SIDE_DEG), _falling(angle, _NEAR_SIDE_DEG)


def _falling(angle: float, limits: tuple[float, float]) -> float:
    """1 below the first limit, 0 above the second."""
    t = min(max((angle - limits[0]) / (limits[1] - limits[0]), 0.0), 1.0)
    return 1 - t * t * (3 - 2 * t)

"""Layers of a view: what the camera saw of a face, and what it saw at the mirror image of each place."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from renderer.appearance import Appearance
from renderer.blending import times
from renderer.chart import on_half_chart
from renderer.sampling import HeadCamera, Patch, Projector
from renderer.surroundings import Surroundings
from renderer.view import EYE_SHIFT_MM, NODE_SPACING, ROUGH_SPACING, ViewGeometry
from renderer.view_set import NODES_PER_ROUGH, ViewSet

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]
Picture = npt.NDArray[np.uint8]

_EYE_TAKEN = 0.1
"""From this share of the mirror image on it is seen to that the eyes look the same way."""
_TONE_UNIT = 1 / 1.9
"""Brightness factors up to 1.9 times a share are kept as bytes."""
_MIRROR = np.diag([-1.0, 1.0, 1.0, 1.0])
_Kind = TypeVar("_Kind", bound=np.generic)


@dataclass(frozen=True)
class SeenFace:
    """A face in a frame as far as all its views share it.

    patch: where to sample; project: how to get there. deformation: (H / 2, W / 2, 3) float32 mm from the mean head, on
    the chart; None for the mean head. distance_mm: from the camera to the eyes, in millimetres of a head of average
    size.
    """

    head: HeadCamera
    patch: Patch
    project: Projector
    deformation: Float32 | None
    appearance: Appearance
    surroundings: Surroundings
    distance_mm: float


@dataclass(frozen=True)
class Surface:
    """What lies behind the nodes of a stack of views.

    cells: (n c, c, 2), of the chart. points: (n g, g, 3), in the views' frames. cover: (n g, g). origin: (n g, g, 2),
    nodes of the mean head's views where these were found, counted from `first_node` rows above this surface.
    """

    cells: Float32
    points: Float32
    cover: Float32
    origin: Float32
    first_node: int = 0

    def of(self, views: ViewSet, number: int) -> Surface:
        """The part behind the nodes of one view, numbers in `origin` counted from its own first row."""
        nodes = views.block(number, views.nodes)
        return Surface(
            cells=self.cells[views.block(number, views.rough)],
            points=self.points[nodes],
            cover=self.cover[nodes],
            origin=self.origin[nodes],
            first_node=nodes.start,
        )


class Workspace:
    """Memory of the large arrays that drawing goes through, to be used again for the next picture."""

    def __init__(self) -> None:
        self._memory: dict[str, npt.NDArray[Any]] = {}

    def of(self, name: str, shape: tuple[int, ...], kind: type[_Kind]) -> npt.NDArray[_Kind]:
        """An array under a name, with anything in it; until the next call with that name."""
        count = math.prod(shape)
        memory = self._memory.get(name)
        if memory is None or memory.size < count:
            memory = self._memory[name] = np.empty(count, kind)
        return memory[:count].reshape(shape)


@dataclass(frozen=True)
class _Box:
    """A rectangle of a view, in rough nodes."""

    top: int
    bottom: int
    left: int
    right: int

    @classmethod
    def around(cls, share: Float32) -> _Box | None:
        """Around all nodes (g, g) that have a share; None where none has."""
        rows, columns = (np.flatnonzero(share.max(axis)) // NODES_PER_ROUGH for axis in (1, 0))
        return cls(rows[0], rows[-1] + 1, columns[0], columns[-1] + 1) if rows.size else None

    def of(self, array: npt.NDArray[_Kind], fineness: int) -> npt.NDArray[_Kind]:
        """That rectangle of an array with `fineness` elements to a rough node along each side; not a copy."""
        rows = slice(self.top * fineness, self.bottom * fineness)
        return array[rows, self.left * fineness : self.right * fineness]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return (self.right - self.left) * ROUGH_SPACING, (self.bottom - self.top) * ROUGH_SPACING


def add_seen(
    picture: Picture, face: SeenFace, geometry: ViewGeometry, surface: Surface, share: Float32, workspace: Workspace
) -> None:
    """Add what the camera saw behind each node, times its share (g, g)."""
    box = _Box.around(share)
    if box is None:
        return
    colours = _sampled(face, face.project.matrix @ geometry.to_head, box.of(surface.points, NODES_PER_ROUGH), workspace)
    weight = cv2.resize(cv2.convertScaleAbs(box.of(share, NODES_PER_ROUGH), alpha=255), box.size)
    cv2.multiply(colours, cv2.merge([weight] * 3), dst=colours, scale=1 / 255)
    part = box.of(picture, ROUGH_SPACING)
    cv2.add(part, colours, dst=part)


def add_mirrored(
    picture: Picture, face: SeenFace, geometry: ViewGeometry, surface: Surface, share: Float32, workspace: Workspace
) -> None:
    """Add what is seen at the mirror image of each node's place, its brightness matched, times its share (g, g)."""
    box = _Box.around(share)
    if box is None:
        return
    points = box.of(surface.points, NODES_PER_ROUGH)
    in_box = np.ascontiguousarray(box.of(share, NODES_PER_ROUGH))
    to_patch = face.project.matrix
    colours = _sampled(face, to_patch @ _MIRROR @ geometry.to_head, points, workspace)
    for eye, shift in ((geometry.right_eye, EYE_SHIFT_MM), (geometry.left_eye, -EYE_SHIFT_MM)):
        mask = box.of(eye, NODES_PER_ROUGH)
        if (mask * in_box).max() > _EYE_TAKEN:
            first = np.array([0, surface.first_node], np.float32)
            mask = look_up(eye, box.of(surface.origin, NODES_PER_ROUGH) - first)
            _unmirror_eye(colours, face, points, to_patch @ _moved(shift) @ geometry.to_head, mask)
    tone = look_up(face.appearance.tone, on_half_chart(box.of(surface.cells, 1)))
    weight = cv2.convertScaleAbs(times(cv2.resize(tone, in_box.shape[::-1]), in_box), alpha=255 * _TONE_UNIT)
    cv2.multiply(colours, cv2.resize(weight, box.size), dst=colours, scale=1 / (255 * _TONE_UNIT))
    part = box.of(picture, ROUGH_SPACING)
    cv2.add(part, colours, dst=part)


def _sampled(face: SeenFace, matrix: Float64, points: Float32, workspace: Workspace) -> Picture:
    """Colours (2 h, 2 w, 3) where `matrix` (3, 4) leads from points (h, w, 3) of a view; the workspace's own memory."""
    rows, columns = (NODE_SPACING * n for n in points.shape[:2])
    at_pixels = workspace.of("map", (rows, columns, 2), np.float32)
    cv2.resize(face.project(np.ascontiguousarray(points), matrix), (columns, rows), dst=at_pixels)
    return face.patch.sample(at_pixels, workspace.of("colours", (rows, columns, 3), np.uint8))


def _unmirror_eye(
    image: Picture, face: SeenFace, points: Float32, to_other_eye: Float64, between_lids: Float32
) -> None:
    """Put what the other eye shows at the same place, not mirrored, between the lids, so that both look the same way.

    image: (h, w, 3) of a box of the view; points: (h / 2, w / 2, 3) there; to_other_eye: (3, 4), takes them to the
    patch.
    """
    rows, columns = (np.flatnonzero(between_lids.max(axis) > 0.01) for axis in (1, 0))
    if not rows.size:
        return
    part = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    there = np.ascontiguousarray(points[part])
    height, width = (NODE_SPACING * n for n in there.shape[:2])
    eye = face.patch.sample(cv2.resize(face.project(there, to_other_eye), (width, height)))
    weight = cv2.resize(np.ascontiguousarray(between_lids[part]), (width, height))
    pixels = tuple(slice(NODE_SPACING * s.start, NODE_SPACING * s.stop) for s in part)
    image[pixels] = cv2.blendLinear(eye, np.ascontiguousarray(image[pixels]), weight, 1 - weight)


def _moved(shift: Float64) -> Float64:
    """The homogeneous matrix (4, 4) that moves points by `shift` (3,)."""
    matrix = np.eye(4)
    matrix[:3, 3] = shift
    return matrix


def look_up(image: Float32, at: Float32) -> Float32:
    """Values of an image (h, w, k) at coordinates (r, c, 2)."""
    found = cv2.remap(image, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found, np.float32)

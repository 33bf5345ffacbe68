"""Layers of a view: what the camera saw of a face, and what it saw at the mirror image of each place."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from renderer.appearance import Appearance
from renderer.box import Box
from renderer.chart import on_half_chart
from renderer.sampling import HeadCamera, Patch, Projector
from renderer.surroundings import Surroundings
from renderer.view import NODE_SPACING, ROUGH_SPACING, FarEye, View, ViewGeometry
from renderer.view_set import NODES_PER_ROUGH, ViewSet

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]
Picture = npt.NDArray[np.uint8]

_EYE_TAKEN = 0.1
"""From this share of the mirror image on it is seen to that the eyes look the same way."""
TONE_UNIT = 1 / 128
"""Brightness factors are kept as bytes of this unit."""
_MIRROR = np.diag([-1.0, 1.0, 1.0, 1.0])
_Kind = TypeVar("_Kind", bound=np.generic)


@dataclass(frozen=True)
class SeenFace:
    """A face in a frame as far as all its views share it.

    patch: where to sample, with a spare fourth channel; project: how to get there. deformation: (H / 2, W / 2, 3)
    float32 mm from the mean head, on the chart; None for the mean head. observed: what the frame shows; appearance:
    the same, settled with what earlier ones showed. distance_mm: from the camera to the eyes, in
    millimetres of a head of average size. met: for views that were drawn of this face, now or a moment ago, where their
    lines of sight met it: cells of the chart and depth (n c, c, 3).
    """

    head: HeadCamera
    patch: Patch
    project: Projector
    deformation: Float32 | None
    observed: Appearance
    appearance: Appearance
    surroundings: Surroundings
    distance_mm: float
    met: dict[tuple[View, ...], Float32] = field(default_factory=dict)


@dataclass(frozen=True)
class Surface:
    """What lies behind the nodes of a stack of views.

    cell_x, cell_y: (n c, c), of the chart, at the rough nodes. points: (n g, g, 3), in the views' frames. cover:
    (n g, g). far_x, far_y: (n g, g), the nodes of the mean head's far views where these were found.
    """

    cell_x: Float32
    cell_y: Float32
    points: Float32
    cover: Float32
    far_x: Float32
    far_y: Float32


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
class Canvas:
    """What is drawn into, and with what: one view's part of a stack.

    picture: (4 c, 4 c, 4) uint8. cells: (x, y) of the chart at the rough nodes, points, far: (x, y) of the nodes of
    the far view; see `Surface`.
    """

    face: SeenFace
    geometry: ViewGeometry
    picture: Picture
    cells: tuple[Float32, Float32]
    points: Float32
    far: tuple[Float32, Float32]
    workspace: Workspace

    @classmethod
    def of(
        cls, face: SeenFace, surface: Surface, views: ViewSet, number: int, pictures: Picture, workspace: Workspace
    ) -> Canvas:
        """For one view of those whose surface and pictures (n 4 c, 4 c, 4) these are."""
        rough, nodes = views.block(number, views.rough), views.block(number, views.nodes)
        first = np.float32(views.far_nodes(number).start)
        return cls(
            face=face,
            geometry=views.geometries[number],
            picture=pictures[views.block(number, views.full)],
            cells=(surface.cell_x[rough], surface.cell_y[rough]),
            points=surface.points[nodes],
            far=(surface.far_x[nodes], surface.far_y[nodes] - first if first else surface.far_y[nodes]),
            workspace=workspace,
        )


def add_seen(canvas: Canvas, share: Picture) -> None:
    """Add what the camera saw behind each node, times its share (g, g) of 255."""
    box = Box.around(share, NODES_PER_ROUGH)
    if box is None:
        return
    colours = _sampled(canvas, box, canvas.face.project.matrix @ canvas.geometry.to_head)
    weight = cv2.resize(box.of(share, NODES_PER_ROUGH), colours.shape[1::-1])
    _add(canvas, box, colours, cv2.merge([weight] * 4), 1 / 255)


def add_mirrored(canvas: Canvas, share: Picture, tone: Picture) -> None:
    """Add what is seen at the mirror image of each node's place, its brightness matched, times its share (g, g) of 255.

    tone: (H / 2, W / 2, 4), factors of the brightness on the chart, in `TONE_UNIT`.
    """
    box = Box.around(share, NODES_PER_ROUGH)
    if box is None:
        return
    to_patch = canvas.face.project.matrix
    colours = _sampled(canvas, box, to_patch @ _MIRROR @ canvas.geometry.to_head)
    for eye in canvas.geometry.eyes:
        _unmirror_eye(canvas, box, colours, share, eye)
    in_box = box.of(share, NODES_PER_ROUGH)
    tones = cv2.remap(tone, *on_half_chart(*(box.of(axis, 1) for axis in canvas.cells)), cv2.INTER_LINEAR)
    weight = cv2.resize(tones, in_box.shape[::-1])
    cv2.multiply(weight, cv2.merge([in_box] * 4), dst=weight, scale=1 / 255)
    _add(canvas, box, colours, cv2.resize(weight, colours.shape[1::-1]), TONE_UNIT)


def _add(canvas: Canvas, box: Box, colours: Picture, weight: Picture, unit: float) -> None:
    """Add colours times weight, which is in that unit, to a box of the picture."""
    cv2.multiply(colours, weight, dst=colours, scale=unit)
    part = box.of(canvas.picture, ROUGH_SPACING)
    cv2.add(part, colours, dst=part)


def _sampled(canvas: Canvas, box: Box, matrix: Float64) -> Picture:
    """Colours of the pixels in a box of a view, where `matrix` (3, 4) leads from its points; the workspace's memory."""
    points = box.of(canvas.points, NODES_PER_ROUGH)
    rows, columns = (NODE_SPACING * n for n in points.shape[:2])
    x, y = canvas.face.project.planes(points, matrix)
    x, y = (
        cv2.resize(axis, (columns, rows), dst=canvas.workspace.of(name, (rows, columns), np.float32))
        for name, axis in (("x", x), ("y", y))
    )
    return canvas.face.patch.sample_at(x, y, canvas.workspace.of("colours", (rows, columns, 4), np.uint8))


def _unmirror_eye(canvas: Canvas, box: Box, colours: Picture, share: Picture, eye: FarEye) -> None:
    """Put what the other eye shows at the same place, not mirrored, between the lids, so that both look the same way.

    colours: of the box.
    """
    part = box.common(eye.near)
    if part is None or part.of(share, NODES_PER_ROUGH).max() <= 255 * _EYE_TAKEN:
        return
    far_x, far_y = (np.ascontiguousarray(part.of(axis, NODES_PER_ROUGH)) for axis in canvas.far)
    between_lids = look_up(eye.mask, far_x, far_y)
    if (between_lids * part.of(share, NODES_PER_ROUGH)).max() <= 255 * _EYE_TAKEN:
        return
    points = part.of(canvas.points, NODES_PER_ROUGH)
    height, width = (NODE_SPACING * n for n in points.shape[:2])
    to_other_eye = canvas.face.project.matrix @ _moved(eye.to_other_mm) @ canvas.geometry.to_head
    x, y = (cv2.resize(axis, (width, height)) for axis in canvas.face.project.planes(points, to_other_eye))
    weight = cv2.resize(between_lids, (width, height))
    top, left = ROUGH_SPACING * (part.top - box.top), ROUGH_SPACING * (part.left - box.left)
    pixels = colours[top : top + height, left : left + width]
    pixels[:] = cv2.blendLinear(canvas.face.patch.sample_at(x, y), np.ascontiguousarray(pixels), weight, 1 - weight)


def _moved(shift: Float64) -> Float64:
    """The homogeneous matrix (4, 4) that moves points by `shift` (3,)."""
    matrix = np.eye(4)
    matrix[:3, 3] = shift
    return matrix


def look_up(image: Float32, x: Float32, y: Float32) -> Float32:
    """Values of an image (h, w, k) at coordinates (r, c) each."""
    return np.asarray(cv2.remap(image, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)

"""Views of a face that has been seen: positions at the nodes of grids, colours at pixels, soft things in between."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from fpn.head import FACE_CENTER_MM
from renderer.chart import on_half_chart
from renderer.layers import SeenFace, Surface, Workspace, add_mirrored, add_seen, look_up
from renderer.sampling import HeadCamera
from renderer.view import PIVOT_MM, ROUGH_SPACING, ViewGeometry
from renderer.view_set import NODES_PER_ROUGH, ViewSet

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]
Picture = npt.NDArray[np.uint8]

_SHEET_MM = np.array([0.0, 15.0, 75.0])
"""The surroundings stand on a sheet through this point between the ears, turned towards the camera."""
_STEEPEST_COSINE = 0.5
"""... but no farther from facing the view than this, or it would be seen on edge."""
_MARGIN_PX = 3.0
"""Over this width along the frame's border what is seen gives way to what is filled in."""
_SAME_SIDE_DEG = (8.0, 20.0)
"""A view from within the first of these angles of where the camera stands shows what the camera saw and no more; beyond
the second, what is seen of the head and of its surroundings is told apart."""
_NEAR_SIDE_DEG = (14.0, 35.0)
"""Within these, places next to edges and to the outline are trusted, too: the view moves them little."""
_NOTHING = 1 / 512
"""Smaller shares do not change a picture of 8 bits."""
_NOTICEABLE = 0.04
"""Less than this of the mirror image is not worth being sampled; it is filled in."""


@dataclass(frozen=True)
class FrontalView:
    """One view of one face.

    picture: (size, size, 3) uint8 BGR.
    shares: (c, c, 2) float32, `visibility` and `confidence` at every fourth pixel.
    """

    picture: Picture
    shares: Float32

    @property
    def visibility(self) -> Float32:
        """The share (size, size) float32 0..1 of each pixel's colour that the camera saw at that very place."""
        return self._enlarged(0)

    @property
    def confidence(self) -> Float32:
        """How far each pixel (size, size) float32 0..1 can be trusted.

        1 for what was seen squarely, less the more slantingly, up to a half for what is taken from the mirror image or
        shows the surroundings, 0 for what is made up.
        """
        return self._enlarged(1)

    def _enlarged(self, layer: int) -> Float32:
        size, full = len(self.picture), len(self.shares) * ROUGH_SPACING
        enlarged = cv2.resize(np.ascontiguousarray(self.shares[..., layer]), (full, full))
        inner = slice(ROUGH_SPACING, ROUGH_SPACING + size)
        return np.ascontiguousarray(enlarged[inner, inner], np.float32)


def empty_view(size: int) -> FrontalView:
    """The view of a face that cannot be seen."""
    rough = -(-size // ROUGH_SPACING) + 2
    return FrontalView(np.full((size, size, 3), 128, np.uint8), np.zeros((rough, rough, 2), np.float32))


def draw_views(face: SeenFace, views: ViewSet, workspace: Workspace) -> tuple[FrontalView, ...]:
    """Draw the views of one face."""
    angles = [_angle_deg(geometry, face.head) for geometry in views.geometries]
    same_sides = [_falling(angle, _SAME_SIDE_DEG) for angle in angles]
    near_sides = [_falling(angle, _NEAR_SIDE_DEG) for angle in angles]
    surface = _surface(views, face, same_sides)
    sheet_map = np.concatenate([_sheet_map(face, geometry) for geometry in views.geometries])
    tones, head_there = face.surroundings.at(sheet_map, face.patch)
    near_side = _per_rough_row(near_sides, views)
    shares, summary = _weigh(face, surface, sheet_map, head_there, _per_rough_row(same_sides, views), near_side)

    pictures = workspace.of("picture", (len(views.geometries) * views.full, views.full, 3), np.uint8)
    soft = _soft_parts(face, surface, shares, tones, sheet_map)
    cv2.resize(soft, pictures.shape[1::-1], dst=pictures)
    shown = []
    inner = slice(ROUGH_SPACING, ROUGH_SPACING + views.size)
    for number, geometry in enumerate(views.geometries):
        part = surface.of(views, number)
        picture = pictures[views.block(number, views.full)]
        rows = views.block(number, views.nodes)
        add_seen(picture, face, geometry, part, shares.own[rows], workspace)
        add_mirrored(picture, face, geometry, part, shares.mirrored[rows], workspace)
        shown.append(FrontalView(picture[inner, inner].copy(), summary[views.block(number, views.rough)]))
    return tuple(shown)


@dataclass(frozen=True)
class _Shares:
    """What the pixels of a stack of views are made of, at its nodes (n g, g) float32; all sum to 1.

    own, mirrored: what is seen at a place itself (of the head, or around it from the camera's own side) and at its
    mirror image. sheet: what is seen of the surroundings. filled, empty: what is made up of the head and around it.
    """

    own: Float32
    mirrored: Float32
    sheet: Float32
    filled: Float32
    empty: Float32


def _weigh(
    face: SeenFace,
    surface: Surface,
    sheet_map: Float32,
    head_there: Float32,
    same_side: Float32,
    near_side: Float32,
) -> tuple[_Shares, Float32]:
    """Shares at the nodes, and visibility and confidence (n c, c, 2) at the rough nodes.

    sheet_map: (n c, c, 2), where in the patch the surroundings are looked for; head_there: (n c, c), how far the head
    stands there instead; same_side, near_side: (n c, 1), how far the view is from there.
    """
    inside = face.patch.inside(sheet_map, _MARGIN_PX)
    free = inside * (1 - head_there * (1 - same_side))
    own, mirrored, confidence, perhaps = cv2.split(look_up(face.appearance.weights, surface.cells))
    more = near_side * np.maximum(perhaps - own, 0)
    mirrored -= np.minimum(mirrored, more)
    own += more
    own += same_side * (inside - own)
    mirrored *= 1 - same_side
    on_head = cv2.resize(surface.cover, own.shape[::-1], interpolation=cv2.INTER_AREA)
    around = (1 - on_head) * free
    confidence = on_head * np.maximum(confidence, same_side * inside) + np.float32(0.5) * around
    summary = cv2.merge([on_head * own + around, confidence])

    layers = cv2.merge([own, mirrored, free, free * same_side])
    own, mirrored, free, sharp = cv2.split(cv2.resize(layers, surface.cover.shape[::-1]))
    mirrored *= surface.cover
    mirrored[mirrored < _NOTICEABLE] = 0
    own *= surface.cover
    beside = 1 - surface.cover
    sharp *= beside
    free *= beside
    shares = _Shares(own + sharp, mirrored, free - sharp, surface.cover - own - mirrored, beside - free)
    return shares, np.asarray(summary, np.float32)


def _soft_parts(face: SeenFace, surface: Surface, shares: _Shares, tones: Float32, sheet_map: Float32) -> Picture:
    """What needs no detail, at the nodes (n g, g, 3): surroundings, and the tones of what was not seen."""
    size = surface.cover.shape[::-1]
    soft = np.zeros((*surface.cover.shape, 3), np.uint8)
    if shares.filled.max() > _NOTHING:
        fill = cv2.convertScaleAbs(look_up(face.appearance.fill, on_half_chart(surface.cells)))
        cv2.add(soft, _toned(cv2.resize(fill, size), shares.filled), dst=soft)
    if shares.empty.max() > _NOTHING:
        cv2.add(soft, _toned(cv2.resize(cv2.convertScaleAbs(tones), size), shares.empty), dst=soft)
    if shares.sheet.max() > _NOTHING:
        cv2.add(soft, _toned(face.patch.sample(cv2.resize(sheet_map, size)), shares.sheet), dst=soft)
    return soft


def _per_rough_row(values: list[float], views: ViewSet) -> Float32:
    """One value a view, at the rows of its rough nodes, (n c, 1)."""
    return np.repeat(np.array(values, np.float32), views.rough)[:, None]


def _toned(colours: Picture, share: Float32) -> Picture:
    """Colours (h, w, 3) times a share (h, w) of them."""
    weight = np.asarray(cv2.convertScaleAbs(cv2.max(share, 0), alpha=255), np.uint8)
    return np.asarray(cv2.multiply(colours, cv2.merge([weight] * 3), scale=1 / 255), np.uint8)


def _surface(views: ViewSet, face: SeenFace, same_sides: list[float]) -> Surface:
    """What lies behind the nodes; beyond the head's outline, in views from the camera's own side, the sheet.

    Nodes belong to lines of sight that spread from the view's own camera, and the head may be deformed from the mean.
    Where such a line meets it is found in the far view of the mean head by going there and back, twice.
    """
    distance = np.float32(face.distance_mm)
    cells_and_depth = views.cells_and_depth
    zero = np.zeros((), np.float32)
    for _ in range(2):
        cell_x, cell_y, depth = cv2.split(cells_and_depth)
        across, down, deeper = zero, zero, zero
        if face.deformation is not None:
            moved = look_up(face.deformation, on_half_chart(cv2.merge([cell_x, cell_y])))
            across, down, deeper = cv2.split(_in_view_frames(moved, views))
        spread = (depth + deeper - views.eye_depth) / distance
        x, y = cv2.split(views.rough_nodes + views.from_middle * cv2.merge([spread, spread]))
        y = np.clip(y - down * views.rough_per_mm, views.first_row, views.last_row)
        origin = cv2.merge([np.asarray(x - across * views.rough_per_mm, np.float32), y])
        cells_and_depth = look_up(views.cells_and_depth, origin)
    cells = np.ascontiguousarray(cells_and_depth[..., :2])

    size = views.x_mm.shape[::-1]
    nodes = np.float32(NODES_PER_ROUGH)
    origin = cv2.resize(origin, size) * nodes + (nodes - 1) / 2
    depth, cover = cv2.split(look_up(views.depth_and_cover, origin))
    if face.deformation is not None:
        depth += cv2.resize(np.asarray(deeper, np.float32), size)
    eye_depth = np.repeat(views.eye_depth, NODES_PER_ROUGH, axis=0)
    for number, (geometry, same_side) in enumerate(zip(views.geometries, same_sides, strict=True)):
        if same_side > 0:
            part = views.block(number, views.nodes)
            on_sheet = _sheet_depth(geometry, face)
            depth[part] += np.float32(same_side) * (1 - cover[part]) * (on_sheet - depth[part])
    spread = 1 + (depth - eye_depth) / distance
    return Surface(cells, cv2.merge([views.x_mm * spread, views.y_mm * spread, depth]), cover, origin)


def _in_view_frames(vectors: Float32, views: ViewSet) -> Float32:
    """Vectors (n c, c, 3) of the head frame in the frame of the view they stand in."""
    for number, geometry in enumerate(views.geometries):
        rows = views.block(number, views.rough)
        cv2.transform(vectors[rows], geometry.rotation, dst=vectors[rows])
    return vectors


def _angle_deg(geometry: ViewGeometry, head: HeadCamera) -> float:
    """Between the direction from which a view looks at the face and that of the camera, degrees."""
    cosine = -float(geometry.rotation[2] @ head.towards_camera(FACE_CENTER_MM))
    return math.degrees(math.acos(min(max(cosine, -1.0), 1.0)))


def _falling(angle: float, limits: tuple[float, float]) -> float:
    """1 below the first limit, 0 above the second."""
    t = min(max((angle - limits[0]) / (limits[1] - limits[0]), 0.0), 1.0)
    return 1 - t * t * (3 - 2 * t)


def _sheet(geometry: ViewGeometry, head: HeadCamera) -> Float64:
    """The sheet of the surroundings in a view's frame: (3,) a, b, c with depth = a x + b y + c, millimetres."""
    normal = -(geometry.rotation @ head.towards_camera(_SHEET_MM))
    if normal[2] < _STEEPEST_COSINE:
        slant = np.sqrt(1 - _STEEPEST_COSINE**2) / max(np.hypot(normal[0], normal[1]), 1e-9)
        normal = np.array([normal[0] * slant, normal[1] * slant, _STEEPEST_COSINE])
    middle = geometry.rotation @ (_SHEET_MM - PIVOT_MM)
    return np.array([-normal[0], -normal[1], middle @ normal]) / normal[2]


def _sheet_depth(geometry: ViewGeometry, face: SeenFace) -> Float32:
    """Depth (g, g) at which the lines of sight of a view's nodes meet the sheet."""
    a, b, c = _sheet(geometry, face.head)
    eye, d = geometry.eye_depth_mm, face.distance_mm
    slope = np.float32(a) * geometry.x_mm + np.float32(b) * geometry.y_mm
    return np.asarray((slope * np.float32(1 - eye / d) + np.float32(c)) / (1 - slope / np.float32(d)), np.float32)


def _sheet_map(face: SeenFace, geometry: ViewGeometry) -> Float32:
    """Where in the patch (c, c, 2) the sheet behind the rough nodes of a view is seen."""
    a, b, c = _sheet(geometry, face.head)
    eye, d = geometry.eye_depth_mm, face.distance_mm
    # The point at which the line of sight through (x, y) meets depth = a x + b y + c, in homogeneous coordinates.
    along = 1 - eye / d
    wide = along + c / d
    on_sheet = np.array([[wide, 0, 0], [0, wide, 0], [a * along, b * along, c], [-a / d, -b / d, 1]])
    return face.project(geometry.rough_mm, face.project.matrix @ geometry.to_head @ on_sheet)

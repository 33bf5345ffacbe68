"""Views of a face that has been seen: positions at the nodes of grids, colours at pixels, soft things in between."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from fpn.head import FACE_CENTER_MM
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
_SAME_SIDE_DEG = (6.0, 18.0)
"""A view from within the first of these angles of where the camera stands shows what the camera saw and no more; beyond
the second, what is seen of the head and of its surroundings is told apart."""
_NEAR_SIDE_DEG = (12.0, 35.0)
"""Within these, places next to edges and to the outline are trusted, too: the view moves them little."""
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
    half_cells = surface.cells * np.float32(0.5) - np.float32(0.25)
    fill = cv2.convertScaleAbs(look_up(face.appearance.fill, half_cells))
    soft = _toned(cv2.resize(fill, size), shares.filled)
    cv2.add(soft, _toned(cv2.resize(cv2.convertScaleAbs(tones), size), shares.empty), dst=soft)
    return np.asarray(
        cv2.add(soft, _toned(face.patch.sample(cv2.resize(sheet_map, size)), shares.sheet), dst=soft), np.uint8
    )


def _per_rough_row(values: list[float], views: ViewSet) -> Float32:
    """One value a view, at the rows of its rough nodes, (n c, 1)."""
    return np.repeat(np.array(values, np.float32), views.rough)[:, None]


def _toned(colours: Picture, share: Float32) -> Picture:
    """Colours (h, w, 3) times a share (h, w) of them."""
    weight = np.asarray(cv2.convertScaleAbs(cv2.max(share, 0), alpha=255), np.uint8)
    return np.asarray(cv2.multiply(colours, cv2.merge([weight] * 3), scale=1 / 255), np.uint8)


def _surface(views: ViewSet, face: SeenFace, same_sides: list[float]) -> Surface:
    """What lies behind the nodes; beyond the head's outline, in views from the camera's own side, the sheet.

    Where a line of sight meets a head deformed from the mean is found by going back along the deformation, twice.
    """
    cells, origin = views.cells, None
    depth, cover = cv2.split(views.depth_and_cover)
    if face.deformation is not None:
        x, y = cv2.split(views.rough_nodes)
        across, down, _ = cv2.split(_in_view_frames(look_up(face.deformation, cells), views))
        origin_x = x - across * views.rough_per_mm
        origin_y = np.clip(y - down * views.rough_per_mm, views.first_row, views.last_row)
        cells = look_up(views.cells, cv2.merge([origin_x, origin_y]))
        across, down, deeper = cv2.split(_in_view_frames(look_up(face.deformation, cells), views))
        origin_x = x - across * views.rough_per_mm
        origin_y = np.clip(y - down * views.rough_per_mm, views.first_row, views.last_row)
        nodes = np.float32(NODES_PER_ROUGH)
        origin_x, origin_y, deeper = cv2.split(cv2.resize(cv2.merge([origin_x, origin_y, deeper]), cover.shape[::-1]))
        origin = cv2.merge([origin_x * nodes + (nodes - 1) / 2, origin_y * nodes + (nodes - 1) / 2])
        depth, cover = cv2.split(look_up(views.depth_and_cover, origin))
        depth += deeper
    for number, (geometry, same_side) in enumerate(zip(views.geometries, same_sides, strict=True)):
        if same_side > 0:
            part = views.block(number, views.nodes)
            a, b, c = _sheet(geometry, face.head).astype(np.float32)
            on_sheet = a * geometry.x_mm + b * geometry.y_mm + c
            depth[part] += np.float32(same_side) * (1 - cover[part]) * (on_sheet - depth[part])
    points = views.points.copy()
    cv2.insertChannel(depth, points, 2)
    return Surface(cells, points, cover, origin)


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


def _sheet_map(face: SeenFace, geometry: ViewGeometry) -> Float32:
    """Where in the patch (c, c, 2) the sheet behind the rough nodes of a view is seen."""
    on_sheet = np.array([[1, 0, 0], [0, 1, 0], _sheet(geometry, face.head), [0, 0, 1]])
    return face.project(geometry.rough_mm, face.project.matrix @ geometry.to_head @ on_sheet)

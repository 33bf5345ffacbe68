"""Views of a face that has been seen: positions at the nodes of grids, colours at pixels, soft things in between."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from fpn.head import FACE_CENTER_MM
from renderer.chart import on_half_chart
from renderer.grain import add_grain
from renderer.layers import TONE_UNIT, Canvas, SeenFace, Surface, Workspace, add_mirrored, add_seen, look_up
from renderer.surface import SHEET_MM, Sheet, find_surface, sheet_map
from renderer.view import ROUGH_SPACING, ViewGeometry
from renderer.view_set import NODES_PER_ROUGH, ViewSet

Float32 = npt.NDArray[np.float32]
Picture = npt.NDArray[np.uint8]

_MARGIN_PX = 3.0
"""Over this width along the frame's border what is seen gives way to what is filled in."""
_SAME_SIDE_DEG = (8.0, 20.0)
"""A view from within the first of these angles of where the camera stands shows what the camera saw and no more; beyond
the second, what is seen of the head and of its surroundings is told apart."""
_NEAR_SIDE_DEG = (14.0, 35.0)
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
    to_camera = face.head.towards_camera(FACE_CENTER_MM)
    angles = [_angle_deg(geometry, to_camera) for geometry in views.geometries]
    same_sides = [_falling(angle, _SAME_SIDE_DEG) for angle in angles]
    near_sides = [_falling(angle, _NEAR_SIDE_DEG) for angle in angles]
    to_camera = face.head.towards_camera(SHEET_MM)
    sheets = [Sheet.of(geometry, to_camera) for geometry in views.geometries]
    surface = find_surface(face, views, same_sides, sheets)
    around = np.concatenate([sheet_map(face, *view) for view in zip(views.geometries, sheets, strict=True)])
    tones, head_there = face.surroundings.at(around, face.patch)
    sides = _Sides.of(same_sides, near_sides, views)
    shares, summary = _weigh(face, surface, face.patch.inside(around, _MARGIN_PX), head_there, sides)

    pictures = workspace.of("picture", (len(views.geometries) * views.full, views.full, 4), np.uint8)
    soft = _soft_parts(face, surface, shares, tones, around)
    cv2.resize(soft, pictures.shape[1::-1], dst=pictures)
    tone = _bytes(face.appearance.tone, 1 / TONE_UNIT)
    shown = []
    inner = slice(ROUGH_SPACING, ROUGH_SPACING + views.size)
    for number in range(len(views.geometries)):
        canvas = Canvas.of(face, surface, views, number, pictures, workspace)
        nodes = views.block(number, views.nodes)
        add_seen(canvas, shares.own[nodes])
        add_mirrored(canvas, shares.mirrored[nodes], tone)
        picture = cv2.cvtColor(canvas.picture[inner, inner], cv2.COLOR_BGRA2BGR)
        shown.append(FrontalView(np.asarray(picture, np.uint8), summary[views.block(number, views.rough)]))
    return tuple(shown)


@dataclass(frozen=True)
class _Sides:
    """How far each view is from where the camera stands, at the rows of its rough nodes, (n c, 1) 0..1 or None for 0.

    same, near: 1 within the first of `_SAME_SIDE_DEG` and `_NEAR_SIDE_DEG`.
    """

    same: Float32 | None
    near: Float32 | None

    @classmethod
    def of(cls, same: list[float], near: list[float], views: ViewSet) -> _Sides:
        """Of one value of each kind a view."""
        rows = (np.repeat(np.array(v, np.float32), views.rough)[:, None] if any(v) else None for v in (same, near))
        return cls(*rows)


@dataclass(frozen=True)
class _Shares:
    """What the pixels of a stack of views are made of, at its nodes (n g, g) uint8; all sum to 255.

    own, mirrored: what is seen at a place itself (of the head, or around it from the camera's own side) and at its
    mirror image. sheet: what is seen of the surroundings. filled, empty: what is made up of the head and around it.
    """

    own: Picture
    mirrored: Picture
    sheet: Picture
    filled: Picture
    empty: Picture


def _weigh(
    face: SeenFace, surface: Surface, inside: Float32, head_there: Float32, sides: _Sides
) -> tuple[_Shares, Float32]:
    """Shares at the nodes, and visibility and confidence (n c, c, 2) at the rough nodes.

    inside: (n c, c), how far the surroundings behind a rough node are in the frame; head_there: (n c, c), how far the
    head stands there instead.
    """
    weights = look_up(face.appearance.weights, surface.cell_x, surface.cell_y)
    own, mirrored, confidence, perhaps = cv2.split(weights)
    free = inside * (1 - (head_there if sides.same is None else head_there * (1 - sides.same)))
    if sides.near is not None:
        more = np.maximum(perhaps - own, 0)
        more *= sides.near
        mirrored -= np.minimum(mirrored, more)
        own += more
    if sides.same is not None:
        own += sides.same * (inside - own)
        mirrored *= 1 - sides.same
        confidence = np.maximum(confidence, sides.same * inside)
    on_head = cv2.resize(surface.cover, own.shape[::-1], interpolation=cv2.INTER_AREA)
    around = (1 - on_head) * free
    confidence *= on_head
    confidence += np.float32(0.5) * around
    summary = cv2.merge([on_head * own + around, confidence])

    cover = surface.cover
    size = cover.shape[::-1]
    own, mirrored = cv2.resize(own, size), cv2.resize(mirrored, size)
    own *= cover
    mirrored *= cover
    cv2.threshold(mirrored, _NOTICEABLE, 0, cv2.THRESH_TOZERO, dst=mirrored)
    beside = 1 - cover
    seen_around = cv2.resize(free, size)
    seen_around *= beside
    filled = cover - own
    filled -= mirrored
    beside -= seen_around
    if sides.same is not None:
        sharp = seen_around * np.repeat(sides.same, NODES_PER_ROUGH, axis=0)
        own += sharp
        seen_around -= sharp
    layers = (own, mirrored, seen_around, filled, beside)
    return _Shares(*(_bytes(layer, 255) for layer in layers)), np.asarray(summary, np.float32)


def _soft_parts(face: SeenFace, surface: Surface, shares: _Shares, tones: Picture, around: Float32) -> Picture:
    """What needs no detail, at the nodes (n g, g, 4): surroundings, and the tones of what was not seen.

    tones: (n c, c, 4), of the surroundings at the rough nodes. around: (n c, c, 2), where in the patch these stand.
    """
    size = surface.cover.shape[::-1]
    soft = np.zeros((*surface.cover.shape, 4), np.uint8)
    if cv2.countNonZero(shares.filled):
        fill = _bytes(face.appearance.fill, 1)
        at_rough = cv2.remap(fill, *on_half_chart(surface.cell_x, surface.cell_y), cv2.INTER_LINEAR)
        tone = cv2.resize(at_rough, size)
        add_grain(tone, surface.cell_x, surface.cell_y)
        _add(soft, tone, shares.filled)
    if cv2.countNonZero(shares.empty):
        _add(soft, cv2.resize(tones, size), shares.empty)
    if cv2.countNonZero(shares.sheet):
        x, y = (cv2.resize(axis, size) for axis in cv2.split(around))
        _add(soft, face.patch.sample_at(x, y), shares.sheet)
    return soft


def _add(picture: Picture, colours: Picture, share: Picture) -> None:
    """Add colours (h, w, 4) times a share (h, w) of 255 to a picture; the colours are changed."""
    cv2.multiply(colours, cv2.merge([share] * 4), dst=colours, scale=1 / 255)
    cv2.add(picture, colours, dst=picture)


def _bytes(values: Float32, unit: float) -> Picture:
    """Values times `unit` as uint8; those of three channels get a spare fourth one."""
    four = values if values.ndim == 2 else cv2.cvtColor(values, cv2.COLOR_BGR2BGRA)
    return np.asarray(cv2.convertScaleAbs(four, alpha=unit), np.uint8)


def _angle_deg(geometry: ViewGeometry, to_camera: npt.NDArray[np.float64]) -> float:
    """Between the direction from which a view looks at the face and that `to_camera` (3,), degrees."""
    cosine = -float(geometry.rotation[2] @ to_camera)
    return math.degrees(math.acos(min(max(cosine, -1.0), 1.0)))


def _falling(angle: float, limits: tuple[float, float]) -> float:
    """1 below the first limit, 0 above the second."""
    t = min(max((angle - limits[0]) / (limits[1] - limits[0]), 0.0), 1.0)
    return 1 - t * t * (3 - 2 * t)

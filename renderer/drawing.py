"""One view of a face that has been seen: positions at the nodes of a grid, colours at every pixel, weights in between."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from fpn.head import FACE_CENTER_MM
from renderer.appearance import Appearance
from renderer.blending import smooth_step, times, weighted
from renderer.chart import to_cells
from renderer.sampling import HeadCamera, Patch, Projector
from renderer.surroundings import Surroundings
from renderer.view import EYE_SHIFT_MM, NODE_SPACING, PIVOT_MM, ROUGH_SPACING, ViewGeometry

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]
Picture = npt.NDArray[np.uint8]

_SHEET_MM = np.array([0.0, 15.0, 75.0])
"""The surroundings stand on a sheet through this point between the ears, turned towards the camera."""
_STEEPEST_COSINE = 0.5
"""... but no farther from facing the view than this, or it would be seen on edge."""
_MARGIN_PX = 3.0
"""Over this width along the frame's border what is seen gives way to what is filled in."""
_SAME_SIDE_DEG = (7.0, 20.0)
_NOTICEABLE = 0.01
"""Smaller weights make no difference in a picture of 8 bits, nearly."""
_TONE_UNIT = 1 / 1.9
"""Brightness factors up to 1.9 times a weight are kept as bytes."""
_MIRROR = np.diag([-1.0, 1.0, 1.0])
_NODES_PER_ROUGH = ROUGH_SPACING // NODE_SPACING


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
        return np.ascontiguousarray(enlarged[:size, :size], np.float32)


@dataclass(frozen=True)
class SeenFace:
    """A face in a frame as far as all its views share it.

    patch: where to sample, project: how to get there. deformation: (H, W, 3) float32 mm from the mean head, on the chart;
    None for the mean head.
    """

    head: HeadCamera
    patch: Patch
    project: Projector
    deformation: Float32 | None
    appearance: Appearance
    surroundings: Surroundings


@dataclass(frozen=True)
class _Shares:
    """What a view's pixels are made of, at its rough nodes (c, c) float32; own, mirrored and filled sum to 1."""

    own: Float32
    mirrored: Float32
    filled: Float32
    on_head: Float32


def empty_view(size: int) -> FrontalView:
    """The view of a face that cannot be seen."""
    rough = -(-size // ROUGH_SPACING)
    return FrontalView(np.full((size, size, 3), 128, np.uint8), np.zeros((rough, rough, 2), np.float32))


def draw_view(face: SeenFace, geometry: ViewGeometry) -> FrontalView:
    """Draw one view."""
    size, full = geometry.size, len(geometry.points_mm) * NODE_SPACING
    chart, points, cover, origin = _fitted(geometry, face.deformation)
    cells = to_cells(chart)
    own, mirrored, confidence = cv2.split(_look_up(face.appearance.weights, cells))
    same_side = _same_side(geometry.rotation, face.head)
    # Where the head itself is not seen the place is free for the sheet, so that nothing is smeared along the outline.
    on_own = np.where(cover < 1, cover * np.maximum(cv2.resize(own, cover.shape[1::-1]), same_side), cover)
    own_map = face.project(_with_sheet(points, on_own, geometry.rotation, face.head), geometry.rotation, PIVOT_MM)
    picture = face.patch.sample(cv2.resize(own_map, (full, full)))

    on_head = _thinned(cover)
    rough_map = _thinned(own_map)
    inside = face.patch.inside(rough_map, _MARGIN_PX)
    tones, head_there = face.surroundings.at(rough_map, face.patch)
    around = (1 - on_head) * inside * (1 - head_there * (1 - same_side))
    own += same_side * (inside - own)
    mirrored *= 1 - same_side
    own, mirrored = on_head * own + around, on_head * mirrored
    shares = _Shares(own, mirrored, np.maximum(1 - own - mirrored, 0), on_head)
    if own.min() < 1 - _NOTICEABLE:
        picture = _mixed(picture, face, geometry, points, tones, cells, origin, shares)
    confidence = on_head * np.maximum(confidence, same_side * inside) + np.float32(0.5) * around
    return FrontalView(np.ascontiguousarray(picture[:size, :size]), cv2.merge([own, confidence]))


def _fitted(geometry: ViewGeometry, deformation: Float32 | None) -> tuple[Float32, Float32, Float32, Float32 | None]:
    """Chart coordinates, points and cover of a view's nodes for a head that differs from the mean, and the nodes of the
    mean head's view (g, g, 2) where these were found.

    Where a line of sight meets the deformed surface is found by going back along the deformation, twice.
    """
    if deformation is None:
        return geometry.chart, geometry.points_mm, geometry.cover, None
    moved = cv2.transform(deformation, geometry.rotation)
    nodes = len(geometry.points_mm)
    chart = geometry.chart
    shift = _look_up(moved, to_cells(chart))
    for _ in range(2):
        origin = geometry.rough_nodes - shift[..., :2] * np.float32(geometry.pixels_per_mm / ROUGH_SPACING)
        chart = _look_up(geometry.chart, origin)
        shift = _look_up(moved, to_cells(chart))
    x, y = cv2.split(origin)
    both = cv2.resize(cv2.merge([x, y, np.ascontiguousarray(shift[..., 2])]), (nodes, nodes))
    x, y, deeper = cv2.split(both)
    half = np.float32((_NODES_PER_ROUGH - 1) / 2)
    origin = cv2.merge([x * np.float32(_NODES_PER_ROUGH) + half, y * np.float32(_NODES_PER_ROUGH) + half])
    depth, cover = cv2.split(_look_up(geometry.depth_and_cover, origin))
    x, y, _ = cv2.split(geometry.points_mm)
    return chart, cv2.merge([x, y, depth + deeper]), cover, origin


def _with_sheet(points: Float32, cover: Float32, rotation: Float64, head: HeadCamera) -> Float32:
    """Points (g, g, 3) that run from the head onto the sheet of its surroundings beyond its outline."""
    middle = rotation @ (_SHEET_MM - PIVOT_MM)
    normal = -(rotation @ head.towards_camera(_SHEET_MM))
    if normal[2] < _STEEPEST_COSINE:
        across = np.hypot(normal[0], normal[1])
        slant = np.sqrt(1 - _STEEPEST_COSINE**2) / max(across, 1e-9)
        normal = np.array([normal[0] * slant, normal[1] * slant, _STEEPEST_COSINE])
    a, b = (normal[:2] / normal[2]).astype(np.float32)
    c = np.float32(middle @ normal / normal[2])
    x, y, depth = cv2.split(points)
    sheet = c - a * x - b * y
    return np.asarray(cv2.merge([x, y, sheet + cover * (depth - sheet)]))


def _same_side(rotation: Float64, head: HeadCamera) -> np.float32:
    """1 where a view looks from where the camera stands, so that it sees nothing the camera does not; 0 from elsewhere."""
    cosine = -(rotation @ head.towards_camera(FACE_CENTER_MM))[2]
    angle = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
    return np.float32(1 - smooth_step((angle - _SAME_SIDE_DEG[0]) / (_SAME_SIDE_DEG[1] - _SAME_SIDE_DEG[0])))


def _mixed(
    picture: Picture,
    face: SeenFace,
    geometry: ViewGeometry,
    points: Float32,
    tones: Float32,
    cells: Float32,
    origin: Float32 | None,
    shares: _Shares,
) -> Picture:
    """The picture with what was not seen replaced."""
    full = picture.shape[1::-1]
    half_cells = cells * np.float32(0.5) - np.float32(0.25)
    fill = times(_look_up(face.appearance.fill, half_cells), shares.on_head * shares.filled)
    fill += times(tones, (1 - shares.on_head) * shares.filled)
    own = cv2.merge([shares.own * 255] * 3)
    mixed = cv2.add(weighted(picture, _enlarged(own, full)), _enlarged(fill, full))
    rows, columns = (np.flatnonzero(shares.mirrored.max(axis) > _NOTICEABLE) for axis in (1, 0))
    if rows.size:
        box = _Box(rows[0], rows[-1] + 1, columns[0], columns[-1] + 1)
        mirror_image = _mirror_image(face, geometry, points, origin, shares, box)
        share = np.ascontiguousarray(box.of(shares.mirrored, 1)) * np.float32(255 * _TONE_UNIT)
        tone = times(_look_up(face.appearance.tone, box.of(half_cells, 1)), share)
        weight = _enlarged(tone, mirror_image.shape[1::-1])
        toned = cv2.multiply(mirror_image, weight, scale=1 / (255 * _TONE_UNIT))
        part = box.of(mixed, ROUGH_SPACING)
        cv2.add(part, toned, dst=part)
    return mixed


@dataclass(frozen=True)
class _Box:
    """A rectangle of a view, in rough nodes."""

    top: int
    bottom: int
    left: int
    right: int

    def of(self, array: npt.NDArray[np.generic], fineness: int) -> npt.NDArray[np.generic]:
        """That rectangle of an array with `fineness` elements to a rough node along each side; a view into it."""
        return array[self.top * fineness : self.bottom * fineness, self.left * fineness : self.right * fineness]


def _mirror_image(
    face: SeenFace,
    geometry: ViewGeometry,
    points: Float32,
    origin: Float32 | None,
    shares: _Shares,
    box: _Box,
) -> Picture:
    """What the frame shows at the mirror image of each point of the box.

    Between the lids it is what the other eye shows at the same place, unmirrored, so that both eyes look the same way.
    """
    here = np.ascontiguousarray(box.of(points, _NODES_PER_ROUGH))
    size = ((box.right - box.left) * ROUGH_SPACING, (box.bottom - box.top) * ROUGH_SPACING)
    # x_head = R^T X + pivot, and its mirror image M x_head = (R M)^T X + M pivot
    mirrored = face.project(here, geometry.rotation @ _MIRROR, _MIRROR @ PIVOT_MM)
    image = face.patch.sample(cv2.resize(mirrored, size))
    for mask, shift in ((geometry.right_eye, EYE_SHIFT_MM), (geometry.left_eye, -EYE_SHIFT_MM)):
        between_lids = box.of(mask, _NODES_PER_ROUGH)
        if between_lids.max() < 0.5:
            continue
        if origin is not None:
            at = np.ascontiguousarray(box.of(origin, _NODES_PER_ROUGH))
            between_lids = cv2.remap(mask, at, None, cv2.INTER_LINEAR)
        rows, columns = (np.flatnonzero(between_lids.max(axis) > _NOTICEABLE) for axis in (1, 0))
        if rows.size < 2 or columns.size < 2:
            continue
        part = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        moved = face.project(np.ascontiguousarray(here[part]), geometry.rotation, PIVOT_MM + shift)
        height, width = (NODE_SPACING * n for n in moved.shape[:2])
        eye = face.patch.sample(cv2.resize(moved, (width, height)))
        weight = cv2.resize(np.ascontiguousarray(between_lids[part]), (width, height))
        pixels = tuple(slice(NODE_SPACING * s.start, NODE_SPACING * s.stop) for s in part)
        cv2.blendLinear(eye, np.ascontiguousarray(image[pixels]), weight, 1 - weight, dst=eye)
        image[pixels] = eye
    return image


def _look_up(image: Float32, at: Float32) -> Float32:
    found = cv2.remap(image, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found, np.float32)


def _thinned(at_nodes: Float32) -> Float32:
    """Node values at the rough nodes: the mean of the nodes around each."""
    rough = len(at_nodes) // _NODES_PER_ROUGH
    return np.asarray(cv2.resize(at_nodes, (rough, rough), interpolation=cv2.INTER_AREA), np.float32)


def _enlarged(rough: Float32, size: tuple[int, int]) -> Picture:
    """Values 0..255 (c, c, 3) at the rough nodes, at the pixels."""
    return np.asarray(cv2.resize(cv2.convertScaleAbs(rough), size), np.uint8)

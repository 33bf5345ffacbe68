"""From where a face is to be seen, and what can be worked out for that direction before any face is seen.

A view is what a camera sees that looks at the head from a given side, from as far away as the real one; its axes are
those of the camera frame of a head turned by the view's yaw and pitch. Every view shows the same length at the eyes at
the same size and the same point of the head in its middle, whoever is seen and however the head is held. What is
worked out here holds for a far camera; drawing brings in the distance.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from fpn.rotations import rotation_from_angles
from models import FpnLiveError
from models.face_model import PARTS, load_face_model
from renderer.blending import smooth_step
from renderer.chart import to_cells, to_chart
from renderer.zbuffer import interpolate, rasterise

Float32 = npt.NDArray[np.float32]

FIELD_MM = 302.0
"""Side of a view at the head, millimetres."""
PIVOT_MM = np.array([0.0, 16.0, 58.0])
"""The point of the head that stands in the middle of every view."""
DEFAULT_VIEW_SIZE = 224
LARGEST_VIEW_SIZE = 4096
SMALLEST_VIEW_SIZE = 16
_YAW_LIMIT_DEG, _PITCH_LIMIT_DEG = 90.0, 60.0
SEED_YAWS_DEG = (0.0, 22.0, 40.0, 55.0, 75.0)
"""The views FacePoseNet's renderer made."""

NODE_SPACING = 2
"""Pixels of the view from one node of its grid to the next: positions, which vary smoothly, are computed at nodes."""
ROUGH_SPACING = 4
"""The same for weights and tones, which vary more smoothly still."""
NODES_PER_ROUGH = ROUGH_SPACING // NODE_SPACING
_EYE_SHIFT_MM = np.array([63.0, 0.0, 0.0])
"""From the right eye to the left one, by the distance between an average adult's pupils."""
_EYE_MOVED_MM = 12.0
"""So far from its place in the far view of the mean head an eye may be found."""
_NECK_MM = (125.0, 165.0)
_MOUTH_MM, _MOUTH_EXTENT_MM = np.array([0.0, 70.0, -15.0]), np.array([34.0, 16.0, 30.0])
_SLIT_MM = 12.0
_RIM_MM = 2.5
"""Over this width beyond the head's outline the surface runs from the head to its surroundings."""
_LITTLE = 0.01
_MIRROR = np.diag([-1.0, 1.0, 1.0, 1.0])
_BEYOND = 8
"""The far view of the mean head reaches a size divided by this beyond every edge of a view: near cameras look there."""


class ViewError(FpnLiveError):
    """A view that cannot be made: an angle or a size out of range."""

    exit_code = 23


@dataclass(frozen=True, order=True)
class View:
    """The side from which a head is seen: its own yaw and pitch in the picture, degrees (see `fpn.rotations`).

    Raises ViewError for a yaw beyond 90 degrees or a pitch beyond 60.
    """

    yaw_deg: float = 0.0
    pitch_deg: float = 0.0

    def __post_init__(self) -> None:
        if not (abs(self.yaw_deg) <= _YAW_LIMIT_DEG and abs(self.pitch_deg) <= _PITCH_LIMIT_DEG):
            raise ViewError(
                f"view {self.yaw_deg:g}:{self.pitch_deg:g}: yaw goes from -{_YAW_LIMIT_DEG:g} to {_YAW_LIMIT_DEG:g} "
                f"degrees and pitch from -{_PITCH_LIMIT_DEG:g} to {_PITCH_LIMIT_DEG:g}"
            )

    @property
    def rotation(self) -> npt.NDArray[np.float64]:
        """Takes head coordinates to the view's, (3, 3) float64."""
        return rotation_from_angles(self.yaw_deg, self.pitch_deg, 0)

    def __str__(self) -> str:
        return f"{self.yaw_deg:g}:{self.pitch_deg:g}" if self.pitch_deg else f"{self.yaw_deg:g}"


def parse_views(text: str) -> tuple[View, ...]:
    """Views from `YAW[:PITCH],...` in degrees, such as `0,40,-40:10`. Raises ViewError for anything else."""
    return tuple(_parse_view(part.strip()) for part in text.split(","))


def _parse_view(text: str) -> View:
    yaw, colon, pitch = text.partition(":")
    try:
        return View(float(yaw), float(pitch) if colon else 0.0)
    except ValueError:
        raise ViewError(f"'{text}' is not a view; write YAW or YAW:PITCH in degrees, such as 0,40,-40:10") from None


def seed_views(yaw_deg: float) -> tuple[View, ...]:
    """The views FacePoseNet's renderer chose for a head of that yaw: those that show no less of it than was seen.

    All five below 15 degrees, from 40 on below 40, else 55 and 75; to the side the head is turned to.
    """
    turned = abs(yaw_deg)
    first = 0 if turned < 15 else 2 if turned < 40 else 3
    sign = -1.0 if yaw_deg < 0 else 1.0
    return tuple(View(sign * yaw) if yaw else View() for yaw in SEED_YAWS_DEG[first:])


@dataclass(frozen=True)
class FarEye:
    """An eye in the far view of the mean head.

    mask: (t, t) float32, soft, of what lies between the lids. to_other: (4, 4), moves homogeneous coordinates of the
    head from it to the other eye. part: where among a view's nodes it may be found: the first row and the one behind
    the last, and the same of columns.
    """

    mask: Float32
    to_other: npt.NDArray[np.float64]
    part: tuple[int, int, int, int]


@dataclass(frozen=True)
class ViewGeometry:
    """What a view of a given size knows of the mean head, seen from afar.

    Node (i, j) of its grid stands at pixel (2 j - 3.5, 2 i - 3.5), rough node (i, j) at (4 j - 2.5, 4 i - 2.5): the
    grids reach a rough node beyond the view all around. What begins with `far` has `beyond` rough nodes more on every
    side.

    view, size (pixels a side), rotation (3, 3), beyond.
    far_surface: (t, t, 2) float32 at the nodes: depth of the surface in the view's frame, whose origin is `PIVOT_MM`,
        outside the head's outline that of its nearest point; and cover, 1 on the head, 0 on its surroundings, in
        between along the rim.
    far_cells: (r, r, 3) float32 at the rough nodes: cells of the chart (see `renderer.chart`), outside the outline its
        nearest point's; and depth.
    eyes: the person's right and left one, if they are seen.
    """

    view: View
    size: int
    rotation: npt.NDArray[np.float64]
    beyond: int
    far_surface: Float32
    far_cells: Float32
    eyes: tuple[FarEye, ...]

    @property
    def depth_mm(self) -> Float32:
        """Depth at the nodes of the view's own grid, (g, g)."""
        return self._inner(self.far_surface, NODES_PER_ROUGH)[..., 0]

    @property
    def cover(self) -> Float32:
        """Cover at the nodes of the view's own grid, (g, g)."""
        return self._inner(self.far_surface, NODES_PER_ROUGH)[..., 1]

    @cached_property
    def met_from_afar(self) -> Float32:
        """Cells of the chart and depth at the rough nodes of the view's own grid, (c, 3, c)."""
        return np.ascontiguousarray(np.moveaxis(self._inner(self.far_cells, 1), -1, 1))

    @cached_property
    def along_mm(self) -> Float32:
        """Of the nodes of a row, or of a column, from the middle of the view, (g,)."""
        return self._along_mm(NODE_SPACING)

    @cached_property
    def rough_along_mm(self) -> Float32:
        """The same for the rough nodes, (c,)."""
        return self._along_mm(ROUGH_SPACING)

    @cached_property
    def rough_along(self) -> Float32:
        """The same, counted in rough nodes."""
        return self.rough_along_mm * np.float32(self._rough_per_mm)

    @cached_property
    def frame(self) -> Float32:
        """Turns vectors of the head frame to the view's, (3, 3); across and down in rough nodes, depth in mm."""
        return (np.array([[self._rough_per_mm], [self._rough_per_mm], [1.0]]) * self.rotation).astype(np.float32)

    @cached_property
    def eye_depth_mm(self) -> float:
        """Depth in the view's frame of the point between the eyes."""
        return float(-self.rotation[2] @ PIVOT_MM)

    @cached_property
    def layers(self) -> npt.NDArray[np.float64]:
        """Take homogeneous coordinates of the view's frame to the head's, (2 + k, 4, 4): to a place itself, to its
        mirror image, and, for each of the eyes, to the other eye.
        """
        to_head = np.eye(4)
        to_head[:3] = np.column_stack([self.rotation.T, PIVOT_MM])
        return np.stack([np.eye(4), _MIRROR, *(eye.to_other for eye in self.eyes)]) @ to_head

    @property
    def _rough_per_mm(self) -> float:
        return pixels_per_mm(self.size) / ROUGH_SPACING

    def _inner(self, far: Float32, per_rough: int) -> Float32:
        inner = slice(self.beyond * per_rough, -self.beyond * per_rough)
        return far[inner, inner]

    def _along_mm(self, spacing: int) -> Float32:
        """Millimetres from the middle of every `spacing` pixels of the grid."""
        rough = len(self.far_cells) - 2 * self.beyond
        pixels = spacing * np.arange(rough * ROUGH_SPACING // spacing) + (spacing - 1) / 2 - ROUGH_SPACING
        return np.asarray((pixels - (self.size - 1) / 2) / pixels_per_mm(self.size), np.float32)


def pixels_per_mm(size: int) -> float:
    """Of a view of `size` pixels a side."""
    return size / FIELD_MM


@lru_cache(maxsize=64)
def view_geometry(view: View, size: int) -> ViewGeometry:
    """Everything that a view of `size` pixels a side needs and that depends on no face; kept for the next call.

    Raises ViewError for a size out of range.
    """
    check_size(size)
    model = load_face_model()
    beyond = -(-size // (_BEYOND * ROUGH_SPACING))
    rough = -(-size // ROUGH_SPACING) + 2 + 2 * beyond
    nodes = rough * ROUGH_SPACING // NODE_SPACING
    posed = (model.mean - PIVOT_MM) @ view.rotation.T
    node_mm = NODE_SPACING / pixels_per_mm(size)
    first = ((NODE_SPACING - 1) / 2 - (1 + beyond) * ROUGH_SPACING - (size - 1) / 2) / pixels_per_mm(size)
    screen = np.column_stack([(posed[:, :2] - first) / node_mm, posed[:, 2]])
    index, weights = rasterise(screen, model.triangles, (nodes, nodes))
    seen = index >= 0
    at_vertices = np.column_stack([posed[:, 2], model.mean]).astype(np.float32)
    at_nodes = interpolate(index, weights, model.triangles, at_vertices).reshape(-1, 4)[_nearest(seen)]
    points = at_nodes[..., 1:]
    outside = np.asarray(cv2.distanceTransform((~seen).astype(np.uint8), cv2.DIST_L2, 5), np.float32)
    # The bare shoulders of the model are nobody's: what is below the neck belongs to the surroundings.
    clothed = smooth_step((points[..., 1] - _NECK_MM[0]) / np.float32(_NECK_MM[1] - _NECK_MM[0]))
    depth = _without_recesses(at_nodes[..., 0], points, node_mm)
    cover = (1 - clothed) * (1 - smooth_step((outside - 1) * np.float32(node_mm / _RIM_MM)))
    return ViewGeometry(
        view=view,
        size=size,
        rotation=view.rotation,
        beyond=beyond,
        far_surface=np.dstack([depth, cover]),
        far_cells=np.dstack([to_cells(to_chart(points)), depth])[::NODES_PER_ROUGH, ::NODES_PER_ROUGH].copy(),
        eyes=tuple(
            FarEye(mask, _moved(shift), part)
            for name, shift in (("right eye", _EYE_SHIFT_MM), ("left eye", -_EYE_SHIFT_MM))
            for mask in [_soft_mask(seen & (model.parts[index] == PARTS[name]), node_mm)]
            for part in [_part(mask, beyond, round(_EYE_MOVED_MM / node_mm))]
            if part is not None
        ),
    )


def _without_recesses(depth: Float32, points: Float32, node_mm: float) -> Float32:
    """Depth (g, g) with the slit between the lips level with them: an open mouth or teeth may be seen there, which
    would be looked for in the wrong place by a camera from the side. points: (g, g, 3), of the mean head.
    """
    mouth = np.linalg.norm((points - _MOUTH_MM) / _MOUTH_EXTENT_MM, axis=-1)
    width = 2 * round(_SLIT_MM / node_mm / 2) + 1
    level = cv2.morphologyEx(depth, cv2.MORPH_OPEN, np.ones((width, width), np.uint8))
    level = cv2.GaussianBlur(level, (0, 0), max(1.5 / node_mm, 0.3))
    return np.asarray(depth + smooth_step((1 - mouth) * 4) * (level - depth), np.float32)


def _soft_mask(inside: npt.NDArray[np.bool_], node_mm: float) -> Float32:
    mask = cv2.dilate(inside.astype(np.float32), np.ones((3, 3), np.uint8))
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), max(1.0 / node_mm, 0.3)), np.float32)


def _part(mask: Float32, beyond: int, reach: int) -> tuple[int, int, int, int] | None:
    """Where among a view's nodes, see `FarEye`, that may be found which a mask (t, t) of the far view shows, `reach`
    around it; None for nowhere.
    """
    ends = []
    for axis in (1, 0):
        seen = np.flatnonzero((mask > _LITTLE).any(axis)) - beyond * NODES_PER_ROUGH
        if not seen.size:
            return None
        last = len(mask) - 2 * beyond * NODES_PER_ROUGH
        ends += [max(int(seen[0]) - reach, 0), min(int(seen[-1]) + reach + 1, last)]
    top, bottom, left, right = ends
    return top, bottom, left, right


def _moved(shift: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The homogeneous matrix (4, 4) that moves points by `shift` (3,)."""
    matrix = np.eye(4)
    matrix[:3, 3] = shift
    return matrix


def check_size(size: int) -> None:
    """Raise ViewError unless views of that many pixels a side can be made."""
    if not SMALLEST_VIEW_SIZE <= size <= LARGEST_VIEW_SIZE:
        raise ViewError(f"view size {size}: give one from {SMALLEST_VIEW_SIZE} to {LARGEST_VIEW_SIZE} pixels")


def _nearest(seen: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Flat index (n, n) of the nearest node that is seen."""
    _, labels = cv2.distanceTransformWithLabels(
        (~seen).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    owner = np.zeros(labels.max() + 1, np.int64)
    owner[labels[seen]] = np.flatnonzero(seen)
    return owner[labels]

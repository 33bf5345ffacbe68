"""Views as FacePoseNet's renderer made them, written from its papers: the baseline that ours is measured against.

Hassner et al. 2015, "Effective Face Frontalization in Unconstrained Images", and Masi et al. 2017, "Rapid Synthesis of
Massive Face Sets": a map from each pixel of a view to a point of a generic face, projected with the pose into the
network's crop and sampled there; what falls outside the crop takes its border, nothing asks what is hidden, and only
the frontal view is filled from its mirror image, by how often each place of the picture was sampled.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from fpn.camera import Camera
from fpn.lift import face_box
from fpn.pose import HeadPose
from renderer.view import NODE_SPACING, PIVOT_MM, ROUGH_SPACING, View, view_geometry

Float64 = npt.NDArray[np.float64]
Picture = npt.NDArray[np.uint8]

CROP_SIZE = 227
_ENLARGEMENT = 1.5
_BEHIND_MM = 75.0
_SYMMETRY_FROM, _BLUR_PX = 800.0, 30.0


@dataclass(frozen=True)
class SeedView:
    """The map of one view: points (size * size, 3) mm of the generic face, or of a wall behind it."""

    view: View
    size: int
    points: Float64

    @classmethod
    def of(cls, view: View, size: int) -> SeedView:
        """The generic face seen from the side of `view`."""
        geometry = view_geometry(view, size)
        inner = slice(ROUGH_SPACING, ROUGH_SPACING + size)
        x_mm, y_mm = np.meshgrid(geometry.along_mm, geometry.along_mm)
        layers = np.dstack([x_mm, y_mm, geometry.depth_mm, geometry.cover])
        layers = cv2.resize(layers, (len(layers) * NODE_SPACING,) * 2)[inner, inner].astype(np.float64)
        points, on_face = layers[..., :3], layers[..., 3] > 0.5
        points[..., 2] = np.where(on_face, points[..., 2], _BEHIND_MM - PIVOT_MM[2])
        return cls(view, size, points.reshape(-1, 3) @ view.rotation + PIVOT_MM)


def cut_crop(image: Picture, pose: HeadPose, camera: Camera) -> tuple[Picture, Float64]:
    """The crop (227, 227, 3) around the face that the network saw, and frame pixels to its pixels, (3, 3)."""
    box = face_box(pose, camera)
    side = _ENLARGEMENT * max(box.width, box.height)
    left, top = box.x + box.width / 2 - side / 2, box.y + box.height / 2 - side / 2
    scale = CROP_SIZE / side
    to_crop = np.array([[scale, 0, -left * scale], [0, scale, -top * scale], [0, 0, 1]])
    crop = cv2.warpAffine(image, to_crop[:2], (CROP_SIZE, CROP_SIZE), flags=cv2.INTER_AREA)
    return np.asarray(crop, np.uint8), to_crop


def render_seed_view(crop: Picture, to_crop: Float64, pose: HeadPose, camera: Camera, seed_view: SeedView) -> Picture:
    """One view (size, size, 3)."""
    projection = to_crop @ camera.K @ np.column_stack([pose.rotation, pose.translation])
    homogeneous = np.column_stack([seed_view.points, np.ones(len(seed_view.points))])
    projected = projection @ homogeneous.T
    x, y = projected[0] / projected[2], projected[1] / projected[2]
    bad = (x < 0) | (y < 0) | (x > CROP_SIZE - 1) | (y > CROP_SIZE - 1)
    x, y = np.clip(x, 0, CROP_SIZE - 1), np.clip(y, 0, CROP_SIZE - 1)
    shape = (seed_view.size, seed_view.size)
    picture = cv2.remap(crop, x.reshape(shape).astype(np.float32), y.reshape(shape).astype(np.float32), cv2.INTER_CUBIC)
    if seed_view.view == View():
        picture = _soft_symmetry(picture, x, y, bad)
    return np.asarray(picture, np.uint8)


def _soft_symmetry(picture: Picture, x: Float64, y: Float64, bad: npt.NDArray[np.bool_]) -> Picture:
    size = len(picture)
    cells = (np.rint(y) * CROP_SIZE + np.rint(x)).astype(np.int64)
    cells[bad] = 0
    _, where, counts = np.unique(cells, return_inverse=True, return_counts=True)
    sampled = counts[where].astype(np.float64)
    sampled[bad] = 0
    density = cv2.GaussianBlur(sampled.reshape(size, size), (0, 0), _BLUR_PX, borderType=cv2.BORDER_REPLICATE)
    half = size // 2
    difference = density[:, :half].sum() - density[:, half:].sum()
    if abs(difference) < _SYMMETRY_FROM * (size / 320) ** 2:
        return picture
    # The side that was sampled more often is the one that was seen less.
    side = np.zeros((size, size))
    part = np.s_[:, :half] if difference > 0 else np.s_[:, half:]
    side[part] = density[part] / density[part].max()
    weights = cv2.GaussianBlur(side, (0, 0), _BLUR_PX / 4)[..., None]
    own = 1 / np.exp(0.5 + weights)
    mixed = own * picture + (1 - own) * picture[:, ::-1]
    only_there = np.where(weights > 1e-3, mixed, picture)
    return np.asarray(np.clip(only_there, 0, 255), np.uint8)

"""The part of a frame that views of one face are sampled from, scaled so that no detail finer than a view's is left."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt

from fpn.camera import Camera
from fpn.pose import HeadPose

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]

_HALVING = np.array([[0.5, 0, -0.25], [0, 0.5, -0.25], [0, 0, 1]])
"""Pixel centres stand at whole numbers: the outer edges of both pictures lie half a pixel out."""
_LENS_GRID = 33
"""Points along each side of the grid on which a lens's distortion is looked up; it varies smoothly."""
_NEAREST_MM = 60.0
"""Nothing of a head is nearer to a camera that has it in its picture."""


@dataclass(frozen=True)
class HeadCamera:
    """From head coordinates to pixels of the frame.

    rotation (3, 3), translation (3,) mm and scale: x_camera = scale * rotation x_head + translation.
    """

    camera: Camera
    rotation: Float64
    translation: Float64
    scale: float

    @classmethod
    def of(cls, pose: HeadPose, camera: Camera, head_scale: float) -> HeadCamera:
        """For a head `head_scale` times as large as the average."""
        return cls(camera, pose.rotation, pose.translation, head_scale)

    def at(self, points_mm: Float64) -> Float64:
        """Camera coordinates of head points (..., 3), millimetres."""
        return self.scale * points_mm @ self.rotation.T + self.translation

    @cached_property
    def camera_mm(self) -> Float64:
        """Where the camera stands in head coordinates, (3,) mm."""
        return np.asarray(self.translation @ self.rotation / -self.scale)

    def towards_camera(self, point_mm: Float64) -> Float64:
        """Unit vector (3,) in the head frame from a point of the head to the camera."""
        sight = self.camera_mm - point_mm
        return np.asarray(sight / math.sqrt(sight @ sight))

    def pixels_per_mm(self, point_mm: Float64) -> float:
        """Frame pixels to a head millimetre across the line of sight at a point of the head."""
        return float(self.scale * self.camera.K[1, 1] / max(self.at(point_mm)[2], _NEAREST_MM))

    def pixel_of(self, point_mm: Float64) -> tuple[float, float]:
        """Where in the frame a point (3,) of the head is seen."""
        at = self.at(point_mm)
        if self.camera.distortion.size:
            x, y = self.camera.project(at)[0]
            return float(x), float(y)
        x, y, depth = self.camera.K @ at
        return float(x / depth), float(y / depth)

    @cached_property
    def projection(self) -> Float64:
        """The pinhole projection (3, 4) of homogeneous head coordinates to the frame; no distortion."""
        return np.asarray(self.camera.K @ np.column_stack([self.scale * self.rotation, self.translation]))


@dataclass(frozen=True)
class Patch:
    """A part of a frame, perhaps made smaller. The frame's memory must stay as it is while the patch is in use.

    frame: (H, W, 3) uint8 BGR. left, top, width, height: which part of it. halvings: how many times it is made half as
    large, every pixel the mean of four. to_patch: (3, 3) takes homogeneous frame pixels to the patch's.
    """

    frame: npt.NDArray[np.uint8]
    left: int
    top: int
    width: int
    height: int
    halvings: int
    to_patch: Float64

    @classmethod
    def of(cls, pixels: npt.NDArray[np.uint8], to_patch: Float64) -> Patch:
        """The whole of a picture, (h, w, 3)."""
        return cls(pixels, 0, 0, pixels.shape[1], pixels.shape[0], 0, to_patch)

    @property
    def size(self) -> tuple[int, int]:
        """Its own rows and columns."""
        return self.height >> self.halvings, self.width >> self.halvings

    @property
    def from_patch(self) -> Float64:
        """The inverse (3, 3): homogeneous coordinates of the patch to frame pixels."""
        (x, _, left), (_, y, top), _ = self.to_patch
        return np.array([[1 / x, 0, -left / x], [0, 1 / y, -top / y], [0, 0, 1]])

    @cached_property
    def pixels(self) -> npt.NDArray[np.uint8]:
        """(h, w, 3) uint8 BGR."""
        pixels = self.frame[self.top : self.top + self.height, self.left : self.left + self.width]
        for _ in range(self.halvings):
            height, width = (length // 2 for length in pixels.shape[:2])
            whole = pixels[: 2 * height, : 2 * width]
            pixels = np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
        return pixels

    def smaller(self, shrink: float) -> Patch:
        """The same part about `shrink` times smaller (a power of two), but for two pixels at least."""
        halvings, to_patch = self.halvings, self.to_patch
        for _ in range(round(math.log2(max(shrink, 1.0)))):
            if min(self.width, self.height) >> (halvings + 1) < 2:
                break
            halvings, to_patch = halvings + 1, _HALVING @ to_patch
        return replace(self, halvings=halvings, to_patch=to_patch)

    def sample(self, pixels: Float32) -> npt.NDArray[np.uint8]:
        """Colours (h, w, 3) at coordinates (h, w, 2) of the patch, beyond its border those of the border."""
        colours = cv2.remap(self.pixels, pixels, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(colours, np.uint8)


def cut_patch(image: npt.NDArray[np.uint8], center: tuple[float, float], half: float, shrink: float) -> Patch | None:
    """The square of `half` pixels around `center` as far as `image` reaches, `shrink` times smaller if that is much.

    None where not two pixels of it lie in the picture.
    """
    (left, right), (top, bottom) = (
        (min(max(math.floor(middle - half), 0), length), min(max(math.ceil(middle + half) + 1, 0), length))
        for middle, length in zip(center, image.shape[1::-1], strict=True)
    )
    if right - left < 2 or bottom - top < 2:
        return None
    moved = np.array([[1, 0, -left], [0, 1, -top], [0, 0, 1]], np.float64)
    return Patch(image, left, top, right - left, bottom - top, 0, moved).smaller(shrink)


class Projector:
    """Points of a head to coordinates of a patch; vectorised, in single precision."""

    def __init__(self, head: HeadCamera, patch: Patch) -> None:
        self.matrix = patch.to_patch @ head.projection
        """Pinhole projection (3, 4) of homogeneous head coordinates to the patch."""
        self.lens = _lens_offsets(head.camera, patch) if head.camera.distortion.size else NO_LENS

    def __call__(self, points: Float32) -> Float32:
        """Coordinates (h, w, 2) of points (h, w, 3) of the head, float32."""
        return self.lens.moved(np.asarray(cv2.perspectiveTransform(points, self.matrix), np.float32))


@dataclass(frozen=True)
class LensOffsets:
    """How far a lens moves what a pinhole would show, (n, n, 2) float32 at the points of a grid; empty for not at all.

    grid: (2, 2) float32, the first point, x and y, and the step from one to the next.
    """

    offsets: Float32
    grid: Float32

    def moved(self, ideal: Float32) -> Float32:
        """Coordinates (h, w, 2) with the lens, of those without."""
        if not self.offsets.size:
            return ideal
        first, step = self.grid
        at = (ideal - first) / step
        return np.asarray(
            ideal + cv2.remap(self.offsets, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32
        )


NO_LENS = LensOffsets(np.zeros((0, 0, 2), np.float32), np.ones((2, 2), np.float32))


def _lens_offsets(camera: Camera, patch: Patch) -> LensOffsets:
    """Over a patch and around it as far again."""
    height, width = patch.size
    x = np.linspace(-0.5 * width, 1.5 * width, _LENS_GRID)
    y = np.linspace(-0.5 * height, 1.5 * height, _LENS_GRID)
    ideal = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    rays = np.column_stack([ideal, np.ones(len(ideal))]) @ np.linalg.inv(patch.to_patch @ camera.K).T
    real = np.column_stack([camera.project(rays), np.ones(len(rays))]) @ patch.to_patch[:2].T
    return LensOffsets(
        offsets=(real - ideal).reshape(_LENS_GRID, _LENS_GRID, 2).astype(np.float32),
        grid=np.array([[x[0], y[0]], [x[1] - x[0], y[1] - y[0]]], np.float32),
    )

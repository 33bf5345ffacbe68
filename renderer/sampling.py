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
from renderer.rooms import Rooms

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]
Packed = npt.NDArray[np.uint32]

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
        x, y, depth = (self.camera.K @ at).tolist()
        return x / depth, y / depth

    @cached_property
    def projection(self) -> Float64:
        """The pinhole projection (3, 4) of homogeneous head coordinates to the frame; no distortion."""
        placed = np.empty((3, 4))
        placed[:, :3], placed[:, 3] = self.scale * self.rotation, self.translation
        return np.asarray(self.camera.K @ placed)


@dataclass(frozen=True)
class Patch:
    """A part of a frame, perhaps made smaller.

    left, top, width, height: which part of it. halvings: how many times it is made half as large, every pixel the mean
    of four.
    """

    left: int
    top: int
    width: int
    height: int
    halvings: int = 0

    @property
    def size(self) -> tuple[int, int]:
        """Its own rows and columns."""
        return self.height >> self.halvings, self.width >> self.halvings

    @property
    def scale(self) -> float:
        """Its pixels to one of the frame."""
        return float(0.5**self.halvings)

    @property
    def to_patch(self) -> Float64:
        """Takes homogeneous frame pixels to the patch's, (3, 3)."""
        scale, (x, y) = self.scale, self._origin
        return np.array([[scale, 0, x], [0, scale, y], [0, 0, 1]])

    @property
    def from_patch(self) -> Float64:
        """The inverse (3, 3): homogeneous coordinates of the patch to frame pixels."""
        scale, (x, y) = self.scale, self._origin
        return np.array([[1 / scale, 0, -x / scale], [0, 1 / scale, -y / scale], [0, 0, 1]])

    @property
    def _origin(self) -> tuple[float, float]:
        """Where the frame's first pixel is. Pixel centres stand at whole numbers: half as large, outer edges are the
        same.
        """
        scale = self.scale
        return (1 - scale) * -0.5 - self.left * scale, (1 - scale) * -0.5 - self.top * scale

    def smaller(self, shrink: float) -> Patch:
        """The same part about `shrink` times smaller (a power of two), but for two pixels at least."""
        most = min(self.width, self.height).bit_length() - 2
        wanted = self.halvings + round(math.log2(max(shrink, 1.0)))
        return replace(self, halvings=max(min(wanted, most), self.halvings))


class PatchPixels:
    """Packed pixels, (h, w) uint32, of a patch, and of smaller ones of the same part of a frame, in memory that is used
    again.
    """

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._halvings = 0
        self._packed: Packed = np.zeros((0, 0), np.uint32)

    def take(self, frame: npt.NDArray[np.uint8], patch: Patch) -> Packed:
        """Those of a patch of a new frame, (H, W, 3) uint8 BGR."""
        from renderer.loops import pixels  # late: loads numba, which takes most of a second

        first = min(patch.halvings, 1)
        packed = self._room(patch, first)
        if first:
            # The loops know but one kind of pictures.
            if not (frame.flags.c_contiguous and frame.flags.writeable):
                frame = frame.copy()
            pixels.pack_halved(frame.reshape(len(frame), -1), patch.left, patch.top, packed)
        else:
            part = frame[patch.top : patch.top + patch.height, patch.left : patch.left + patch.width]
            cv2.cvtColor(part, cv2.COLOR_BGR2BGRA, dst=four_bytes(packed))
        self._halvings, self._packed = first, packed
        return self.shrunk(patch)

    def shrunk(self, patch: Patch) -> Packed:
        """Those of the patch at its size or, of the last one that was taken, at a smaller one."""
        from renderer.loops import pixels  # late: loads numba, which takes most of a second

        while self._halvings < patch.halvings:
            self._halvings += 1
            smaller = self._room(patch, self._halvings)
            pixels.halve(self._packed, smaller)
            self._packed = smaller
        return self._packed

    def _room(self, patch: Patch, halvings: int) -> Packed:
        rows, columns = replace(patch, halvings=halvings).size
        return self._rooms.words(f"patch {halvings}", rows, columns)


def four_bytes(packed: Packed) -> npt.NDArray[np.uint8]:
    """Packed pixels (h, w) as a picture of four channels, (h, w, 4), of the same memory."""
    return packed.view(np.uint8).reshape(*packed.shape, 4)


def cut_patch(size: tuple[int, int], center: tuple[float, float], half: float, shrink: float) -> Patch | None:
    """The square of `half` pixels around `center` as far as a frame of `size` (rows, columns) reaches, `shrink` times
    smaller if that is much.

    None where not two pixels of it lie in the picture.
    """
    (left, right), (top, bottom) = (
        (min(max(math.floor(middle - half), 0), length), min(max(math.ceil(middle + half) + 1, 0), length))
        for middle, length in zip(center, size[::-1], strict=True)
    )
    if right - left < 2 or bottom - top < 2:
        return None
    return Patch(left, top, right - left, bottom - top).smaller(shrink)


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

"""Cut what the network looks at out of a frame, as a virtual camera looking straight at the face would see it.

A face away from the picture's centre is seen from the side by the real camera; turning a virtual camera towards it
undoes that exactly, for any lens the camera model describes, and the network need know nothing of where a face stands.
Tilted with the head, it shows even a head that lies on its side upright.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from fpn.camera import Camera
from fpn.roi import Roi
from fpn.rotations import rotation_from_angles, rotation_towards

_SHARP_ENOUGH = 1.5
"""Frame pixels to a crop pixel up to which bilinear sampling does; beyond, the frame is averaged down first."""


@dataclass(frozen=True)
class Crop:
    """One region as the virtual camera sees it.

    pixels: (size, size) uint8 grey. orientation: (3, 3) float64, takes virtual-camera coordinates to the real camera's.
    focal: focal length in crop pixels; the axis goes through the crop's middle, (size - 1) / 2.
    """

    pixels: npt.NDArray[np.uint8]
    orientation: npt.NDArray[np.float64]
    focal: float


def cut_crop(image: npt.NDArray[np.uint8], roi: Roi, camera: Camera, size: int) -> Crop:
    """The region `roi` of `image` ((H, W, 3) BGR or (H, W) grey, uint8), `size` pixels a side, edges repeated."""
    half = roi.side / 2
    x, y = roi.center_x, roi.center_y
    rays = camera.rays([[x, y], [x - half, y], [x + half, y], [x, y - half], [x, y + half]])
    orientation = rotation_towards(rays[0]) @ rotation_from_angles(0.0, 0.0, roi.tilt_deg)
    edges = rays[1:] @ orientation
    reach = np.linalg.norm(edges[:, :2] / edges[:, 2:], axis=1).mean()
    middle = (size - 1) / 2
    focal = size / 2 / reach

    # Without distortion the crop is a homography of the frame, which its corners determine.
    if camera.distortion.size:
        points = np.stack(np.meshgrid(np.arange(size), np.arange(size)), axis=-1).reshape(-1, 2).astype(np.float64)
    else:
        points = np.array([[0, 0], [size - 1, 0], [size - 1, size - 1], [0, size - 1]], np.float64)
    directions = np.column_stack([(points - middle) / focal, np.ones(len(points))]) @ orientation.T
    pixels = _sample(image, camera.project(directions), points, roi.side / size, size)
    return Crop(pixels=pixels, orientation=orientation, focal=float(focal))


def cut_crops(
    image: npt.NDArray[np.uint8], rois: Sequence[Roi], camera: Camera, size: int
) -> tuple[list[Crop], npt.NDArray[np.uint8]]:
    """All regions of a frame: the crops, and their pixels together (N, size, size) uint8 for one network call."""
    crops = [cut_crop(image, roi, camera, size) for roi in rois]
    return crops, np.stack([crop.pixels for crop in crops]) if crops else np.empty((0, size, size), np.uint8)


def _sample(
    image: npt.NDArray[np.uint8],
    in_frame: npt.NDArray[np.float64],
    in_crop: npt.NDArray[np.float64],
    shrink: float,
    size: int,
) -> npt.NDArray[np.uint8]:
    """Crop pixels from where points of the crop, its corners or all of them row by row, lie in the frame."""
    height, width = image.shape[:2]
    x0, y0 = np.floor(in_frame.min(0)).astype(int) - 2
    x1, y1 = np.ceil(in_frame.max(0)).astype(int) + 3
    x0, x1 = np.clip([x0, x1], 0, width)
    y0, y1 = np.clip([y0, y1], 0, height)
    if x1 - x0 < 2 or y1 - y0 < 2:
        return np.zeros((size, size), np.uint8)
    part = image[y0:y1, x0:x1]
    if part.ndim == 3:  # before averaging: a third of the work
        part = cv2.cvtColor(part, cv2.COLOR_BGR2GRAY)
    places = in_frame - [x0, y0]
    if shrink > _SHARP_ENOUGH:
        small = (max(2, round(part.shape[1] / shrink)), max(2, round(part.shape[0] / shrink)))
        ratio = np.array([small[0] / part.shape[1], small[1] / part.shape[0]])
        part = cv2.resize(part, small, interpolation=cv2.INTER_AREA)
        places = (places + 0.5) * ratio - 0.5
    if len(places) == 4:
        to_crop = cv2.getPerspectiveTransform(places.astype(np.float32), in_crop.astype(np.float32))
        edges = cv2.BORDER_REPLICATE
        crop = cv2.warpPerspective(part, to_crop, (size, size), flags=cv2.INTER_LINEAR, borderMode=edges)
    else:
        maps = places.astype(np.float32).reshape(size, size, 2)
        crop = cv2.remap(part, maps, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return crop

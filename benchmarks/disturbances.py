"""Ways to disturb a picture of a face, each exact about where the true rotation goes.

Noise, compression, and what hides the face are put on the face reduced to `CAMERA_FACE_PX` pixels, the size of a face
before a webcam: on a large photograph the network would see little of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.portraits import Float, Portrait
from fpn.camera import Camera
from fpn.head import LANDMARKS_MM
from fpn.roi import Box, Roi
from fpn.rotations import mirror_rotation

CAMERA_FACE_PX = 96
Landmarks = npt.NDArray[np.int64]
_EYES: Landmarks = np.r_[17:27, 36:48]  # of the 68 landmarks, brows included
_MOUTH: Landmarks = np.arange(48, 68)
_HALVES: tuple[Landmarks, ...] = np.flatnonzero(LANDMARKS_MM[:, 0] <= 0), np.flatnonzero(LANDMARKS_MM[:, 0] >= 0)


def same(rotation: Float) -> Float:
    """The rotation itself."""
    return rotation


@dataclass(frozen=True)
class Disturbance:
    """A change to a picture, its box or its camera.

    label: disturbances of one label are reported together. apply: gives the disturbed portrait; its `rotation` stays
    the one of the picture as it was. undo: takes rotations (..., 3, 3) seen in the disturbed picture there, exactly.
    """

    label: str
    apply: Callable[[Portrait], Portrait]
    undo: Callable[[Float], Float] = same


def shifted(portrait: Portrait, right: float, down: float) -> Portrait:
    """The first region moved by shares of the box's longer side."""
    region, side = portrait.region, _face_px(portrait)
    moved = Roi(region.center_x + right * side, region.center_y + down * side, region.side)
    return replace(portrait, region=moved)


def scaled(portrait: Portrait, factor: float) -> Portrait:
    """The first region enlarged about its centre."""
    region = portrait.region
    return replace(portrait, region=Roi(region.center_x, region.center_y, region.side * factor))


def reduced(portrait: Portrait, face_px: float) -> Portrait:
    """The picture reduced until the box's longer side has `face_px` pixels; as it is where it has no more."""
    factor = face_px / _face_px(portrait)
    if factor >= 1:
        return portrait
    height, width = portrait.image.shape[:2]
    size = max(1, round(width * factor)), max(1, round(height * factor))
    x, y = size[0] / width, size[1] / height
    box, region = portrait.box, portrait.region
    return replace(
        portrait,
        image=np.asarray(cv2.resize(portrait.image, size, interpolation=cv2.INTER_AREA), np.uint8),
        box=Box((box.x + 0.5) * x - 0.5, (box.y + 0.5) * y - 0.5, box.width * x, box.height * y),
        region=Roi(
            (region.center_x + 0.5) * x - 0.5, (region.center_y + 0.5) * y - 0.5, region.side * float(np.sqrt(x * y))
        ),
        camera=portrait.camera.resized(*size),
    )


def blurred(portrait: Portrait, share: float) -> Portrait:
    """Out of focus: a Gaussian with that share of the face as its standard deviation."""
    sigma = share * _face_px(portrait)
    return _with_image(portrait, cv2.GaussianBlur(portrait.image, (0, 0), sigma))


def smeared(portrait: Portrait, share: float) -> Portrait:
    """Moved to the side by that share of the face while the shutter was open."""
    length = max(1, round(share * _face_px(portrait)))
    return _with_image(portrait, cv2.blur(portrait.image, (length, 1)))


def noisy(portrait: Portrait, deviation: float) -> Portrait:
    """Independent noise in every pixel and channel, standard deviation in grey levels of 255."""
    small = reduced(portrait, CAMERA_FACE_PX)
    noise = deviation * np.random.default_rng(0).standard_normal(small.image.shape)
    return _with_image(small, np.rint(small.image + noise).clip(0, 255))


def compressed(portrait: Portrait, quality: int) -> Portrait:
    """Through JPEG at that quality of 100."""
    small = reduced(portrait, CAMERA_FACE_PX)
    _, data = cv2.imencode(".jpg", small.image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return _with_image(small, cv2.imdecode(data, cv2.IMREAD_COLOR))


def brightened(portrait: Portrait, gamma: float) -> Portrait:
    """Grey levels to the power of `gamma`: under 1 brighter, over 1 darker."""
    levels = np.rint(255 * (np.arange(256) / 255) ** gamma).astype(np.uint8)
    return _with_image(portrait, levels[portrait.image])


def hidden(portrait: Portrait, landmarks: Landmarks, margin: float = 0.0) -> Portrait:
    """A rectangle in the picture's mean colour over those of the 68 landmarks, with a margin, a share of the face."""
    points = face_points(portrait)[landmarks].astype(np.float32)
    center, size, angle = cv2.minAreaRect(points)
    wider = 2 * margin * _face_px(portrait)
    corners = cv2.boxPoints((center, (size[0] + wider, size[1] + wider), angle))
    image = portrait.image.copy()
    colour = tuple(float(value) for value in image.reshape(-1, 3).mean(0))
    cv2.fillPoly(image, [np.rint(corners).astype(np.int32)], colour)
    return replace(portrait, image=image)


def mirrored(portrait: Portrait) -> Portrait:
    """Left and right exchanged; `mirror_rotation` undoes it."""
    width = portrait.camera.width
    K = portrait.camera.K.copy()
    K[0, 2] = width - 1 - K[0, 2]
    box, region = portrait.box, portrait.region
    return replace(
        portrait,
        image=np.ascontiguousarray(portrait.image[:, ::-1]),
        box=replace(box, x=width - 1 - box.x - box.width),
        region=replace(region, center_x=width - 1 - region.center_x),
        camera=replace(portrait.camera, K=K),
    )


def turned(portrait: Portrait, degrees: float) -> Portrait:
    """The picture turned clockwise about the optical axis, on a canvas that holds all of it.

    That is the picture of a camera rolled the other way, exactly; `turned_back` undoes it.
    """
    camera = portrait.camera
    center = camera.K[:2, 2]
    turn = _in_plane(degrees)[:2, :2]
    height, width = portrait.image.shape[:2]
    corners = np.array([[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]]) - center
    reach = corners @ turn.T
    low = reach.min(0)
    size = np.ceil(reach.max(0) - low - 1e-6).astype(int) + 1
    affine = np.column_stack([turn, -turn @ center - low])
    image = cv2.warpAffine(
        portrait.image, affine, size.tolist(), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    K = camera.K.copy()
    K[:2, 2] = -low
    box, region = portrait.box, portrait.region
    box_center = affine @ [box.x + box.width / 2, box.y + box.height / 2, 1]
    side = _face_px(portrait)
    region_center = affine @ [region.center_x, region.center_y, 1]
    return replace(
        portrait,
        image=np.asarray(image, np.uint8),
        box=Box(float(box_center[0]) - side / 2, float(box_center[1]) - side / 2, side, side),
        region=Roi(float(region_center[0]), float(region_center[1]), region.side),
        camera=Camera(K=K, distortion=camera.distortion, width=int(size[0]), height=int(size[1])),
    )


def turned_back(rotation: Float, degrees: float) -> Float:
    """What `turned` did to rotations (..., 3, 3), undone."""
    return _in_plane(-degrees) @ rotation


def face_points(portrait: Portrait) -> Float:
    """About where the 68 landmarks are, (68, 2) pixels: the average face's in the true rotation, fitted to the box."""
    flat = (LANDMARKS_MM @ portrait.rotation.T)[:, :2]
    low, high = flat.min(0), flat.max(0)
    box = portrait.box
    center = np.array([box.x + box.width / 2, box.y + box.height / 2])
    return (flat - (low + high) / 2) * (_face_px(portrait) / float((high - low).max())) + center


def _face_px(portrait: Portrait) -> float:
    return max(portrait.box.width, portrait.box.height)


def _with_image(portrait: Portrait, image: npt.NDArray[np.generic]) -> Portrait:
    return replace(portrait, image=np.asarray(image, np.uint8))


def _in_plane(degrees: float) -> Float:
    angle = np.radians(degrees)
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])


def _covered(portrait: Portrait, landmarks: Landmarks, margin: float = 0.0) -> Portrait:
    return hidden(reduced(portrait, CAMERA_FACE_PX), landmarks, margin)


_SIDES = ((0.1, 0.0), (-0.1, 0.0), (0.0, 0.1), (0.0, -0.1))
BOX_SCALES = (0.8, 0.9, 1.1, 1.25)
TURNS_DEG = (15, 30, 60, 90)

BOXES = (
    *(Disturbance("box shifted by 10 %", partial(shifted, right=right, down=down)) for right, down in _SIDES),
    *(Disturbance(f"box scaled by {factor:g}", partial(scaled, factor=factor)) for factor in BOX_SCALES),
)
"""Boxes as other detectors would give them."""

PICTURES = (
    *(Disturbance(f"face of {px} pixels", partial(reduced, face_px=px)) for px in (96, 64, 40, 28, 20)),
    *(
        Disturbance(f"blur, {100 * share:.0f} % of the face", partial(blurred, share=share))
        for share in (0.01, 0.02, 0.04)
    ),
    *(
        Disturbance(f"motion blur, {100 * share:.0f} % of the face", partial(smeared, share=share))
        for share in (0.05, 0.15)
    ),
    *(Disturbance(f"noise of {level} grey levels", partial(noisy, deviation=level)) for level in (5, 15, 30)),
    *(Disturbance(f"JPEG at quality {quality}", partial(compressed, quality=quality)) for quality in (50, 20, 8)),
    *(Disturbance(f"gamma {gamma:g}", partial(brightened, gamma=gamma)) for gamma in (0.4, 0.6, 1.7, 2.5)),
    Disturbance("eyes hidden", partial(_covered, landmarks=_EYES, margin=0.06)),
    Disturbance("mouth hidden", partial(_covered, landmarks=_MOUTH, margin=0.06)),
    *(Disturbance("half the face hidden", partial(_covered, landmarks=half)) for half in _HALVES),
)
"""Pictures as worse cameras, light and obstacles would give them."""

SYMMETRIES = (
    Disturbance("mirrored", mirrored, mirror_rotation),
    *(
        Disturbance(f"turned by {degrees} degrees", partial(turned, degrees=sign * degrees),
                    partial(turned_back, degrees=sign * degrees))
        for degrees in TURNS_DEG
        for sign in (1, -1)
    ),
)  # fmt: skip
"""Pictures whose true pose follows exactly from that of the picture as it was."""

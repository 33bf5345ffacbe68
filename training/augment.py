"""Cheap variation of stored pictures at training time: where the crop lies, and what the camera does to it.

Mirroring, in-plane rotation, shift and scale are exact on the labels; occlusion, light, blur, noise and compression
leave them alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from fpn.rotations import mirror_rotation
from training.turning import PICTURE_SIZE, ROI_PIXELS

Grey = npt.NDArray[np.uint8]
Float32 = npt.NDArray[np.float32]

MIRROR_68 = np.array(
    [
        *range(16, -1, -1),  # jaw
        *range(26, 16, -1),  # brows
        *(27, 28, 29, 30, 35, 34, 33, 32, 31),  # nose
        *(45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40),  # eyes
        *(54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65),  # mouth
    ]
)
"""The landmark at the mirror-image place of each of the 68."""


@dataclass(frozen=True)
class Sample:
    """A crop as the network sees it, and the truth about it.

    crop: (size, size) uint8. rotation: (3, 3) float32. landmarks: (68, 3) float32, relative to the crop's middle, in
    crop sides (depth relative to the face centre). center: (2,), log_side: as `fpn.network.OUTPUTS`.
    """

    crop: Grey
    rotation: Float32
    landmarks: Float32
    center: Float32
    log_side: float


@dataclass(frozen=True)
class Placement:
    """How a crop lies on a stored picture: turned clockwise by `angle_deg`, `side` network regions wide, the
    face centre `shift` (x, y) crop sides from its middle, mirrored or not.
    """

    angle_deg: float
    side: float
    shift: tuple[float, float]
    mirrored: bool


def random_placement(rng: np.random.Generator) -> Placement:
    """Mostly as the tracker will ask (its own last region), often as a stranger's detector would."""
    choice = rng.random()
    if choice < 0.6:
        angle = rng.normal(0, 12)
    elif choice < 0.9:
        angle = rng.uniform(-45, 45)
    else:
        angle = rng.uniform(-120, 120)
    if rng.random() < 0.65:
        side, shift = np.exp(rng.normal(0, 0.08)), rng.normal(0, 0.04, 2)
    else:
        side, shift = np.exp(rng.uniform(np.log(0.78), np.log(1.45))), rng.uniform(-0.17, 0.17, 2)
    return Placement(float(angle), float(side), (float(shift[0]), float(shift[1])), bool(rng.random() < 0.5))


def place(
    picture: Grey, rotation: Float32, landmarks: Float32, placement: Placement, size: int, border: int | None
) -> Sample:
    """Cut a crop of `size` pixels from a stored picture. `border`: the grey level outside, None to repeat the edge."""
    angle = np.radians(placement.angle_deg)
    cosine, sine = np.cos(angle), np.sin(angle)
    turn = np.array([[cosine, -sine], [sine, cosine]])
    flip = np.diag([-1.0 if placement.mirrored else 1.0, 1.0])
    zoom = size / (placement.side * ROI_PIXELS)
    linear = zoom * turn @ flip
    middle, source = (size - 1) / 2, (PICTURE_SIZE - 1) / 2
    shift = np.array(placement.shift)
    affine = np.column_stack([linear, middle + shift * size - linear @ [source, source]])
    mode = cv2.BORDER_REPLICATE if border is None else cv2.BORDER_CONSTANT
    interpolation = cv2.INTER_AREA if zoom < 0.7 else cv2.INTER_LINEAR
    crop = cv2.warpAffine(picture, affine, (size, size), flags=interpolation, borderMode=mode, borderValue=border or 0)
    if placement.mirrored:
        rotation, landmarks = mirror_rotation(rotation).astype(np.float32), landmarks[MIRROR_68]
    turn3 = np.eye(3, dtype=np.float32)
    turn3[:2, :2] = turn
    points = np.empty_like(landmarks)
    # `landmarks` were re-ordered above, their coordinates still are the picture's own.
    points[:, :2] = ((landmarks[:, :2] - source) @ linear.T) / size + shift
    points[:, 2] = landmarks[:, 2] * zoom / size
    return Sample(
        crop=np.asarray(crop, np.uint8),
        rotation=turn3 @ rotation,
        landmarks=points.astype(np.float32),
        center=shift.astype(np.float32),
        log_side=float(-np.log(placement.side)),
    )


def restyle(rng: np.random.Generator, crop: Grey) -> Grey:
    """Another look at the same shapes: tones, texture and light of a picture nobody drew.

    Drawn pictures have a look of their own, and what is learnt of it is lost on real ones. Random filters keep shapes
    and change texture (Xu et al. 2021, "Robust and generalizable visual representation learning via random
    convolutions").
    """
    size = crop.shape[0]
    if rng.random() < 0.2:  # any rising tone curve
        knots = np.concatenate([[0], np.cumsum(rng.exponential(1, 6) + 0.15)])
        low, high = rng.uniform(0, 60), rng.uniform(170, 255)
        table = np.interp(np.linspace(0, 6, 256), np.arange(7), low + (high - low) * knots / knots[-1])
        crop = cv2.LUT(crop, table.astype(np.uint8))
    if rng.random() < 0.2:  # light and shadow lying softly across
        cells = int(rng.integers(2, 6))
        field = np.exp(rng.normal(0, rng.uniform(0.1, 0.5), (cells, cells))).astype(np.float32)
        crop = (crop * cv2.resize(field, (size, size), interpolation=cv2.INTER_CUBIC)).clip(0, 255).astype(np.uint8)
    if rng.random() < 0.2:  # another texture
        width = int(rng.choice([3, 3, 5]))
        filtered = cv2.filter2D(crop, cv2.CV_32F, rng.standard_normal((width, width)))
        filtered = (filtered - filtered.mean()) * (crop.std() / (filtered.std() + 1e-3)) + crop.mean()
        share = rng.uniform(0, 0.6)
        crop = (crop * (1 - share) + filtered * share).clip(0, 255).astype(np.uint8)
    if rng.random() < 0.12:  # sharpened, as telephones do
        soft = cv2.GaussianBlur(crop, (0, 0), rng.uniform(0.8, 2.5))
        amount = rng.uniform(0.3, 2.0)
        crop = cv2.addWeighted(crop, 1 + amount, soft, -amount, 0)
    return np.asarray(crop, np.uint8)


def photograph(rng: np.random.Generator, crop: Grey) -> Grey:
    """What lens, sensor and codec may do to a crop: light, resolution, blur, motion, noise, compression."""
    crop = restyle(rng, crop)
    size = crop.shape[0]
    if rng.random() < 0.5:
        gamma, gain, offset = np.exp(rng.normal(0, 0.35)), rng.uniform(0.5, 1.3), rng.uniform(-30, 40)
        ramp = np.arange(256) / 255
        table = (255 * ramp**gamma * gain + offset).clip(0, 255).astype(np.uint8)
        crop = cv2.LUT(crop, table)
    if rng.random() < 0.08:
        crop = cv2.equalizeHist(crop)
    if rng.random() < 0.12:  # a light from one side of the picture
        slope = np.exp(np.linspace(-1, 1, size) * rng.uniform(-0.9, 0.9)).astype(np.float32)
        shade = slope[None] if rng.random() < 0.7 else slope[:, None]
        crop = (crop * shade).clip(0, 255).astype(np.uint8)
    if rng.random() < 0.3:
        small = int(np.exp(rng.uniform(np.log(18), np.log(size))))
        reduced = cv2.resize(crop, (small, small), interpolation=cv2.INTER_AREA)
        enlarge = cv2.INTER_LINEAR if rng.random() < 0.7 else cv2.INTER_CUBIC
        crop = cv2.resize(reduced, (size, size), interpolation=enlarge)
    if rng.random() < 0.2:
        crop = cv2.GaussianBlur(crop, (0, 0), rng.uniform(0.4, 2.2))
    if rng.random() < 0.08:
        length = int(rng.integers(3, 10))
        kernel = np.zeros((length, length), np.float32)
        kernel[length // 2] = 1 / length
        spin = cv2.getRotationMatrix2D(((length - 1) / 2, (length - 1) / 2), rng.uniform(0, 180), 1)
        kernel = cv2.warpAffine(kernel, spin, (length, length))
        crop = cv2.filter2D(crop, -1, kernel / max(float(kernel.sum()), 1e-6))
    if rng.random() < 0.4:
        noise = rng.standard_normal(crop.shape, dtype=np.float32) * np.float32(np.exp(rng.uniform(0, np.log(18))))
        crop = (crop + noise).clip(0, 255).astype(np.uint8)
    if rng.random() < 0.12:
        _, code = cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(8, 60))])
        crop = np.asarray(cv2.imdecode(code, cv2.IMREAD_GRAYSCALE), np.uint8)
    return np.asarray(crop, np.uint8)

"""Turn a photographed head in 3D: the fitted head with the photograph as its texture, drawn in another pose.

The pose of a near-frontal photograph is known from its fit; the picture drawn from it in any other pose has an exact
relative rotation (after Zhu et al. 2016, "Face Alignment Across Large Poses", face profiling). What the photograph does
not show of the head is filled from its mirror side, then with plain skin or hair. Behind the head stands the photograph
itself as a flat sheet at the depth of the ears, so that hair and shoulders turn along, and behind it any background.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from fpn.head import FACE_CENTER_MM, ROI_MM
from training.hair import Hair, hairiness, shade, swollen
from training.head_model import HeadModel
from training.rasteriser import interpolate, rasterise, vertex_normals

Float32 = npt.NDArray[np.float32]
Grey = npt.NDArray[np.uint8]

PICTURE_SIZE = 192
ROI_PIXELS = 110.0
"""Side of the network's region in a drawn picture; the margin around it is for turning, shifting and scaling later."""
PIXELS_PER_MM = ROI_PIXELS / ROI_MM
_EAR_MM = np.array([0.0, 15.0, 75.0])
_VISIBLE_TOLERANCE_MM = 5.0


@dataclass(frozen=True)
class Photo:
    """A training crop with its fit.

    grey: (192, 192) uint8; valid: x0, y0, x1, y1 of its real pixels. scale px/mm, rotation (3, 3), translation (3,) px:
    pixels = scale * rotation @ head + translation. identity (60,), expression (53,) weights.
    """

    grey: Grey
    valid: tuple[float, float, float, float]
    scale: float
    rotation: npt.NDArray[np.float64]
    translation: npt.NDArray[np.float64]
    identity: Float32
    expression: Float32


@dataclass(frozen=True)
class Texture:
    """Where each head vertex is found in its photograph, and how well: coordinates (V, 2) px and weight (V,) 0..1."""

    coordinates: Float32
    weight: Float32
    skin: float
    hair: float


@dataclass(frozen=True)
class Target:
    """How to draw the head. rotation is relative to the line of sight through the face centre.

    distance_mm: from the camera to the face centre, inf for a far camera. expression: (53,) weights. light: direction
    and strength (3,) of an added directional light. sheet: draw the photograph behind. lower_face_tone: grey level of a
    mask, None for none.
    """

    rotation: npt.NDArray[np.float64]
    expression: Float32
    distance_mm: float = np.inf
    light: tuple[float, float, float] = (0.0, 0.0, 0.0)
    sheet: bool = True
    hair: Hair = field(default_factory=Hair)
    lower_face_tone: float | None = None


def photograph_texture(photo: Photo, model: HeadModel, shape: Float32) -> Texture:
    """What the photograph shows of the head `shape` (V, 3) mm: a z-buffer at the photograph's own pose decides."""
    screen = (shape @ photo.rotation.T * photo.scale + photo.translation).astype(np.float32)
    normals = vertex_normals(np.ascontiguousarray(screen), model.triangles)
    _, _, depth = rasterise(screen, model.triangles, PICTURE_SIZE, PICTURE_SIZE)
    x = np.clip(np.rint(screen[:, 0]).astype(int), 0, PICTURE_SIZE - 1)
    y = np.clip(np.rint(screen[:, 1]).astype(int), 0, PICTURE_SIZE - 1)
    in_front = screen[:, 2] <= depth[y, x] + _VISIBLE_TOLERANCE_MM * photo.scale
    x0, y0, x1, y1 = photo.valid
    margin = np.minimum.reduce([screen[:, 0] - x0, x1 - screen[:, 0], screen[:, 1] - y0, y1 - screen[:, 1]])
    facing = np.clip((-normals[:, 2] - 0.12) / 0.35, 0, 1)
    weight = facing * in_front * np.clip(margin / 3, 0, 1)
    face = model.part("face")
    shown = photo.grey[y[face], x[face]][weight[face] > 0.8]
    top = shape[:, 1] < -70
    crown = photo.grey[y[top], x[top]][(weight[top] > 0.3)]
    skin = float(np.median(shown)) if shown.size else 128.0
    return Texture(
        coordinates=np.ascontiguousarray(screen[:, :2]),
        weight=weight.astype(np.float32),
        skin=skin,
        hair=float(np.median(crown)) if crown.size > 20 else 0.4 * skin,
    )


def turn(
    photo: Photo, model: HeadModel, texture: Texture, target: Target, background: Grey
) -> tuple[Grey, npt.NDArray[np.float32]]:
    """Draw the head of `photo` as `target` says over `background` (192, 192) uint8.

    Returns the picture (192, 192) uint8, face centre in its middle and the network's region `ROI_PIXELS` wide, and the
    68 landmarks (68, 3) float32 in it, pixels, depth relative to the face centre.
    """
    shape = model.shape(photo.identity, target.expression)
    hairy = hairiness(target.hair, model, shape)
    posed = (swollen(target.hair, shape, hairy) - FACE_CENTER_MM) @ target.rotation.T
    nearness = target.distance_mm / (target.distance_mm + posed[:, 2:]) if np.isfinite(target.distance_mm) else 1.0
    screen = np.empty_like(posed, dtype=np.float32)
    screen[:, :2] = posed[:, :2] * nearness * PIXELS_PER_MM + (PICTURE_SIZE - 1) / 2
    screen[:, 2] = posed[:, 2] * PIXELS_PER_MM
    normals = vertex_normals(np.ascontiguousarray(posed.astype(np.float32)), model.triangles)
    index, weights, _ = rasterise(screen, model.triangles, PICTURE_SIZE, PICTURE_SIZE)
    covered = index >= 0

    seen = texture.weight * (1 - hairy) if target.hair.covers else texture.weight
    attributes = np.column_stack(
        [
            texture.coordinates,
            seen,
            texture.coordinates[model.mirror],
            seen[model.mirror],
            _fill_tone(model, shape, hairy, texture, target),
            normals,
            _mask(shape, target),
        ]
    ).astype(np.float32)
    a = interpolate(index, weights, model.triangles, attributes)
    own = _sample(photo.grey, a[..., 0], a[..., 1])
    mirrored = _sample(photo.grey, a[..., 3], a[..., 4])
    own_weight, mirror_weight = a[..., 2], (1 - a[..., 2]) * a[..., 5]
    # Plain fill gets its form from a soft light from the front; the photograph has its own.
    fill = a[..., 6] * (0.55 + 0.45 * np.clip(-a[..., 9], 0, 1))
    head = own_weight * own + mirror_weight * mirrored + (1 - own_weight - mirror_weight) * fill
    if target.lower_face_tone is not None:
        cloth = target.lower_face_tone * (0.6 + 0.4 * np.clip(-a[..., 9], 0, 1))
        head = head + a[..., 10] * (cloth - head)
    light = np.asarray(target.light)
    if light.any():
        head = head * np.clip(1 + a[..., 7:10] @ light.astype(np.float32), 0.25, 1.9)

    picture = background.astype(np.float32)
    if target.sheet:
        sheet, opacity = _sheet(photo, target)
        picture += opacity * (sheet - picture)
    alpha = cv2.GaussianBlur(covered.astype(np.float32), (0, 0), 0.7)
    alpha = np.where(covered, np.maximum(alpha, 0.5), 0.0) * 1.0
    picture += alpha * (head - picture)
    points = screen[model.landmarks68]
    return np.clip(picture, 0, 255).astype(np.uint8), points


def _sample(grey: Grey, x: Float32, y: Float32) -> Float32:
    sampled = cv2.remap(grey, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return sampled.astype(np.float32)


def _fill_tone(model: HeadModel, shape: Float32, hairy: Float32, texture: Texture, target: Target) -> Float32:
    """Grey level (V,) where neither side was photographed: skin, hair on the skull, a dark mouth, plain eyes."""
    hair = (texture.hair if target.hair.tone is None else target.hair.tone) * shade(target.hair, shape)
    tone = texture.skin + hairy * (hair - texture.skin)
    tone[model.part("mouth_socket")] = 0.25 * texture.skin
    for eye in ("eyeball_left", "eyeball_right"):
        tone[model.part(eye)] = 0.9 * texture.skin
    return tone.astype(np.float32)


def _mask(shape: Float32, target: Target) -> Float32:
    """How far (V,) 0..1 a vertex lies under a cloth mask over nose and mouth."""
    if target.lower_face_tone is None:
        return np.zeros(len(shape), np.float32)
    below_nose = (shape[:, 1] - 28) / 2
    before_ears = (48 - shape[:, 2]) / 4
    above_neck = (118 - shape[:, 1]) / 4
    return np.clip(np.minimum(np.minimum(below_nose, before_ears), above_neck), 0, 1).astype(np.float32)


def _sheet(photo: Photo, target: Target) -> tuple[Float32, Float32]:
    """The photograph as a flat sheet through the ears, seen in the target's pose: grey and opacity (192, 192)."""
    ear_depth = (photo.scale * photo.rotation @ _EAR_MM)[2]
    relative = target.rotation @ photo.rotation.T
    to_target = relative[:2, :2] * (PIXELS_PER_MM / photo.scale)
    center = photo.scale * photo.rotation @ FACE_CENTER_MM
    offset = relative[:2, 2] * (PIXELS_PER_MM / photo.scale) * (ear_depth - center[2])
    origin = photo.translation[:2] + center[:2]
    translation = (PICTURE_SIZE - 1) / 2 + offset - to_target @ origin
    affine = np.column_stack([to_target, translation])
    x0, y0, x1, y1 = (round(value) for value in photo.valid)
    real = np.zeros_like(photo.grey)
    real[max(y0, 0) + 2 : y1 - 2, max(x0, 0) + 2 : x1 - 2] = 255
    size = (PICTURE_SIZE, PICTURE_SIZE)
    sheet = cv2.warpAffine(photo.grey, affine, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    opacity = cv2.warpAffine(real, affine, size, flags=cv2.INTER_LINEAR)
    return sheet.astype(np.float32), opacity.astype(np.float32) / 255


def photograph_as_it_is(photo: Photo, model: HeadModel, background: Grey) -> tuple[Grey, npt.NDArray[np.float32]]:
    """The photograph itself, framed as drawn pictures are, unreal pixels from `background`; as `turn` returns."""
    center = photo.scale * photo.rotation @ FACE_CENTER_MM + photo.translation
    zoom = PIXELS_PER_MM / photo.scale
    affine = np.array(
        [
            [zoom, 0, (PICTURE_SIZE - 1) / 2 - zoom * center[0]],
            [0, zoom, (PICTURE_SIZE - 1) / 2 - zoom * center[1]],
        ]
    )
    x0, y0, x1, y1 = (round(value) for value in photo.valid)
    real = np.zeros_like(photo.grey)
    real[max(y0, 0) : y1, max(x0, 0) : x1] = 255
    size = (PICTURE_SIZE, PICTURE_SIZE)
    picture = cv2.warpAffine(photo.grey, affine, size, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
    opacity = cv2.warpAffine(real, affine, size, flags=cv2.INTER_LINEAR) > 127
    shape = model.shape(photo.identity, photo.expression)
    points = (shape[model.landmarks68] @ photo.rotation.T * photo.scale + photo.translation - center) * zoom
    points[:, :2] += (PICTURE_SIZE - 1) / 2
    return np.where(opacity, picture, background), points.astype(np.float32)

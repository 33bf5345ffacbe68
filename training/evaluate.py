"""Validation during training: real crops with known rotations, seen as the tracker would see them."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
import numpy.typing as npt

from fpn.network import INPUT_SIZE, OUTPUTS
from fpn.roi import Box, Roi
from fpn.rotations import geodesic_deg, mirror_rotation, rotation_from_six, tilt_deg

Float = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Validation:
    """Pictures (H, W) uint8 grey with a first region each and the truth (n, 3, 3) about their rotations."""

    name: str
    pictures: list[npt.NDArray[np.uint8]]
    regions: list[Roi]
    rotations: Float


def load_image_list(path: Path, name: str, starting: str = "") -> Validation:
    """Images whose name begins with `starting` from a csv in the form of `dev_val/gt.csv` (image, R00..R22, box_*)."""
    pictures, regions, rotations = [], [], []
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            if not row["image"].startswith(starting):
                continue
            picture = cv2.imread(str(path.parent / row["image"]), cv2.IMREAD_GRAYSCALE)
            if picture is None:
                raise FileNotFoundError(f"{path.parent / row['image']}: named in {path.name} but not readable")
            pictures.append(np.asarray(picture, np.uint8))
            regions.append(Roi.around(Box(*(float(row[f"box_{key}"]) for key in ("x", "y", "w", "h")))))
            rotations.append([[float(row[f"R{i}{j}"]) for j in range(3)] for i in range(3)])
    return Validation(name, pictures, regions, np.array(rotations))


def cut(picture: npt.NDArray[np.uint8], region: Roi, size: int) -> npt.NDArray[np.uint8]:
    """The region, tilt and all, as a (size, size) crop, black outside the picture."""
    zoom = size / region.side
    if zoom < 0.6:  # cv2 does not average when shrinking in a warp
        picture = np.asarray(cv2.resize(picture, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA), np.uint8)
        region = Roi(
            (region.center_x + 0.5) * zoom - 0.5, (region.center_y + 0.5) * zoom - 0.5, float(size), region.tilt_deg
        )
    linear = size / region.side * in_plane(-region.tilt_deg)
    offset = (size - 1) / 2 - linear @ [region.center_x, region.center_y]
    affine = np.column_stack([linear, offset])
    crop = cv2.warpAffine(picture, affine, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    return np.asarray(crop, np.uint8)


def in_plane(degrees: float) -> Float:
    """The rotation (2, 2) clockwise in the picture."""
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[cosine, -sine], [sine, cosine]])


def predict(model: Any, validation: Validation, looks: int = 2, mirror: bool = False) -> tuple[Float, list[Roi]]:
    """Rotations (n, 3, 3) after `looks` looks, each at the region the last one proposed, and the last regions."""
    size = model.input_shape[1] or INPUT_SIZE
    regions = list(validation.regions)
    rotations = np.zeros((len(regions), 3, 3))
    for _ in range(looks):
        crops = np.stack([cut(picture, roi, size) for picture, roi in zip(validation.pictures, regions, strict=True)])
        out = keras.ops.convert_to_numpy(model(crops[..., None].astype(np.float32), training=False))
        rotations = rotation_from_six(out[:, OUTPUTS["rotation"]])
        if mirror:
            flipped = keras.ops.convert_to_numpy(model(crops[:, :, ::-1, None].astype(np.float32), training=False))
            other = mirror_rotation(rotation_from_six(flipped[:, OUTPUTS["rotation"]]))
            u, _, vt = np.linalg.svd(rotations + other)
            rotations = u @ vt
        for number, roi in enumerate(regions):
            rotations[number] = np.vstack([in_plane(roi.tilt_deg) @ rotations[number][:2], rotations[number][2:]])
            offset = in_plane(roi.tilt_deg) @ out[number][OUTPUTS["center"]] * roi.side
            regions[number] = Roi(
                roi.center_x + float(offset[0]),
                roi.center_y + float(offset[1]),
                roi.side * float(np.exp(out[number][OUTPUTS["log_side"]][0])),
                tilt_deg(rotations[number]),
            )
    return rotations, regions


def rotation_errors(model: Any, validation: Validation) -> Float:
    """Geodesic errors (n,) in degrees."""
    rotations, _ = predict(model, validation)
    return geodesic_deg(rotations, validation.rotations)

"""Pictures of one face each with its true rotation, as lists of images name them, and what the network says of them.

A list is a csv file with the columns `image, R00, R01, ..., R22, box_x, box_y, box_w, box_h`: the rotation row by row,
`x_camera = R x_head` (docs/output.md has the conventions), and a box around the face in pixels. `f_px, cx_px, cy_px`
say the camera where it is known; without them the picture is taken as a crop of a photograph, seen from far away.
`group` sorts the images into groups that are also scored apart.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from fpn.camera import Camera
from fpn.estimator import FacePoseEstimator
from fpn.pose import FaceEstimate
from fpn.roi import Box, Roi
from tracker.intrinsics import CROPPED_FOV_DEG

Float = npt.NDArray[np.float64]
Picture = npt.NDArray[np.uint8]

LOOKS = 2
"""At the region around the given box, then at the one the network proposes: as the program does with a list."""


@dataclass(frozen=True)
class Portrait:
    """One picture of a face and the truth about it.

    image: (H, W, 3) uint8 BGR. box: around the face, pixels. region: the first one to look at. camera: holds for the
    picture's size. rotation: (3, 3) float64, camera frame, the truth.
    """

    image: Picture
    box: Box
    region: Roi
    camera: Camera
    rotation: Float


@dataclass(frozen=True)
class Row:
    """A line of a list. intrinsics: (3, 3) float64, None where the camera is not known."""

    image: Path
    box: Box
    intrinsics: Float | None
    rotation: Float
    group: str = ""

    def load(self) -> Portrait:
        """The picture and what is known of it. Raises ValueError for a file that is no readable image."""
        image = cv2.imread(str(self.image))
        if image is None:
            raise ValueError(f"{self.image}: not a readable image")
        height, width = image.shape[:2]
        if self.intrinsics is None:
            camera = Camera.from_fov(width, height, CROPPED_FOV_DEG)
        else:
            camera = Camera(K=self.intrinsics, distortion=np.zeros(0), width=width, height=height)
        return Portrait(np.asarray(image, np.uint8), self.box, Roi.around(self.box), camera, self.rotation)


def read_list(path: Path) -> list[Row]:
    """The rows of a list. Raises ValueError for none, for a line that cannot be read, for a picture not there."""
    rows = []
    with path.open(newline="", encoding="utf-8") as file:
        for line, entry in enumerate(csv.DictReader(file), start=2):
            try:
                focal = float(entry.get("f_px") or 0)
                intrinsics = None
                if focal:
                    center = float(entry["cx_px"]), float(entry["cy_px"])
                    intrinsics = np.array([[focal, 0, center[0]], [0, focal, center[1]], [0, 0, 1]])
                rotation = np.array([[float(entry[f"R{i}{j}"]) for j in range(3)] for i in range(3)])
                box = Box(*(float(entry[f"box_{key}"]) for key in ("x", "y", "w", "h")))
                image = path.parent / entry["image"]
            except (KeyError, TypeError, ValueError) as error:
                raise ValueError(f"{path}: line {line}: {error!r}") from error
            if not np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-3) or np.linalg.det(rotation) < 0:
                raise ValueError(f"{path}: line {line}: R00 to R22 are no rotation matrix")
            rows.append(Row(image, box, intrinsics, rotation, entry.get("group") or ""))
    if not rows:
        raise ValueError(f"{path}: no rows")
    missing = next((row.image for row in rows if not row.image.is_file()), None)
    if missing is not None:
        raise ValueError(f"{path}: {missing}: no such picture")
    return rows


def look(estimator: FacePoseEstimator, portrait: Portrait, looks: int = LOOKS) -> FaceEstimate:
    """What the network says after `looks` looks, each at the region the last one proposed."""
    region = portrait.region
    for _ in range(looks):
        estimate = estimator.estimate(portrait.image, [region], portrait.camera)[0]
        region = estimate.roi
    return estimate

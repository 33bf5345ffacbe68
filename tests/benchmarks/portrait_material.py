"""Portraits for tests: frames of the demo clip, whose head nobody has, and a dot in empty space."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.clip_errors import demo_clip
from fpn.camera import Camera
from fpn.lift import face_box
from fpn.pose import HeadPose
from tracker.sources import open_source

Float = npt.NDArray[np.float64]


def write_demo_list(folder: Path, frames: list[int], group: str = "") -> Path:
    """Frames of the demo clip as pictures and a list with their truth."""
    clip = demo_clip()
    path = folder / "gt.csv"
    with open_source("demo") as source, path.open("w", newline="", encoding="utf-8") as file:
        names = ["image", *(f"R{i}{j}" for i in range(3) for j in range(3)), "box_x", "box_y", "box_w", "box_h"]
        writer = csv.writer(file)
        writer.writerow([*names, "f_px", "cx_px", "cy_px", "group"])
        camera = Camera.from_fov(*source.size)
        for frame in source:
            if frame.index not in frames:
                continue
            cv2.imwrite(str(folder / f"{frame.index}.png"), frame.image)
            R, t = clip.rotations[frame.index], clip.translations[frame.index]
            box = face_box(HeadPose(R, t, np.eye(3), np.eye(3)), camera)
            K = camera.K
            writer.writerow([f"{frame.index}.png", *R.ravel(), box.x, box.y, box.width, box.height, K[0, 0], K[0, 2],
                             K[1, 2], group])  # fmt: skip
    return path


def dot_at(pixel: Float, width: int, height: int) -> npt.NDArray[np.uint8]:
    """A soft bright dot in a dark picture."""
    rows, columns = np.mgrid[:height, :width]
    bell = np.exp(-((columns - pixel[0]) ** 2 + (rows - pixel[1]) ** 2) / (2 * 4.0**2))
    return np.repeat((255 * bell).astype(np.uint8)[..., None], 3, axis=2)


def seen_dot(image: npt.NDArray[np.uint8]) -> Float:
    """Where the dot is, (2,) pixels."""
    mass = image[..., 0].astype(float)
    rows, columns = np.mgrid[: mass.shape[0], : mass.shape[1]]
    return np.array([(columns * mass).sum(), (rows * mass).sum()]) / mass.sum()

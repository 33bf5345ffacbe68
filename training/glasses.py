"""Spectacles and sunglasses for drawn heads."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from fpn.rotations import angles_from_rotation
from training.turning import PIXELS_PER_MM, Grey


def draw_glasses(picture: Grey, landmarks: npt.NDArray[np.float32], rotation: npt.NDArray[np.float64],
                 rng: np.random.Generator) -> None:  # fmt: skip
    """Spectacles or sunglasses drawn in 3D before the eyes of a drawn head, in place; the hidden side is left out."""
    width, height = rng.uniform(21, 29), rng.uniform(15, 23)
    square = rng.uniform(2, 5)
    tone, thick = int(rng.integers(0, 90) if rng.random() < 0.8 else rng.integers(150, 255)), int(rng.integers(1, 4))
    dark = rng.random() < 0.3
    angles = np.linspace(0, 2 * np.pi, 40)
    rim_x = width * np.sign(np.cos(angles)) * np.abs(np.cos(angles)) ** (2 / square)
    rim_y = height * np.sign(np.sin(angles)) * np.abs(np.sin(angles)) ** (2 / square)
    yaw = float(angles_from_rotation(rotation)[0])
    shift = 4
    for side, eye in ((-1, slice(36, 42)), (1, slice(42, 48))):
        if side * yaw < -40:  # yaw > 0 turns the subject's right eye (side -1) away
            continue
        center = landmarks[eye].mean(0)
        ring = np.stack([rim_x, rim_y + 3, np.full_like(rim_x, -14)], 1) @ rotation.T * PIXELS_PER_MM + center
        polygon = np.rint(ring[:, :2] * 2**shift).astype(np.int32)
        if dark:
            glass = picture.copy()
            cv2.fillPoly(glass, [polygon], int(rng.integers(0, 60)), cv2.LINE_AA, shift)
            opacity = rng.uniform(0.6, 1)
            cv2.addWeighted(glass, opacity, picture, 1 - opacity, 0, picture)
        cv2.polylines(picture, [polygon], True, tone, thick, cv2.LINE_AA, shift)
        hinge = np.array([side * width, 0, -14]) @ rotation.T * PIXELS_PER_MM + center
        ear = np.array([side * 42, -3, 78]) @ rotation.T * PIXELS_PER_MM + center
        if side * yaw > 8:  # this side's temple is seen
            ends = np.rint(np.stack([hinge, ear])[:, :2] * 2**shift).astype(np.int32)
            cv2.polylines(picture, [ends], False, tone, thick, cv2.LINE_AA, shift)
    if abs(yaw) < 50:
        bridge = [
            landmarks[eye].mean(0) + np.array([inward * width, -2, -16]) @ rotation.T * PIXELS_PER_MM
            for inward, eye in ((1, slice(36, 42)), (-1, slice(42, 48)))
        ]
        ends = np.rint(np.stack(bridge)[:, :2] * 2**shift).astype(np.int32)
        cv2.polylines(picture, [ends], False, tone, thick, cv2.LINE_AA, shift)

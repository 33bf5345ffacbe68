"""What stands behind drawn heads."""

from __future__ import annotations

import cv2
import numpy as np

from training.turning import PICTURE_SIZE, Grey


def random_background(rng: np.random.Generator, other: Grey) -> Grey:
    """Anything that may stand behind a head: part of another photograph, a gradient, noise or a plain tone."""
    size = PICTURE_SIZE
    choice = rng.random()
    if choice < 0.55:
        angle, zoom = rng.uniform(0, 360), rng.uniform(1.5, 5)
        turned = cv2.getRotationMatrix2D((size / 2, size / 2), angle, zoom)
        turned[:, 2] += rng.uniform(-60, 60, 2)
        picture = cv2.warpAffine(other, turned, (size, size), borderMode=cv2.BORDER_REFLECT)
        return np.asarray(cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.3, 5)), np.uint8)
    return plain_background(rng)


def plain_background(rng: np.random.Generator) -> Grey:
    """A background (192, 192) uint8 that certainly holds no face: a gradient, noise or a plain tone."""
    size = PICTURE_SIZE
    choice = rng.random()
    if choice < 0.45:
        corners = rng.uniform(0, 255, (2, 2)).astype(np.float32)
        return np.asarray(cv2.resize(corners, (size, size), interpolation=cv2.INTER_CUBIC).clip(0, 255), np.uint8)
    if choice < 0.78:
        coarse = int(rng.integers(4, 48))
        noise = rng.uniform(0, 255, (coarse, coarse)).astype(np.float32)
        return np.asarray(cv2.resize(noise, (size, size), interpolation=cv2.INTER_CUBIC).clip(0, 255), np.uint8)
    return np.full((size, size), rng.integers(0, 256), np.uint8)

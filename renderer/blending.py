"""Soft transitions and mixtures of pictures."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]

_LITTLE = np.float32(1e-5)
"""A weight of no account beside anything that is known."""
_SMALLEST_LEVEL = 3


def smooth_step(x: Float32) -> Float32:
    """0 below 0, 1 above 1, in between the cubic that joins them without a kink."""
    t = np.clip(x, 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def halved(layers: Float32) -> Float32:
    """Layers (h, w, n) at half the resolution, each cell the mean of four, in place with them."""
    rows, columns = layers.shape[:2]
    half = (max(1, (columns + 1) // 2), max(1, (rows + 1) // 2))
    return np.asarray(cv2.resize(layers, half, interpolation=cv2.INTER_AREA), np.float32)


def spread(known: Float32, otherwise: Float32) -> Float32:
    """Colours (H, W, 3) everywhere from colours times weight, and weight, (H, W, 4): smooth where nothing is known.

    otherwise: (3,) the colour where nothing is known at all.

    Each place takes the finest of a pyramid of averages that has something to say there (Gortler et al. 1996,
    push-pull).
    """
    from renderer.loops.tones import refine  # late: loads numba, which takes most of a second

    levels = [halved(known)]
    while min(levels[-1].shape[:2]) > _SMALLEST_LEVEL:
        levels.append(halved(levels[-1]))
    coarsest = levels.pop()
    coarse = coarsest + np.float32(0.01) * coarsest.mean((0, 1)) + _LITTLE * np.append(otherwise, np.float32(1))
    colours: Float32 = (coarse[..., :3] / coarse[..., 3:]).astype(np.float32)
    for level in reversed(levels):
        colours = np.asarray(cv2.resize(colours, level.shape[1::-1]), np.float32)
        refine(level, colours)
    return np.asarray(cv2.resize(colours, known.shape[1::-1]), np.float32)

"""Soft transitions and mixtures of pictures."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from renderer.rooms import Rooms

Float32 = npt.NDArray[np.float32]


def smooth_step(x: Float32) -> Float32:
    """0 below 0, 1 above 1, in between the cubic that joins them without a kink."""
    t = np.clip(x, 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def halved(layers: Float32) -> Float32:
    """Layers (h, w, n) at half the resolution, each cell the mean of four, in place with them."""
    rows, columns = layers.shape[:2]
    half = (max(1, (columns + 1) // 2), max(1, (rows + 1) // 2))
    return np.asarray(cv2.resize(layers, half, interpolation=cv2.INTER_AREA), np.float32)


def spread(known: Float32, otherwise: Float32, rooms: Rooms, colours: Float32) -> Float32:
    """Colours (H, W, 3) everywhere from colours times weight, and weight, (H, W, 4): smooth where nothing is known.

    otherwise: (3,) the colour where nothing is known at all. colours: is set and returned; rooms: memory.

    Each place takes the finest of a pyramid of averages that has something to say there (Gortler et al. 1996,
    push-pull).
    """
    from renderer.loops import pyramid  # late: loads numba, which takes most of a second

    memory = rooms.floats("pyramid", pyramid.pyramid_size(*known.shape[:2]))
    pyramid.spread(known, np.asarray(otherwise, np.float32), memory, colours)
    return colours

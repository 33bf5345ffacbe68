"""Strands on hair that nobody saw: smooth tones alone look like paint."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from renderer.appearance import chart_surface
from renderer.chart import CHART_SIZE

Float32 = npt.NDArray[np.float32]

_FINENESS = (4, 8)
"""Rows and columns of the grain to a cell of the chart."""
_AROUND = 1024
"""Columns all around the head in which strands are drawn, evenly spaced."""
_STRANDS = ((2.5, 12.0, 1.0), (8.0, 24.0, 0.8))
"""Strands and locks: half their width in columns, half their length in rows, how much they count."""
_CONTRAST, _LARGEST = 0.13, 2.0
"""Deviation of brightness that strands make, and how many of it at most."""

_ONE, _BYTES = 128, 4
"""The byte that stands for a brightness of 1, and how many are held by a place."""


@lru_cache(maxsize=1)
def strands() -> npt.NDArray[np.uint32]:
    """Factors of brightness (288, 768) over the chart, see `side_by_side`; they run from the crown down, as hair
    does.
    """
    rows, columns = (cells * fine for cells, fine in zip(CHART_SIZE, _FINENESS, strict=True))
    noise = np.random.default_rng(0).normal(size=(rows, _AROUND)).astype(np.float32)
    drawn = np.zeros_like(noise)
    for width, length, share in _STRANDS:
        around = cv2.copyMakeBorder(noise, 0, 0, _AROUND // 8, _AROUND // 8, cv2.BORDER_WRAP)
        layer = cv2.GaussianBlur(around, (0, 0), sigmaX=width, sigmaY=length)[:, _AROUND // 8 : -_AROUND // 8]
        drawn += np.float32(share) * layer / layer.std()
    drawn = (drawn / drawn.std()).clip(-_LARGEST, _LARGEST)
    s = (np.arange(columns) + 0.5) / columns * 2 - 1  # the chart's own coordinate; see `renderer.chart.to_chart`
    azimuth = ((s + s**3) / 2 + 1) / 2 * _AROUND - 0.5
    at_x, at_y = np.meshgrid(azimuth.astype(np.float32), np.arange(rows, dtype=np.float32))
    on_chart = cv2.remap(drawn, at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    hair = cv2.resize(chart_surface().hair, (columns, rows))
    return side_by_side(1 + np.float32(_CONTRAST) * hair * on_chart)


def side_by_side(factors: Float32) -> npt.NDArray[np.uint32]:
    """Factors (h, w) from 0 to 2 as bytes, 128 for 1; every place holds its own in the lowest byte and then those to
    the right, so that two are looked up at once in memory that is a quarter of theirs as numbers.
    """
    rows, columns = factors.shape
    levels = np.zeros(rows * columns + _BYTES - 1, np.uint8)
    levels[: rows * columns] = np.rint(factors * np.float32(_ONE)).ravel()
    return np.ndarray((rows, columns), np.uint32, levels, strides=(columns, 1))

"""Lines and words that can be read on bright and on dark pictures: bright strokes on a dark edge."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

Colour = tuple[int, int, int]
"""Blue, green, red, 0..255."""

WHITE: Colour = (255, 255, 255)
_EDGE: Colour = (16, 16, 16)
_SHIFT = 4  # OpenCV draws to 1/16 pixel, so that lines glide instead of jumping from pixel to pixel
_FARTHEST = float(1 << 24)  # pixels outside the picture that OpenCV's whole numbers can still hold
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_SMALLEST_FONT = 0.4  # 9 pixels high; smaller ones cannot be read
_REFERENCE_PIXELS = 1280 * 720


def stroke_scale(width: int, height: int) -> float:
    """How much larger than in a 1280x720 picture strokes and words are to be."""
    return float(np.sqrt(width * height / _REFERENCE_PIXELS))


def draw_lines(
    picture: npt.NDArray[np.uint8],
    lines: Sequence[npt.NDArray[np.float64]],
    colour: Colour,
    thickness: int,
) -> None:
    """Draw open polylines, each (n, 2) float64 pixels, with a dark edge, into `picture` (H, W, 3) uint8."""
    whole = [np.round(np.clip(line, -_FARTHEST, _FARTHEST) * (1 << _SHIFT)).astype(np.int32) for line in lines]
    if not whole:
        return
    edge = thickness + max(2, thickness)
    cv2.polylines(picture, whole, False, _EDGE, edge, cv2.LINE_AA, _SHIFT)
    cv2.polylines(picture, whole, False, colour, thickness, cv2.LINE_AA, _SHIFT)


class Lettering:
    """Words of one size, as it suits a picture."""

    def __init__(self, width: int, height: int) -> None:
        self._font = max(_SMALLEST_FONT, 0.55 * stroke_scale(width, height))
        self._thickness = max(1, round(2 * self._font))
        self.line_height = round(32 * self._font)
        """Pixels from one line of text to the next."""

    def width(self, words: str) -> int:
        """Pixels that one line of words takes."""
        (width, _), _ = cv2.getTextSize(words, _FONT, self._font, self._thickness)
        return width

    def draw(self, picture: npt.NDArray[np.uint8], words: str, x: float, y: float, colour: Colour = WHITE) -> None:
        """Draw words (ASCII) with their upper left corner at pixel `x`, `y`."""
        left, baseline, before = round(x), round(y + 24 * self._font), ""
        # Word by word: most are those of the frame before.
        for word in _WORD.findall(words):
            at = left + (self.width(before) - self._thickness if before else 0)
            _drawn(word.strip(), self._font, self._thickness, colour).lay(picture, at, baseline)
            before += word


_WORD = re.compile(r"\S+ *|^ +")


@dataclass(frozen=True)
class _Drawn:
    """A word as it is laid over a picture. through: (h, w, 3) uint8, how much of the picture is seen through it, 255
    for all; light: (h, w, 3) uint8, what it adds. left, above: pixels from its origin to its first column and row.
    """

    through: npt.NDArray[np.uint8]
    light: npt.NDArray[np.uint8]
    left: int
    above: int

    def lay(self, picture: npt.NDArray[np.uint8], x: int, y: int) -> None:
        """Over a picture, its origin at a pixel, so far as it lies within."""
        top, first = y - self.above, x - self.left
        rows = slice(max(-top, 0), min(len(self.light), len(picture) - top))
        columns = slice(max(-first, 0), min(self.light.shape[1], picture.shape[1] - first))
        if rows.start >= rows.stop or columns.start >= columns.stop:
            return
        part = picture[top + rows.start : top + rows.stop, first + columns.start : first + columns.stop]
        cv2.multiply(part, self.through[rows, columns], dst=part, scale=1 / 255)
        cv2.add(part, self.light[rows, columns], dst=part)


@lru_cache(maxsize=512)
def _drawn(word: str, font: float, thickness: int, colour: Colour) -> _Drawn:
    """A word, white or in a colour, on its dark edge. OpenCV takes a quarter of a millisecond to draw a few of them."""
    edge = thickness + max(2, 2 * thickness)
    (width, height), below = cv2.getTextSize(word, _FONT, font, edge)
    margin = edge + 1
    size = (height + below + 2 * margin, width + 2 * margin, 3)
    origin = (margin, margin + height)
    black, white = np.zeros(size, np.uint8), np.full(size, 255, np.uint8)
    for ground in (black, white):
        cv2.putText(ground, word, origin, _FONT, font, _EDGE, edge, cv2.LINE_AA)
        cv2.putText(ground, word, origin, _FONT, font, colour, thickness, cv2.LINE_AA)
    return _Drawn(white - black, black, *origin)

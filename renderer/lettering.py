"""Lines and words that can be read on bright and on dark pictures: bright strokes on a dark edge."""

from __future__ import annotations

from collections.abc import Sequence

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
        origin = (round(x), round(y + 24 * self._font))
        edge = self._thickness + max(2, 2 * self._thickness)
        cv2.putText(picture, words, origin, _FONT, self._font, _EDGE, edge, cv2.LINE_AA)
        cv2.putText(picture, words, origin, _FONT, self._font, colour, self._thickness, cv2.LINE_AA)

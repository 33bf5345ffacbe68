"""A face drawn with ellipses, which a face detector takes for one: nobody's picture."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from fpn.roi import Box

BACKGROUND = (150, 160, 150)
_FACE_SHARE = 0.54  # of the square that is drawn, the width of the face in it
_MIDDLE = 0.56  # height of the middle of the features in the square


def drawn_face(side: int) -> npt.NDArray[np.uint8]:
    """A square (side, side, 3) with a frontal face."""
    size = 1024
    picture = np.full((size, size, 3), BACKGROUND, np.uint8)

    def ellipse(
        x: float,
        y: float,
        a: float,
        b: float,
        color: tuple[int, int, int],
        arc: tuple[int, int] = (0, 360),
        pen: int = -1,
    ) -> None:
        center, axes = (round(x * size), round(y * size)), (round(a * size), round(b * size))
        cv2.ellipse(picture, center, axes, 0, *arc, color, pen)

    hair, skin, shade = (40, 50, 70), (150, 180, 225), (120, 148, 195)
    ellipse(0.5, 0.47, 0.33, 0.43, hair)
    ellipse(0.5, 0.52, 0.27, 0.36, skin)
    ellipse(0.5, 0.24, 0.28, 0.14, hair, (180, 360))
    for x in (0.385, 0.615):
        ellipse(x, 0.475, 0.052, 0.026, (245, 245, 245))
        ellipse(x, 0.475, 0.024, 0.024, (60, 50, 40))
        ellipse(x, 0.425, 0.07, 0.028, (40, 50, 60), (190, 350), 14)
        ellipse(x, 0.48, 0.075, 0.05, shade, pen=6)
    ellipse(0.5, 0.585, 0.045, 0.028, (110, 135, 180), (0, 180), 12)
    ellipse(0.5, 0.69, 0.09, 0.032, (90, 90, 190))
    ellipse(0.5, 0.69, 0.09, 0.004, (60, 60, 130))
    blurred = cv2.GaussianBlur(picture, (0, 0), 6)
    lit = np.clip(blurred * np.linspace(1.05, 0.8, size)[:, np.newaxis], 0, 255).astype(np.uint8)
    way = cv2.INTER_AREA if side < size else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(lit, (side, side), interpolation=way), np.uint8)


def picture_with_faces(
    width: int, height: int, faces: list[tuple[float, float, float]]
) -> tuple[npt.NDArray[np.uint8], list[Box]]:
    """A picture with drawn faces, each (centre x, centre y, width), cut off at its edges; and boxes around them."""
    picture = np.full((height, width, 3), BACKGROUND, np.uint8)
    boxes = []
    for x, y, face_width in faces:
        side = round(face_width / _FACE_SHARE)
        left, top = round(x - side / 2), round(y - _MIDDLE * side)
        x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + side, width), min(top + side, height)
        picture[y0:y1, x0:x1] = drawn_face(side)[y0 - top : y1 - top, x0 - left : x1 - left]
        boxes.append(Box(x - face_width / 2, y - face_width / 2, face_width, face_width))
    return picture, boxes

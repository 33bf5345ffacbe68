"""From a decoded video frame to an upright BGR picture with square pixels."""

from __future__ import annotations

from fractions import Fraction
from typing import cast

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.sidedata.sidedata import SideData
from av.video.reformatter import Colorspace, VideoReformatter

_UNSPECIFIED = 2  # AVCOL_SPC_UNSPECIFIED
_LARGEST_SD = (1279, 576)


class BgrConverter:
    """Turns the frames of one video stream into pictures of one size.

    The colour matrix and range are those the stream states; where it states no matrix, pictures larger than standard
    definition are taken for BT.709 and the others for BT.601, as players do. Rotation and mirroring of the display
    matrix are applied, and pixels that are not square are stretched to squares, because a pinhole camera with one
    focal length is what the pose is measured in.
    """

    def __init__(self, pixel_aspect: Fraction | None = None) -> None:
        """`pixel_aspect`: width over height of a pixel, None where the stream does not state it."""
        self._pixel_aspect = _believable(pixel_aspect)
        self._reformatter = VideoReformatter()
        self._size: tuple[int, int] | None = None

    def convert(self, frame: av.VideoFrame) -> npt.NDArray[np.uint8]:
        """(H, W, 3) uint8 BGR, contiguous and writable; frames of a later size are scaled to the first one's."""
        if self._size is None:
            self._size = _with_square_pixels(frame.width, frame.height, self._pixel_aspect)
        width, height = self._size
        matrix = Colorspace.ITU709 if frame.colorspace == _UNSPECIFIED and _is_hd(frame) else None
        bgr = self._reformatter.reformat(frame, width, height, format="bgr24", src_colorspace=matrix).to_ndarray()
        return np.ascontiguousarray(_upright(np.asarray(bgr, np.uint8), frame))


def _is_hd(frame: av.VideoFrame) -> bool:
    return frame.width > _LARGEST_SD[0] or frame.height > _LARGEST_SD[1]


def _believable(pixel_aspect: Fraction | None) -> Fraction:
    """Square where nothing is stated, where it is nonsense, and where it is a rounding error not worth a resampling."""
    if pixel_aspect is None or not 0.25 < pixel_aspect < 4 or abs(pixel_aspect - 1) < 0.01:
        return Fraction(1)
    return pixel_aspect


def _with_square_pixels(width: int, height: int, pixel_aspect: Fraction) -> tuple[int, int]:
    """The size that shows the same picture with square pixels, losing no resolution in either direction."""
    if pixel_aspect >= 1:
        return round(width * pixel_aspect), height
    return width, round(height / pixel_aspect)


def _upright(image: npt.NDArray[np.uint8], frame: av.VideoFrame) -> npt.NDArray[np.uint8]:
    """Apply the frame's display matrix: x' = a x + c y, y' = b x + d y (ffmpeg, libavutil/display.h)."""
    a, b, c, d = _display_matrix(frame)
    transposed = abs(b) + abs(c) > abs(a) + abs(d)
    from_left, from_top = (c, b) if transposed else (a, d)
    if transposed:
        image = cv2.transpose(image)
    if from_left < 0 and from_top < 0:
        return cv2.flip(image, -1)
    if from_left < 0:
        return cv2.flip(image, 1)
    if from_top < 0:
        return cv2.flip(image, 0)
    return image


def _display_matrix(frame: av.VideoFrame) -> tuple[int, int, int, int]:
    """The display matrix's a, b, c, d; turns being by quarters, their signs and which pair is larger tell all."""
    try:
        stated = cast("SideData | None", frame.side_data.get("DISPLAYMATRIX"))
    except ValueError:  # PyAV refuses all side data when one kind is new to it; mirroring then stays unknown
        return _quarter_turn(frame.rotation)
    if stated is None:
        return (1, 0, 0, 1)
    a, b, _, c, d, *_ = np.frombuffer(bytes(stated), np.int32).tolist()
    return (a, b, c, d)


def _quarter_turn(degrees_counterclockwise: int) -> tuple[int, int, int, int]:
    turns = ((1, 0, 0, 1), (0, -1, 1, 0), (-1, 0, 0, -1), (0, 1, -1, 0))
    return turns[round(degrees_counterclockwise / 90) % 4]

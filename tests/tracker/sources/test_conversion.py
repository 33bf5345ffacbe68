from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import numpy.typing as npt
import pytest

from tracker.sources.conversion import BgrConverter

BT601, BT709, BT2020 = (0.299, 0.114), (0.2126, 0.0722), (0.2627, 0.0593)
"""Kr and Kb of the recommendations BT.601-7, BT.709-6 and BT.2020-2."""
AVCOL = {"bt709": 1, "unspecified": 2, "bt470bg": 5, "smpte170m": 6, "bt2020nc": 9}  # libavutil/pixfmt.h
LIMITED, FULL = 1, 2


def flat_frame(y: int, u: int, v: int, colorspace: str, colour_range: int, width: int, height: int) -> av.VideoFrame:
    frame = av.VideoFrame(width, height, "yuv420p")
    for plane, level in zip(frame.planes, (y, u, v), strict=True):
        plane.update(bytes([level]) * plane.buffer_size)
    frame.colorspace, frame.color_range = AVCOL[colorspace], colour_range
    return frame


def expected_bgr(y: int, u: int, v: int, weights: tuple[float, float], colour_range: int) -> npt.NDArray[np.float64]:
    """BT.709-6 section 3 solved for R, G and B."""
    red_weight, blue_weight = weights
    if colour_range == FULL:
        luma, blue_difference, red_difference = y / 255, (u - 128) / 255, (v - 128) / 255
    else:
        luma, blue_difference, red_difference = (y - 16) / 219, (u - 128) / 224, (v - 128) / 224
    red = luma + 2 * (1 - red_weight) * red_difference
    blue = luma + 2 * (1 - blue_weight) * blue_difference
    green = (luma - red_weight * red - blue_weight * blue) / (1 - red_weight - blue_weight)
    return np.clip(255 * np.array([blue, green, red]), 0, 255)


@pytest.mark.parametrize("colour_range", [LIMITED, FULL])
@pytest.mark.parametrize(
    ("colorspace", "size", "weights"),
    [
        ("bt709", (64, 48), BT709),
        ("smpte170m", (64, 48), BT601),
        ("bt470bg", (1920, 1080), BT601),
        ("bt2020nc", (64, 48), BT2020),
        ("unspecified", (720, 576), BT601),
        ("unspecified", (1280, 720), BT709),
        ("unspecified", (720, 1280), BT709),
    ],
)
def test_colours_follow_the_stated_matrix_and_range_or_what_players_assume(
    colorspace: str, size: tuple[int, int], weights: tuple[float, float], colour_range: int
) -> None:
    image = BgrConverter().convert(flat_frame(120, 90, 180, colorspace, colour_range, *size))
    expected = expected_bgr(120, 90, 180, weights, colour_range)
    # The fast path of libswscale rounds coarsely, by up to 2 levels; another matrix or range is 3 to 15 away.
    assert np.abs(image.reshape(-1, 3).astype(float) - expected).max() < 2.5


def test_a_frame_without_a_stated_range_is_limited() -> None:
    image = BgrConverter().convert(flat_frame(235, 128, 128, "bt709", 0, 64, 48))
    assert image.min() >= 254


def test_pixels_that_are_not_square_are_stretched_without_losing_resolution() -> None:
    frame = flat_frame(120, 128, 128, "bt709", LIMITED, 64, 48)
    assert BgrConverter(Fraction(4, 3)).convert(frame).shape == (48, 85, 3)
    assert BgrConverter(Fraction(3, 4)).convert(frame).shape == (64, 64, 3)


@pytest.mark.parametrize("pixel_aspect", [None, Fraction(1), Fraction(1001, 1000), Fraction(100), Fraction(1, 90)])
def test_pixels_that_are_square_but_for_rounding_or_stated_as_nonsense_stay_as_they_are(
    pixel_aspect: Fraction | None,
) -> None:
    frame = flat_frame(120, 128, 128, "bt709", LIMITED, 64, 48)
    assert BgrConverter(pixel_aspect).convert(frame).shape == (48, 64, 3)


def test_frames_of_a_later_size_are_scaled_to_the_first() -> None:
    converter = BgrConverter()
    converter.convert(flat_frame(120, 128, 128, "bt709", LIMITED, 64, 48))
    assert converter.convert(flat_frame(120, 128, 128, "bt709", LIMITED, 128, 96)).shape == (48, 64, 3)

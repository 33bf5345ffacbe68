"""Small recordings, pictures and lists made on the fly; what they show is told by their grey level."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

WIDTH, HEIGHT = 64, 48
MILLISECOND = Fraction(1, 1000)
HEADER = "ID,FILE,FACE_X,FACE_Y,FACE_WIDTH,FACE_HEIGHT"


def grey(level: int, width: int = WIDTH, height: int = HEIGHT) -> npt.NDArray[np.uint8]:
    return np.full((height, width, 3), level, np.uint8)


def levels(images: Iterable[npt.NDArray[np.uint8]]) -> list[int]:
    """The grey levels pictures show, to the nearest ten: what encoding does to a flat picture is less than that."""
    return [round(float(image.mean()) / 10) * 10 for image in images]


def corner_colours() -> npt.NDArray[np.uint8]:
    """Red upper left, green upper right, blue lower left, white lower right: other after any turn or mirroring."""
    picture = grey(255)
    picture[: HEIGHT // 2, : WIDTH // 2] = (0, 0, 255)
    picture[: HEIGHT // 2, WIDTH // 2 :] = (0, 255, 0)
    picture[HEIGHT // 2 :, : WIDTH // 2] = (255, 0, 0)
    return picture


def write_clip(
    path: Path,
    pictures: Sequence[npt.NDArray[np.uint8] | av.VideoFrame],
    *,
    pts: Sequence[int] | None = None,
    time_base: Fraction = MILLISECOND,
    rate: Fraction | int = 10,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    turned: tuple[float, bool, bool] | None = None,
    pixel_aspect: Fraction | None = None,
    gop: int = 12,
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
    container_format: str | None = None,
) -> Path:
    """Encode `pictures`; frame i is shown at `pts[i] * time_base`, every 1/rate seconds without `pts`.

    turned: degrees counterclockwise, mirrored left-right, mirrored top-bottom: what the display matrix says to do.
    """
    if pts is None:
        pts, time_base = range(len(pictures)), 1 / Fraction(rate)
    first = pictures[0]
    width, height = (first.width, first.height) if isinstance(first, av.VideoFrame) else first.shape[1::-1]
    with av.open(str(path), "w", format=container_format, options=container_options or {}) as container:
        stream = container.add_stream(codec, rate=rate, options=options or {})
        stream.width, stream.height, stream.pix_fmt = width, height, pixels
        stream.codec_context.time_base = time_base
        stream.codec_context.gop_size = gop
        if pixel_aspect is not None:
            stream.codec_context.sample_aspect_ratio = pixel_aspect
        if turned is not None:
            stream.set_display_rotation(turned[0], hflip=turned[1], vflip=turned[2])
        for picture, stamp in zip(pictures, pts, strict=True):
            frame = picture if isinstance(picture, av.VideoFrame) else av.VideoFrame.from_ndarray(picture, "bgr24")
            frame.pts, frame.time_base = stamp, time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def write_grey_clip(path: Path, count: int = 12, **how: object) -> Path:
    """Frame i is grey of level 20 i."""
    return write_clip(path, [grey(20 * i) for i in range(count)], **how)  # type: ignore[arg-type]


def write_noise_clip(path: Path, count: int = 60, **how: object) -> Path:
    """Frames with something to encode, so that every packet has bytes to damage."""
    random = np.random.default_rng(1)
    texture = random.integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)
    return write_clip(path, [np.roll(texture, 2 * i, axis=1) for i in range(count)], **how)  # type: ignore[arg-type]


def damage_packets(path: Path, which: Sequence[int]) -> None:
    """Spoil the contents of some packets in the order they stand in the file; what frames them stays."""
    with av.open(str(path)) as container:
        places = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    data = bytearray(path.read_bytes())
    for number in which:
        start, size = places[number]
        for offset in range(start + 4, start + size):
            data[offset] = (data[offset] * 7 + 13) & 255
    path.write_bytes(data)


def cut_off(path: Path, share: float) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])


def write_picture(path: Path, picture: npt.NDArray[np.uint8]) -> Path:
    encoded = cv2.imencode(path.suffix, picture)[1]
    path.write_bytes(encoded.tobytes())
    return path


def write_list(path: Path, lines: Sequence[str], header: str = HEADER) -> Path:
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path

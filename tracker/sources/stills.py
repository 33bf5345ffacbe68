"""Pictures: one file, or a folder of them."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from fpn.roi import Box
from tracker.errors import EmptySourceError, SourceError
from tracker.frame import Frame
from tracker.sources.base import Source

_log = logging.getLogger(__name__)

PICTURE_SUFFIXES = {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".dib", ".tif", ".tiff", ".jp2"} | {
    ".pbm",
    ".pgm",
    ".ppm",
    ".pnm",
}
"""What OpenCV's wheels read on every system."""


def read_picture(path: Path) -> npt.NDArray[np.uint8]:
    """A picture file as (H, W, 3) uint8 BGR, turned upright as its EXIF orientation says.

    Raises SourceError if the file is not there, cannot be read or is not a picture.
    """
    try:
        data = np.fromfile(path, np.uint8)  # not cv2.imread, which cannot take every name on Windows
    except FileNotFoundError as error:
        raise SourceError(f"{path}: no such file; check the path") from error
    except OSError as error:
        raise SourceError(f"{path}: cannot be read ({error.strerror}); check its permissions") from error
    image = _decoded(data)
    if image is None:
        raise SourceError(f"{path}: not a picture that can be read, or damaged; convert it to JPEG or PNG")
    return image


def _decoded(data: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8] | None:
    if not data.size:
        return None
    try:
        return cv2.imdecode(data, cv2.IMREAD_COLOR)
    except cv2.error:  # a header that promises more pixels than OpenCV allows
        return None


@dataclass(frozen=True)
class Still:
    """A picture file to read, what its frame is called, and the faces in it if they are given."""

    path: Path
    name: str
    boxes: tuple[Box, ...] | None = None


class ImageSource(Source):
    """One picture file, a single frame at time 0."""

    is_sequence = False

    def __init__(self, path: Path) -> None:
        """Read the picture. Raises SourceError if it is not there, cannot be read or is not a picture."""
        self.name = path.name
        self.frame_count = 1
        image = read_picture(path)
        self._frame: Frame | None = Frame(image=image, time_s=0.0, index=0, name=self.name)
        self._size = (image.shape[1], image.shape[0])

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, upright."""
        return self._size

    def read(self) -> Frame | None:
        """The picture, then None."""
        frame, self._frame = self._frame, None
        return frame

    def close(self) -> None:
        """Forget the picture."""
        self._frame = None


class StillsSource(Source):
    """Pictures that have nothing to do with each other, each a frame at time 0; the next one is read ahead.

    A picture that cannot be read is named in a warning, counted in `skipped` and passed over.
    """

    is_sequence = False

    def __init__(self, name: str, stills: Sequence[Still]) -> None:
        """Read the first picture that can be read. Raises EmptySourceError if there is none."""
        self.name = name
        self.frame_count = len(stills)
        self._frames = self._readable(stills)
        self._next = next(self._frames, None)
        if self._next is None:
            raise EmptySourceError(f"{name}: none of its {len(stills)} pictures can be read; see the warnings above")
        self._size = _size_of(self._next)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels of the next picture, of the last one at the end."""
        return self._size

    def read(self) -> Frame | None:
        """The next picture that can be read, or None at the end."""
        frame = self._next
        if frame is not None:
            self._next = next(self._frames, None)
            self._size = _size_of(self._next or frame)
        return frame

    def close(self) -> None:
        """Forget the pictures that are left."""
        self._next = None
        self._frames = iter(())

    def _readable(self, stills: Sequence[Still]) -> Iterator[Frame]:
        for index, still in enumerate(stills):
            try:
                image = read_picture(still.path)
            except SourceError as error:
                self.skipped += 1
                _log.warning("%s; skipped", error)
                continue
            yield Frame(image=image, time_s=0.0, index=index, name=still.name, boxes=still.boxes)


class FolderSource(StillsSource):
    """The pictures of one folder, in the order people number files: `2.jpg` before `10.jpg`."""

    def __init__(self, folder: Path) -> None:
        """List the folder; files of other kinds and hidden ones are left out, folders inside are not entered.

        Raises SourceError if it cannot be listed, EmptySourceError if it has no picture that can be read.
        """
        try:
            pictures = [entry for entry in folder.iterdir() if _is_picture_name(entry.name) and entry.is_file()]
        except OSError as error:
            raise SourceError(f"{folder}: cannot be listed ({error.strerror}); check its permissions") from error
        if not pictures:
            raise EmptySourceError(f"{folder}: no pictures in this folder; give one with JPEG or PNG files, or a video")
        pictures.sort(key=lambda path: natural_order(path.name))
        super().__init__(folder.resolve().name or str(folder), [Still(path, path.name) for path in pictures])


def natural_order(name: str) -> tuple[list[tuple[str, int]], str]:
    """A key that sorts names with the numbers in them by value, and letters without regard to case."""
    parts = re.findall(r"(\D*)(\d*)", name.casefold())
    return [(text, int(number or -1)) for text, number in parts], name


def _is_picture_name(name: str) -> bool:
    return not name.startswith(".") and Path(name).suffix.lower() in PICTURE_SUFFIXES


def _size_of(frame: Frame) -> tuple[int, int]:
    return frame.image.shape[1], frame.image.shape[0]

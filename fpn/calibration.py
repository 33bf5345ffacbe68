"""Calibration files as OpenCV's calibration writes them, read with errors that name the line to mend."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from models.errors import CalibrationError

DISTORTION_LENGTHS = (0, 4, 5, 8, 12, 14)
"""Numbers of distortion coefficients that OpenCV's camera model knows."""

# OpenCV's parser says "(<line>): <reason>" at the end of its message, and gives that message in two disguises.
_PARSER_MESSAGE = re.compile(r"\((\d+)\): ([^'\n]+)")


class Calibration(NamedTuple):
    """What a calibration file holds.

    K: (3, 3) float64 intrinsics in pixels.
    distortion: (n,) float64, n in DISTORTION_LENGTHS.
    width, height: size in pixels of the pictures it was made with.
    """

    K: npt.NDArray[np.float64]
    distortion: npt.NDArray[np.float64]
    width: int
    height: int


def read_calibration(path: Path) -> Calibration:
    """Read `camera_matrix`, `distortion_coefficients` (optional), `image_width` and `image_height`.

    YAML, and OpenCV's XML and JSON forms of the same. Raises CalibrationError, naming the line where the file stops
    being readable or the line of the entry that is wrong.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise CalibrationError(
            f"{path}: no such calibration file; give the YAML that OpenCV's calibration wrote"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise CalibrationError(f"{path}: cannot be read as a calibration file ({error})") from error
    storage = _parse(path, text)
    try:
        return _Entries(path, text, storage).calibration()
    finally:
        storage.release()


def calibration_text(calibration: Calibration) -> str:
    """The text of a calibration file (YAML) that `read_calibration` reads to the same numbers."""
    storage = cv2.FileStorage(".yml", cv2.FILE_STORAGE_WRITE | cv2.FILE_STORAGE_MEMORY)
    storage.write("image_width", calibration.width)
    storage.write("image_height", calibration.height)
    storage.write("camera_matrix", calibration.K)
    storage.write("distortion_coefficients", calibration.distortion.reshape(-1, 1))
    return str(storage.releaseAndGetString())


def _parse(path: Path, text: str) -> cv2.FileStorage:
    if not text.strip():
        raise CalibrationError(f"{path}: line 1: the file is empty; give the YAML that OpenCV's calibration wrote")
    try:
        storage = cv2.FileStorage(text, cv2.FILE_STORAGE_READ | cv2.FILE_STORAGE_MEMORY)
    except (cv2.error, SystemError) as error:  # the constructor's failure arrives as a SystemError around cv2's own
        found = _PARSER_MESSAGE.search(str(error.__cause__ or error))
        line, reason = found.groups() if found else ("1", "OpenCV's YAML begins with the line %YAML:1.0")
        raise CalibrationError(f"{path}: line {line}: not readable as OpenCV YAML: {reason.strip()}") from error
    if not storage.root().isMap():
        storage.release()
        raise CalibrationError(f"{path}: line 1: holds no named entries such as camera_matrix")
    return storage


class _Entries:
    """The entries of one open file; every complaint carries the line the entry stands on."""

    def __init__(self, path: Path, text: str, storage: cv2.FileStorage) -> None:
        self._path = path
        self._lines = text.splitlines()
        self._storage = storage

    def calibration(self) -> Calibration:
        K = self._matrix("camera_matrix", "a 3x3 matrix with positive focal lengths")
        if K is None:
            raise self._missing("camera_matrix", "the 3x3 matrix of the intrinsics")
        if K.shape != (3, 3) or K[0, 0] <= 0 or K[1, 1] <= 0:
            raise self._wrong("camera_matrix", "a 3x3 matrix with positive focal lengths")
        lengths = f"{', '.join(map(str, DISTORTION_LENGTHS[1:-1]))} or {DISTORTION_LENGTHS[-1]} numbers"
        distortion = self._matrix("distortion_coefficients", lengths)
        if distortion is None:
            distortion = np.zeros(0)
        if distortion.size not in DISTORTION_LENGTHS:
            raise self._wrong("distortion_coefficients", lengths)
        return Calibration(K, distortion.ravel(), self._size("image_width"), self._size("image_height"))

    def _matrix(self, entry: str, expected: str) -> npt.NDArray[np.float64] | None:
        node = self._storage.getNode(entry)
        if node.empty():
            return None
        try:
            matrix = node.mat()
        except cv2.error as error:
            raise self._wrong(entry, expected) from error
        if matrix is None:  # what OpenCV makes of a matrix with no elements
            return np.zeros(0)
        numbers: npt.NDArray[np.float64] = np.asarray(matrix, np.float64)
        if not np.isfinite(numbers).all():
            raise self._wrong(entry, f"{expected}, all finite")
        return numbers

    def _size(self, entry: str) -> int:
        node = self._storage.getNode(entry)
        if node.empty():
            raise self._missing(entry, "in pixels, of the pictures it was made with")
        if not node.isInt() or node.real() <= 0:
            raise self._wrong(entry, "a positive whole number of pixels")
        return int(node.real())

    def _missing(self, entry: str, meaning: str) -> CalibrationError:
        return CalibrationError(f"{self._path}: {entry} is missing; add it after line {self._end} ({meaning})")

    def _wrong(self, entry: str, expected: str) -> CalibrationError:
        line = next((n for n, text in enumerate(self._lines, 1) if entry in text), self._end)
        return CalibrationError(f"{self._path}: line {line}: {entry} is not {expected}")

    @property
    def _end(self) -> int:
        return len(self._lines)

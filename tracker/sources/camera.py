"""Cameras, through OpenCV."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from tracker.errors import CameraError
from tracker.sources.live import Captured, LiveSource

_log = logging.getLogger(__name__)

_BACKENDS = {
    "linux": (cv2.CAP_V4L2,),
    "darwin": (cv2.CAP_AVFOUNDATION,),
    "win32": (cv2.CAP_DSHOW, cv2.CAP_MSMF),  # Media Foundation takes many seconds to open some cameras
}
"""What to open a camera with. OpenCV's own search tries depth cameras and network ones too, slowly and noisily."""

_MJPG = cv2.VideoWriter.fourcc(*"MJPG")
_UNCOMPRESSED_PIXELS = 640 * 480
_UNCOMPRESSED_RATE = 30.0
"""Beyond these a USB 2 bus has no room for uncompressed pictures, and cameras slow down to 5 or 10 a second."""

_PATIENCE_S = 15.0
_UNPLUGGED_S = 1.0
"""Cameras miss a frame now and then; for so long without one, with the driver reporting failure, means unplugged."""
_RETRY_S = 0.02

_PROBED_INDICES = 10
_SYSFS = Path("/sys/class/video4linux")


class Capture(Protocol):
    """The part of cv2.VideoCapture that is used."""

    def isOpened(self) -> bool:
        """Whether there is a camera."""

    def grab(self) -> bool:
        """Wait for the next frame and keep it."""

    def retrieve(self) -> tuple[bool, Any]:
        """Decode the frame that was grabbed: whether that worked, and the (H, W, 3) or (H, W) uint8 picture."""

    def get(self, property_id: int) -> float:
        """A setting in force; 0 or -1 where it is unknown."""

    def set(self, property_id: int, value: float) -> bool:
        """Ask for a setting."""

    def release(self) -> None:
        """Let go of the camera."""


@dataclass(frozen=True)
class CameraInfo:
    """A camera that can be opened: its index, what the system calls it (None where unknown), its size in pixels."""

    index: int
    name: str | None
    size: tuple[int, int]


def open_capture(index: int) -> Capture:
    """Open camera `index`; the result's `isOpened` is false if there is none."""
    backends = _BACKENDS.get(sys.platform, (cv2.CAP_ANY,))
    for backend in backends[:-1]:
        capture = cv2.VideoCapture(index, backend)
        if capture.isOpened():
            return capture
    return cv2.VideoCapture(index, backends[-1])


class CameraSource(LiveSource[npt.NDArray[np.uint8]]):
    """The newest picture of a camera."""

    def __init__(
        self,
        index: int,
        *,
        size: tuple[int, int] | None = None,
        fps: float | None = None,
        open_capture: Callable[[int], Capture] = open_capture,
    ) -> None:
        """Open a camera and wait for its first picture.

        size, fps: what to ask of the camera, width and height in pixels and frames a second; None leaves them to it.
            A camera that answers with something else is used as it is, and a warning says so.
        open_capture: opens a camera by index; tests give one that needs no hardware.

        Raises CameraError if there is no such camera or it gives no picture.
        """
        self._index = index
        self._wanted_size = size
        self._wanted_fps = fps
        self._open_capture = open_capture
        super().__init__(f"camera {index}", _PATIENCE_S)

    def capture(self) -> Generator[Captured[npt.NDArray[np.uint8]], None, None]:
        """Open the camera and take pictures until closed. Raises CameraError if it is not there or is unplugged."""
        with _opencv_silent():
            camera = self._open_capture(self._index)
            try:
                if not camera.isOpened():
                    raise CameraError(_not_there(self._index))
                self._configure(camera)
                yield from self._pictures(camera)
            finally:
                camera.release()

    def to_image(self, picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """BGR as it is; grey (infrared cameras) as BGR."""
        if picture.ndim == 3 and picture.shape[2] == 3:
            return picture
        return np.asarray(cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR), np.uint8)

    def _configure(self, camera: Capture) -> None:
        width, height = self._wanted_size or (0, 0)
        if width * height > _UNCOMPRESSED_PIXELS or (self._wanted_fps or 0) > _UNCOMPRESSED_RATE:
            camera.set(cv2.CAP_PROP_FOURCC, _MJPG)  # before the size: drivers list sizes by format
        if self._wanted_size is not None:
            camera.set(cv2.CAP_PROP_FRAME_WIDTH, width)
            camera.set(cv2.CAP_PROP_FRAME_HEIGHT, height)
        if self._wanted_fps is not None:
            camera.set(cv2.CAP_PROP_FPS, self._wanted_fps)
        camera.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        fps = camera.get(cv2.CAP_PROP_FPS)
        self.rate = Fraction(fps).limit_denominator(1001) if 0 < fps <= 1000 else None
        self._compare(camera)

    def _compare(self, camera: Capture) -> None:
        size = (int(camera.get(cv2.CAP_PROP_FRAME_WIDTH)), int(camera.get(cv2.CAP_PROP_FRAME_HEIGHT)))
        if self._wanted_size is not None and size != self._wanted_size:
            _log.warning("%s gives %dx%d, not the %dx%d asked for", self.name, *size, *self._wanted_size)
        if self._wanted_fps is not None and self.rate is not None and abs(self.rate - self._wanted_fps) > 0.5:
            _log.warning("%s gives %g frames a second, not %g", self.name, float(self.rate), self._wanted_fps)

    def _pictures(self, camera: Capture) -> Iterator[Captured[npt.NDArray[np.uint8]]]:
        last_good_s = time.perf_counter()
        while not self.is_closing:
            grabbed = camera.grab()
            now_s = time.perf_counter()  # before decoding, which takes milliseconds that vary
            retrieved, picture = camera.retrieve() if grabbed else (False, None)
            if retrieved and picture is not None:
                last_good_s = now_s
                yield Captured(picture, now_s)
            elif now_s - last_good_s > _UNPLUGGED_S:
                raise CameraError(
                    f"{self.name}: gives no pictures (any more); check that it is plugged in and that no other program "
                    "uses it, then start again"
                )
            else:
                self.pause(_RETRY_S)


def list_cameras(open_capture: Callable[[int], Capture] = open_capture) -> list[CameraInfo]:
    """The cameras that can be opened now. Looks by opening each for a moment; one that is in use may be missing."""
    found = []
    with _opencv_silent():
        for index in _candidates():
            camera = open_capture(index)
            try:
                if camera.isOpened():
                    size = (int(camera.get(cv2.CAP_PROP_FRAME_WIDTH)), int(camera.get(cv2.CAP_PROP_FRAME_HEIGHT)))
                    found.append(CameraInfo(index, _system_name(index), size))
            finally:
                camera.release()
    return found


def _candidates() -> Iterable[int]:
    if _SYSFS.is_dir():
        return sorted(int(node.name.removeprefix("video")) for node in _SYSFS.glob("video[0-9]*"))
    return range(_PROBED_INDICES)


def _system_name(index: int) -> str | None:
    try:
        return (_SYSFS / f"video{index}" / "name").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:  # not Linux, or a camera behind a driver that gives no name
        return None


def _not_there(index: int) -> str:
    device = Path(f"/dev/video{index}")
    if sys.platform == "linux" and device.exists() and not os.access(device, os.R_OK | os.W_OK):
        return f"camera {index}: no permission for {device}; add yourself to its group (sudo usermod -aG video $USER)"
    remedy = "plug one in, or choose another with --source (--list-cameras shows those that are there)"
    if sys.platform == "darwin":
        remedy = f"allow the terminal to use the camera in System Settings, {remedy}"
    return f"camera {index}: not there or in use by another program; {remedy}"


@contextmanager
def _opencv_silent() -> Iterator[None]:
    """Keep OpenCV from commenting on absent cameras, unless its log level was chosen from outside."""
    if "OPENCV_LOG_LEVEL" in os.environ:
        yield
        return
    level = cv2.getLogLevel()
    cv2.setLogLevel(0)
    try:
        yield
    finally:
        cv2.setLogLevel(level)

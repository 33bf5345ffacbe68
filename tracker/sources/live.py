"""What cameras and streams share: a thread that always takes the next frame, and a reader that gets the newest."""

from __future__ import annotations

import threading
import time
from abc import abstractmethod
from collections.abc import Generator
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from tracker.errors import CameraError, EmptySourceError
from tracker.frame import Frame
from tracker.sources.base import Source

Picture = TypeVar("Picture")

_WAKE_S = 0.1  # how often a waiting reader looks up, so that Ctrl-C works where the system cannot interrupt a wait
_FAREWELL_S = 1.0
"""How long closing waits for the thread; a driver that hangs keeps it, and the thread does not keep the program."""


@dataclass(frozen=True)
class Captured(Generic[Picture]):
    """What the thread took: the picture as the device gives it, and when, in seconds of `time.perf_counter`."""

    picture: Picture
    clock_s: float


class LiveSource(Source, Generic[Picture]):
    """The newest frame of something that does not wait.

    A thread of its own opens the device, takes every frame from it, so that none grows old in a buffer, and closes it.
    `dropped` counts from the first `read` on: what passes while a program is still starting was not missed.
    Times are seconds since this object was made.
    """

    is_live = True

    def __init__(self, name: str, patience_s: float) -> None:
        """Start and wait for the first frame, `patience_s` seconds at most, as every `read` does.

        Raises CameraError, or what `capture` raises.
        """
        self.name = name
        self._patience_s = patience_s
        self._opened_s = time.perf_counter()
        self._last_s = 0.0
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._newest: Captured[Picture] | None = None
        self._ended = False
        self._failure: Exception | None = None
        self._reading = False
        self._delivered = 0
        self._size = (0, 0)
        self._thread = threading.Thread(target=self._run, name=f"capture of {name}", daemon=True)
        self._thread.start()
        try:
            self._wait_for_frame()
            first = self._newest
            if first is None:
                self._raise_failure()
                raise EmptySourceError(f"{name}: ended before the first frame")
            height, width = self.to_image(first.picture).shape[:2]
        except BaseException:
            self.close()
            raise
        self._size = (width, height)

    @abstractmethod
    def capture(self) -> Generator[Captured[Picture], None, None]:
        """Open the device, give each frame as it comes until the end, close. Runs in a thread of its own.

        Raises SourceError or a subclass if the device is not there or fails.
        """

    @abstractmethod
    def to_image(self, picture: Picture) -> npt.NDArray[np.uint8]:
        """The (H, W, 3) uint8 BGR image of a captured picture; called for the frames that are read, by the reader."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self._size

    @property
    def is_closing(self) -> bool:
        """True once the source was closed; `capture` then returns soon."""
        return self._closing.is_set()

    def pause(self, seconds: float) -> None:
        """Sleep in `capture`, but no longer than until the source is closed."""
        self._closing.wait(seconds)

    def read(self) -> Frame | None:
        """Wait for a frame newer than the last one and give the newest; None once the stream has ended.

        Raises CameraError, once, if the device failed or gave nothing for too long.
        """
        self._wait_for_frame()
        with self._changed:
            self._reading = True
            newest, self._newest = self._newest, None
            index = self._delivered + self.dropped
            if newest is None:
                self._raise_failure()
                return None
            self._delivered += 1
        image = self.to_image(newest.picture)
        height, width = image.shape[:2]
        self._size = (width, height)
        return Frame(image=image, time_s=self._time_of(newest), index=index, name=self.name)

    def close(self) -> None:
        """Let go of the device."""
        self._closing.set()
        with self._changed:
            self._ended = True
            self._newest = None
            self._failure = None
            self._changed.notify_all()
        if self._thread is not threading.current_thread():
            self._thread.join(_FAREWELL_S)

    def _run(self) -> None:
        capture = self.capture()
        try:
            for captured in capture:
                if self.is_closing:
                    break
                self._offer(captured)
        except Exception as error:  # noqa: BLE001 - nothing is swallowed: the reader raises it
            self._failure = error
        finally:
            capture.close()
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _offer(self, captured: Captured[Picture]) -> None:
        with self._changed:
            if self._ended:  # closed since the thread last looked: nothing comes after the end
                return
            if self._newest is not None and self._reading:
                self.dropped += 1
            self._newest = captured
            self._changed.notify_all()

    def _wait_for_frame(self) -> None:
        deadline_s = time.perf_counter() + self._patience_s
        with self._changed:
            while self._newest is None and not self._ended:
                if time.perf_counter() > deadline_s:
                    raise CameraError(
                        f"{self.name}: no picture for {self._patience_s:g} seconds; "
                        "check that it is connected and that no other program uses it"
                    )
                self._changed.wait(_WAKE_S)

    def _raise_failure(self) -> None:
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def _time_of(self, captured: Captured[Picture]) -> float:
        # Where the clock is coarse, two frames may bear the same reading.
        self._last_s = max(captured.clock_s - self._opened_s, float(np.nextafter(self._last_s, np.inf)))
        return self._last_s

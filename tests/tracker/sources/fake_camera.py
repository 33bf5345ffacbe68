"""A camera without hardware: it shows what the test gives it, when the test gives it."""

from __future__ import annotations

import queue
import threading
import time

import cv2
import numpy as np
import numpy.typing as npt

from tests.tracker.sources.material import HEIGHT, WIDTH, grey

_MISSED_AFTER_S = 0.01


class FakeCamera:
    """Stands in for cv2.VideoCapture.

    obeys: the settings it follows, with the value it then reports.
    plays: show a new grey picture whenever asked, from black to white and again.
    """

    def __init__(self, *, present: bool = True, obeys: dict[int, float] | None = None, plays: bool = False) -> None:
        self.present = present
        self.released = False
        self.asked: list[tuple[int, float]] = []
        self._obeys = obeys or {}
        self._settings = {cv2.CAP_PROP_FRAME_WIDTH: WIDTH, cv2.CAP_PROP_FRAME_HEIGHT: HEIGHT, cv2.CAP_PROP_FPS: 30.0}
        self._coming: queue.Queue[npt.NDArray[np.uint8]] = queue.Queue()
        self._plays = plays
        self._played = 0
        self._gone = threading.Event()
        self._grabbed: npt.NDArray[np.uint8] | None = None

    def open(self, index: int) -> FakeCamera:
        self.index = index
        return self

    def put(self, picture: npt.NDArray[np.uint8]) -> None:
        """Have a picture ready for when it is asked for."""
        self._coming.put(picture)

    def show(self, *levels: int) -> None:
        """Give pictures of these grey levels, and come back once the program has taken them all and asks for more."""
        for level in levels:
            self.put(grey(level))
        deadline = time.monotonic() + 10
        while self._coming.unfinished_tasks:
            assert time.monotonic() < deadline, "nobody takes the pictures"
            time.sleep(0.001)

    def unplug(self) -> None:
        self._gone.set()

    def isOpened(self) -> bool:
        return self.present

    def grab(self) -> bool:
        if self._grabbed is not None and not self._plays:
            self._coming.task_done()
        self._grabbed = None
        if self._gone.is_set():
            return False
        if self._plays:
            self._grabbed = grey(self._played % 256)
            self._played += 1
            self._gone.wait(0.001)
            return True
        try:
            self._grabbed = self._coming.get(timeout=_MISSED_AFTER_S)
        except queue.Empty:
            return False
        return True

    def retrieve(self) -> tuple[bool, npt.NDArray[np.uint8] | None]:
        return self._grabbed is not None, self._grabbed

    def get(self, property_id: int) -> float:
        return self._settings.get(property_id, 0.0)

    def set(self, property_id: int, value: float) -> bool:
        self.asked.append((property_id, value))
        if property_id in self._obeys:
            self._settings[property_id] = self._obeys[property_id]
        return property_id in self._obeys

    def release(self) -> None:
        self.released = True

"""OpenCV with a window that no screen needs: it notes what is shown and presses the keys it is told to."""

from __future__ import annotations

import cv2
import pytest


class FakeWindow:
    """Stands in for the module `cv2` in `tracker.sinks.window`; everything but the window's functions is cv2's own."""

    def __init__(self):
        self.keys = []
        """Codes that the next polls give, one each; a function is called instead, and no key is pressed."""
        self.shown = []
        self.open = False
        self.closed_by_person = False
        self.size = None
        self.waits = 0

    def __getattr__(self, name):
        return getattr(cv2, name)

    def namedWindow(self, title, flags):
        self.open = True

    def resizeWindow(self, title, width, height):
        self.size = (width, height)

    def imshow(self, title, picture):
        assert self.open
        self.shown.append(picture.copy())

    def pollKey(self):
        if not self.keys:
            return -1
        key = self.keys.pop(0)
        if callable(key):
            key()
            return -1
        return key

    def waitKey(self, milliseconds):
        self.waits += 1
        if not self.keys and self.waits > 1000:
            pytest.fail("the window waits for a key that nobody presses")
        return self.pollKey()

    def getWindowProperty(self, title, number):
        if not self.open or self.closed_by_person:
            raise cv2.error("NULL guiReceiver (please create a window)")
        return 1.0

    def destroyWindow(self, title):
        assert self.open
        assert not self.closed_by_person
        self.open = False

    def close_with_mouse(self):
        self.closed_by_person = True

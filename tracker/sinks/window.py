"""The window: the annotated pictures as they come, and keys."""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from renderer.lettering import Lettering
from tracker.frame import TrackedFrame
from tracker.neutral import Neutral
from tracker.sinks.base import Sink
from tracker.sinks.display import require_display
from tracker.sinks.view_panel import CHOICES, ViewPanel

_LOG = logging.getLogger(__name__)

TITLE = "FPN Live"
LARGEST = (1280, 720)
"""Pixels of the window when it opens, at most: it fits the screens of small laptops. It can be made larger."""

_ESCAPE = 27
_SHORTEST_INTERVAL_S = 1 / 60  # files go through faster than a screen shows them: what it cannot show is passed over
_REST = 4.0
"""So many times as long as showing a picture takes, others are passed over: time is for tracking ..."""
_MOST_INTERVALS = 1.8
"""... but no longer than this many of the shortest intervals, so that no picture of a camera of 30 a second is."""
_PAUSE_STEP_MS = 30
_MESSAGE_S = 3.0


@dataclass(frozen=True)
class _Key:
    """A key of the window: its codes as OpenCV gives them (lower case), what people read, what it does."""

    codes: tuple[int, ...]
    name: str
    meaning: str
    action: Callable[[], None]


class WindowSink(Sink):
    """Shows the annotated pictures in a window with keys; `h` lists them on screen.

    Files go through as fast as they are processed; pictures that come faster than the screen shows them, or sooner
    after the last one than leaves time for tracking, are passed over. While paused, `write` does not return: a file
    waits, a live source drops what comes. Closing the window with the mouse, `q` and Esc set `stop_requested`.
    """

    needs_picture = True
    waits_for_people = True

    def __init__(
        self,
        *,
        step: bool = False,
        neutral: Neutral | None = None,
        panel: ViewPanel | None = None,
        panel_shown: bool = False,
    ) -> None:
        """Raises DisplayError where no window can be opened; the window opens with the first picture.

        step: hold every picture until the space bar (for unrelated stills, which would flash by).
        neutral: the neutral pose, for keys that set and clear it.
        panel: views of the faces beside the picture, for keys that show, hide and choose them; shown from the
        beginning if `panel_shown`.
        """
        require_display()
        self._step = step
        self._open = False
        self._stop = False
        self._paused = False
        self._help = False
        self._message = "space: next picture, h: keys" if step else "h: keys"
        self._message_until: float | None = None
        self._next_show = 0.0
        self._passes = False
        self._picture: npt.NDArray[np.uint8] = np.zeros((0, 0, 3), np.uint8)
        self._alone: npt.NDArray[np.uint8] = self._picture
        self._result: TrackedFrame | None = None
        self._panel = panel
        self._panel_shown = panel_shown
        self._neutral = neutral
        self._keys: tuple[_Key, ...] = (
            _Key((ord("q"), _ESCAPE), "q, Esc", "quit", self._quit),
            _Key((ord(" "),), "space", "next picture" if step else "pause, go on", self._toggle_pause),
            _Key((ord("s"),), "s", "save the picture", self._save),
            _Key((ord("h"),), "h", "show or hide the keys", self._toggle_help),
        )
        if neutral is not None:
            self._keys += (
                _Key((ord("n"),), "n", "make this pose the zero of angles and positions", self._set_neutral),
                _Key((ord("c"),), "c", "angles and positions from the camera again", self._clear_neutral),
            )
        if panel is not None:
            self._keys += (
                _Key((ord("v"),), "v", "show or hide the faces from in front", self._toggle_panel),
                _Key((), "1 - 9", "... from in front, from 22, 40, 55, 75 degrees, from the other side", self._quit),
                _Key((), "0", "... from the sides that show most of them", self._quit),
                *(_Key((ord(digit),), "", "", partial(self._choose_views, digit)) for digit in CHOICES),
            )

    @property
    def stop_requested(self) -> bool:
        """True once a key, or closing the window, asked to stop."""
        return self._stop

    def wants_picture(self) -> bool:
        """False for the picture of a frame that will be passed over."""
        self._passes = self._is_passed_over(time.monotonic())
        return not self._passes

    def write(self, result: TrackedFrame, picture: npt.NDArray[np.uint8] | None) -> None:
        """Show the picture and answer the keys pressed since; while paused, only return when that ends."""
        if picture is None and not self._passes:
            raise ValueError("a window needs the annotated picture")
        now = time.monotonic()
        if picture is None or self._is_passed_over(now):
            return
        self._alone, self._result = picture, result
        self._compose()
        if not self._open:
            self._open_window()
        self._paused = self._step
        self._show()
        self._answer(cv2.pollKey())
        rest = max(_SHORTEST_INTERVAL_S, _REST * (time.monotonic() - now))
        self._next_show = now + min(rest, _MOST_INTERVALS * _SHORTEST_INTERVAL_S)
        while self._paused and not self._stop:
            self._show()
            self._answer(cv2.waitKey(_PAUSE_STEP_MS))

    def close(self) -> None:
        """Close the window."""
        if self._open:
            self._open = False
            if _is_visible():
                cv2.destroyWindow(TITLE)
                cv2.waitKey(1)  # some systems take the window away only when events are asked for

    def _is_passed_over(self, now: float) -> bool:
        return self._stop or (now < self._next_show and not self._step)

    def _compose(self) -> None:
        """Make the picture to show of the frame's own, and the views beside it."""
        self._picture = self._alone
        if self._panel is not None and self._panel_shown and self._result is not None:
            if self._panel.make_ready():
                self._picture = self._panel.beside(self._alone, self._result)
            else:
                self._say("the views are being prepared")

    def _open_window(self) -> None:
        cv2.namedWindow(TITLE, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL)
        self._fit_window()
        self._open = True
        self._message_until = time.monotonic() + _MESSAGE_S

    def _fit_window(self) -> None:
        height, width = self._picture.shape[:2]
        shrink = min(1.0, LARGEST[0] / width, LARGEST[1] / height)
        cv2.resizeWindow(TITLE, max(1, round(width * shrink)), max(1, round(height * shrink)))

    def _show(self) -> None:
        words = self._words()
        cv2.imshow(TITLE, _with_words(self._picture, words) if words else self._picture)

    def _words(self) -> list[str]:
        """What is written at the bottom of the window, line by line."""
        words = []
        if self._help:
            words += [f"{key.name}: {key.meaning}" for key in self._keys if key.name]
        if self._neutral is not None and self._neutral.pose is not None:
            words.append("from your zero pose, c: from the camera")
        if self._paused and not self._step:
            words.append("paused, space goes on")
        if self._message_until is not None and time.monotonic() < self._message_until:
            words.append(self._message)
        return words

    def _answer(self, code: int) -> None:
        if not _is_visible():
            self._stop = True
        if code < 0:
            return
        pressed = ord(chr(code & 0xFF).lower())
        for key in self._keys:
            if pressed in key.codes:
                key.action()

    def _say(self, message: str) -> None:
        self._message = message
        self._message_until = time.monotonic() + _MESSAGE_S

    def _quit(self) -> None:
        self._stop = True

    def _toggle_pause(self) -> None:
        self._paused = not self._paused

    def _toggle_help(self) -> None:
        self._help = not self._help

    def _toggle_panel(self) -> None:
        self._panel_shown = not self._panel_shown
        self._compose()
        self._fit_window()

    def _choose_views(self, digit: str) -> None:
        if self._panel is not None:
            self._panel.choice = CHOICES[digit]
            self._panel_shown = True
            self._compose()
            self._fit_window()

    def _set_neutral(self) -> None:
        if self._neutral is not None and self._result is not None:
            self._say(self._neutral.set(self._result.poses))

    def _clear_neutral(self) -> None:
        if self._neutral is not None:
            self._neutral.clear()
            self._say("angles and positions from the camera")

    def _save(self) -> None:
        """Save the picture, without the window's own words, into the current folder, over nothing."""
        frame_index = 0 if self._result is None else self._result.frame.index
        stem = f"fpn-live-{time.strftime('%Y%m%d-%H%M%S')}-frame{frame_index}"
        encoded = cv2.imencode(".png", self._picture)[1].tobytes()
        for number in itertools.count(1):
            path = Path(f"{stem}.png" if number == 1 else f"{stem}-{number}.png")
            try:
                with path.open("xb") as file:
                    file.write(encoded)
            except FileExistsError:
                continue
            except OSError as error:
                _LOG.warning("%s: not saved: %s", path, error.strerror)
                self._say(f"not saved: {error.strerror}")
                return
            self._say(f"saved {path}")
            return


def _is_visible() -> bool:
    """False once the person has closed the window."""
    try:
        return cv2.getWindowProperty(TITLE, cv2.WND_PROP_VISIBLE) >= 1
    except cv2.error:  # Qt's answer when its last window is gone
        return False


def _with_words(picture: npt.NDArray[np.uint8], words: list[str]) -> npt.NDArray[np.uint8]:
    """A copy of the picture with lines of text on a darkened strip in its lower left corner."""
    shown = picture.copy()
    lettering = Lettering(picture.shape[1], picture.shape[0])
    margin = lettering.line_height // 3
    width = max(lettering.width(line) for line in words) + 2 * margin
    height = len(words) * lettering.line_height + 2 * margin
    top = max(picture.shape[0] - height, 0)
    shown[top:, :width] //= 3
    for number, line in enumerate(words):
        lettering.draw(shown, line, margin, top + margin + number * lettering.line_height)
    return shown

"""Ctrl-C and termination signals as an orderly end: between frames, never in the middle of writing one."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_INSISTENT = 3  # signals after which an orderly end is given up, for the case that it hangs


class Interrupted(KeyboardInterrupt):
    """The person, or the system, asked the program to end."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(f"ended by signal {signal_number}")
        self.exit_code = 128 + signal_number  # as shells report it: 130 after Ctrl-C, 143 after SIGTERM


class SignalGuard:
    """While entered, turns SIGINT and SIGTERM into `Interrupted`, raised where no harm is done.

    The first signal raises at once, or at the end of a `deferred` block; those that follow are ignored, so that a
    hasty second Ctrl-C does not spoil the closing of files, until the third, which raises at once.
    """

    def __init__(self) -> None:
        self._received = 0
        self._deferring = False
        self._pending: Interrupted | None = None
        self._previous: dict[signal.Signals, object] = {}

    def __enter__(self) -> SignalGuard:
        if threading.current_thread() is threading.main_thread():  # Python lets no other thread set handlers
            self._previous = {number: signal.signal(number, self._receive) for number in _SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # what signal.signal gave is what it takes

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """A block that is not broken off: a signal that comes meanwhile raises at its end."""
        self._deferring = True
        try:
            yield
        finally:
            self._deferring = False
        if self._pending is not None:
            raise self._pending

    def _receive(self, number: int, _: FrameType | None) -> None:
        self._received += 1
        interrupted = Interrupted(number)
        if self._received >= _INSISTENT:
            raise interrupted
        if self._received > 1:
            return
        if self._deferring:
            self._pending = interrupted
            return
        raise interrupted

"""Keeps the terminal for the program's own words.

TensorFlow, mediapipe, libav, OpenCV and Qt write to file descriptor 2 from C, each with a switch of its own or none.
So the descriptor itself is pointed at a log file while the program runs, and the program writes to a copy of the real
one. Nothing is lost: if the program breaks, the end of the log is shown; if it is killed, the log stays where it is.
"""

from __future__ import annotations

import faulthandler
import os
import sys
import tempfile
import threading
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, suppress
from pathlib import Path
from typing import TextIO

from models.errors import FpnLiveError

_STDERR = 2
LOG_PREFIX = "fpn-live-"
"""The log is the file `fpn-live-*.log` in the system's temporary folder; an orderly end removes it."""
LOG_LIMIT_BYTES = 1_000_000
"""The log is emptied beyond this: some webcams make libjpeg complain at every frame, for days."""
_WATCH_INTERVAL_S = 5.0
_LAST_WORDS = 40  # lines of the log that are shown when the program breaks


@contextmanager
def quiet_libraries() -> Iterator[TextIO]:
    """Send what libraries write to standard error into a log; gives the stream that still reaches the terminal.

    Tracebacks of threads and of crashes in C still reach the terminal. When an exception that is not one of the
    program's own errors passes through, the last lines of the log are shown.
    """
    with ExitStack() as stack:
        terminal = stack.enter_context(_terminal_stream())
        log = stack.enter_context(_log_file())
        stack.enter_context(_stderr_sent_to(log))
        stack.enter_context(_crashes_shown_on(terminal))
        stack.enter_context(_kept_short(log))
        try:
            yield terminal
        except (FpnLiveError, KeyboardInterrupt, SystemExit):
            raise
        except BaseException:
            _show_last_words(log, terminal)
            raise


@contextmanager
def _terminal_stream() -> Iterator[TextIO]:
    """The present standard error, on a descriptor of its own if it is on the one about to be redirected."""
    current = sys.stderr
    if _descriptor_of(current) != _STDERR:
        yield current
        return
    current.flush()
    with os.fdopen(os.dup(_STDERR), "w", buffering=1, encoding=current.encoding, errors="backslashreplace") as stream:
        yield stream


@contextmanager
def _log_file() -> Iterator[int]:
    created, name = tempfile.mkstemp(prefix=LOG_PREFIX, suffix=".log")
    os.close(created)
    log = os.open(name, os.O_RDWR | os.O_APPEND)  # appending, so that it can be emptied while others write to it
    try:
        yield log
    finally:
        os.close(log)
        with suppress(PermissionError):  # Windows keeps a file that a library still has open
            Path(name).unlink()


@contextmanager
def _stderr_sent_to(log: int) -> Iterator[None]:
    """Both the descriptor that C writes to and the stream that Python libraries write to."""
    saved = os.dup(_STDERR)
    os.dup2(log, _STDERR)
    # Never closed: logging handlers that libraries create meanwhile keep it, and then follow the descriptor back.
    libraries = os.fdopen(_STDERR, "w", buffering=1, errors="backslashreplace", closefd=False)
    try:
        with redirect_stderr(libraries):
            yield
    finally:
        libraries.flush()
        os.dup2(saved, _STDERR)
        os.close(saved)


@contextmanager
def _crashes_shown_on(terminal: TextIO) -> Iterator[None]:
    """Tracebacks of threads, and of crashes in C where the stream is a real file, go to the terminal."""

    def show(failure: threading.ExceptHookArgs) -> None:
        if failure.exc_type is not SystemExit:
            traceback.print_exception(failure.exc_type, failure.exc_value, failure.exc_traceback, file=terminal)

    hook, threading.excepthook = threading.excepthook, show
    ours = not faulthandler.is_enabled() and _descriptor_of(terminal) is not None
    if ours:
        faulthandler.enable(terminal)
    try:
        yield
    finally:
        threading.excepthook = hook
        if ours:
            faulthandler.disable()


@contextmanager
def _kept_short(log: int) -> Iterator[None]:
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(_WATCH_INTERVAL_S):
            if os.fstat(log).st_size > LOG_LIMIT_BYTES:
                os.ftruncate(log, 0)

    watcher = threading.Thread(target=watch, name="log-watcher", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()


def _show_last_words(log: int, terminal: TextIO) -> None:
    os.lseek(log, 0, os.SEEK_SET)
    lines = os.read(log, 2 * LOG_LIMIT_BYTES).decode(errors="replace").splitlines()
    if lines:
        print("What the libraries said last:", *lines[-_LAST_WORDS:], sep="\n  ", file=terminal)


def _descriptor_of(stream: TextIO) -> int | None:
    try:
        return stream.fileno()
    except (OSError, ValueError):  # a stream in memory has none
        return None

"""Work done in a thread while the main thread does something else that may fail or be broken off."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Event, Thread
from types import TracebackType
from typing import Generic, TypeVar

T = TypeVar("T")


class Background(Generic[T]):
    """Runs `work` in a thread, `delay_s` after entering or as soon as the result is asked for, whichever is first.

    The delay lets quick failures of the main thread, such as a file that is not there, end the program before slow work
    has begun, since begun work is waited for on leaving.
    """

    def __init__(self, work: Callable[[], T], delay_s: float) -> None:
        self._work = work
        self._delay_s = delay_s
        self._wanted = Event()
        self._future: Future[T] = Future()
        self._thread = Thread(target=self._run, name="background", daemon=True)

    def __enter__(self) -> Background[T]:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._future.cancel()
        self._wanted.set()
        self._thread.join()

    def result(self) -> T:
        """What `work` gave, waiting for it; raises what it raised."""
        self._wanted.set()
        return self._future.result()

    def _run(self) -> None:
        self._wanted.wait(self._delay_s)
        if not self._future.set_running_or_notify_cancel():
            return
        try:
            self._future.set_result(self._work())
        except BaseException as error:  # noqa: BLE001  # not handled here: handed to whoever asks for the result
            self._future.set_exception(error)

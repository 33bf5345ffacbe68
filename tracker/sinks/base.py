"""The contract every sink keeps; `tests/tracker/sinks/` runs one conformance suite over all of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType

import numpy as np
import numpy.typing as npt

from tracker.frame import TrackedFrame


class Sink(ABC):
    """Takes tracked frames as they come. A context manager: what it wrote is complete and playable once closed.

    Constructing a sink checks that it can be written (folder, extension, overwriting) and raises SinkError if not, so
    that nobody waits an hour to learn it.
    """

    needs_picture: bool = False
    """True where `write` wants annotated pictures; each is drawn once for all sinks, and only if one wants it."""

    needs_image: bool = False
    """True where `write` looks at the frame's own image, though not at the annotated picture: frames smoothed offline
    have one only if a sink needs it."""

    waits_for_people: bool = False
    """True where `write` may wait for a key (a paused window). Such a sink comes after the others, and Ctrl-C may break
    its `write` off; that of the others is always finished."""

    def wants_picture(self) -> bool:
        """Whether `write` wants that of the next frame; asked once a frame, before it is drawn. Never True unless
        `needs_picture`.
        """
        return self.needs_picture

    @property
    def stop_requested(self) -> bool:
        """True once the person asked to stop through this sink (a key in the window)."""
        return False

    @abstractmethod
    def write(self, result: TrackedFrame, picture: npt.NDArray[np.uint8] | None) -> None:
        """Take one frame. `picture` is the annotated (H, W, 3) uint8 BGR picture; None unless this sink, or another,
        wants it.

        The picture is the caller's and may change after the call. Raises SinkError if writing fails (disk full).
        """

    @abstractmethod
    def close(self) -> None:
        """Finish and release the output. Closing twice is allowed."""

    def __enter__(self) -> Sink:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

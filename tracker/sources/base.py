"""The contract every source of frames keeps; `tests/tracker/sources/` runs one conformance suite over all of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType

from tracker.frame import Frame


class Source(ABC):
    """Frames in order of time. A context manager: it holds a file or a device and closes it on every path.

    Constructing a source opens it; failures to open raise SourceError or a subclass then, not at the first read.
    """

    name: str
    """What people call it: a file name, `camera 0`, an address without credentials."""

    is_live: bool = False
    """True for cameras and streams: `read` gives the newest frame and counts the ones it dropped."""

    is_sequence: bool = True
    """True where neighbouring frames show the same scene a moment later; False for unrelated stills."""

    gives_boxes: bool = False
    """True where every frame comes with its faces' boxes, so that no detector is needed (list files)."""

    frame_count: int | None = None
    """How many frames there will be, where that is known without decoding; a hint for progress, nothing more."""

    rate: Fraction | None = None
    """Nominal frames a second, where the source states one; timestamps, not this, say when a frame was taken."""

    dropped: int = 0
    """Frames of a live source that were never delivered because newer ones had come."""

    skipped: int = 0
    """Pictures or frames that could not be decoded and were passed over; a warning names each picture, and says of a
    recording when that happened (a badly damaged one is warned of a few times, then only counted)."""

    recording: Path | None = None
    """The video file behind the frames, whose other streams (audio) lie on the same time axis as `Frame.time_s`; None
    where there is none."""

    @property
    @abstractmethod
    def size(self) -> tuple[int, int]:
        """Width and height in pixels of the next frame (of every frame, for a sequence)."""

    @abstractmethod
    def read(self) -> Frame | None:
        """The next frame, or None at the end and ever after.

        Times strictly increase within a sequence. Raises SourceError if the source fails midway.
        """

    @abstractmethod
    def close(self) -> None:
        """Release the file or device. Closing twice is allowed; reading afterwards gives None."""

    def __iter__(self) -> Iterator[Frame]:
        while (frame := self.read()) is not None:
            yield frame

    def __enter__(self) -> Source:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

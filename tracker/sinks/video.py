"""The annotated video."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from tracker.errors import SinkError
from tracker.frame import TrackedFrame
from tracker.sinks.audio import RecordedAudio
from tracker.sinks.base import Sink
from tracker.sinks.encoder import VideoEncoder
from tracker.sinks.output_file import OutputFile
from tracker.sinks.view_panel import ViewPanel
from tracker.sources.base import Source

CONTAINERS = {".mp4": "mp4", ".mkv": "matroska"}
"""The formats that can be written, by extension, under libav's names."""

STILL_S = 1.0
"""How long each picture of a source of unrelated stills is shown, in seconds."""

_ASSUMED_RATE = Fraction(30)  # until the second frame tells better
_WAITING_PICTURES = 4  # enough to even out slow pictures; at 4K they are 25 MB each


class VideoSink(Sink):
    """Writes the annotated pictures as H.264, at the frames' own times, with the recording's audio copied.

    Encoding runs in a thread of its own, beside the tracking of the next frames; a few pictures wait for it, then
    `write` does. Failures there are raised by the next `write` or by `close`. Stills, which have no time, are shown for
    STILL_S each. A run without a single frame leaves no file.
    """

    needs_picture = True

    def __init__(
        self,
        path: str | Path,
        source: Source,
        *,
        overwrite: bool = False,
        inputs: Sequence[Path] = (),
        panel: ViewPanel | None = None,
    ) -> None:
        """Check that `path` (.mp4 or .mkv) can be written; the file is begun with the first picture.

        source: gives the nominal rate, the recording whose audio is copied, and whether it is a sequence.
        panel: views of the faces to show beside the picture.
        Raises SinkError as `OutputFile` does.
        """
        recording = [source.recording] if source.recording is not None else []
        self._output = OutputFile(path, suffixes=tuple(CONTAINERS), overwrite=overwrite, inputs=[*recording, *inputs])
        self._rate = source.rate
        self._is_sequence = source.is_sequence
        self._recording = source.recording
        self._panel = panel
        self._written = 0
        self._last_s: float | None = None
        self._duration_s = float(1 / (self._rate or _ASSUMED_RATE)) if self._is_sequence else STILL_S
        self._worker: _EncodingThread | None = None
        self._closed = False

    def write(self, result: TrackedFrame, picture: npt.NDArray[np.uint8] | None) -> None:
        """Add the annotated picture. ValueError once closed."""
        if picture is None:
            raise ValueError("a video needs the annotated picture")
        time_s = result.frame.time_s if self._is_sequence else self._written * STILL_S
        if self._closed:
            raise ValueError(f"{self._output.path} is closed")
        # The caller's picture may change while it waits to be encoded.
        picture = picture.copy() if self._panel is None else self._panel.beside(picture, result)
        if self._worker is None:
            self._worker = self._begin((picture.shape[1], picture.shape[0]))
        if self._is_sequence and self._last_s is not None and time_s > self._last_s:
            self._duration_s = time_s - self._last_s
        self._last_s = time_s
        self._worker.write(picture, time_s, self._duration_s)
        self._written += 1

    def close(self) -> None:
        """Finish the file: the last pictures and the rest of the audio."""
        self._closed = True
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.close()

    def _begin(self, size: tuple[int, int]) -> _EncodingThread:
        audio = RecordedAudio.of(self._recording) if self._recording is not None else None
        container = CONTAINERS[self._output.path.suffix.lower()]
        path = self._output.begin()
        try:
            encoder = VideoEncoder(path, container, size, self._rate or _ASSUMED_RATE, audio)
        except BaseException as error:
            if audio is not None:
                audio.close()
            self._output.restore()
            if isinstance(error, av.FFmpegError):
                raise _failure(self._output.path, error) from error
            raise
        self._output.keep()
        return _EncodingThread(self._output.path, encoder, audio)


class _EncodingThread:
    """Runs an encoder beside the caller, with a short queue between them."""

    def __init__(self, path: Path, encoder: VideoEncoder, audio: RecordedAudio | None) -> None:
        self._path = path
        self._encoder = encoder
        self._audio = audio
        self._thread = ThreadPoolExecutor(1, "video encoder")
        self._waiting: deque[Future[None]] = deque()
        self._failed = False

    def write(self, picture: npt.NDArray[np.uint8], time_s: float, duration_s: float) -> None:
        """Hand over the picture, which must stay as it is, waiting while the queue is full. Raises SinkError for an
        earlier failure.
        """
        while self._waiting and (len(self._waiting) >= _WAITING_PICTURES or self._waiting[0].done()):
            self._await_first()
        self._waiting.append(self._thread.submit(self._encoder.write, picture, time_s, duration_s))

    def close(self) -> None:
        """Encode what waits and close the file. Raises SinkError for a failure that no `write` has told of."""
        try:
            while self._waiting:
                self._await_first()
            self._finish()
        finally:
            self._thread.shutdown()
            if self._audio is not None:
                self._audio.close()

    def _await_first(self) -> None:
        try:
            self._waiting[0].result()
        except av.FFmpegError as error:
            # What waits behind the failure would only fail again.
            self._failed = True
            self._thread.shutdown(cancel_futures=True)
            self._waiting.clear()
            raise _failure(self._path, error) from error
        self._waiting.popleft()

    def _finish(self) -> None:
        try:
            self._encoder.close()
        except av.FFmpegError as error:
            if not self._failed:  # a file that could not be written cannot be finished either: said once
                raise _failure(self._path, error) from error


def _failure(path: Path, error: av.FFmpegError) -> SinkError:
    return SinkError(f"{path}: cannot be written: {error.strerror}; make room or give another place")

"""Recordings: every frame, in order, at the time the file says it is shown."""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterator
from pathlib import Path

import av
import av.error
from av.container import InputContainer
from av.video.stream import VideoStream

from tracker.errors import EmptySourceError, SourceError
from tracker.frame import Frame
from tracker.sources.base import Source
from tracker.sources.conversion import BgrConverter
from tracker.sources.decoding import decode, decoding_s, moving_pictures, nominal_rate, presentation_s
from tracker.sources.timeline import Timeline

_log = logging.getLogger(__name__)

_WARNINGS_AT_MOST = 5
"""Damaged frames that are warned of one by one; a badly damaged recording has thousands."""
_FAILED_READS_AT_MOST = 100
"""Failed reads in a row after which the rest of a file is given up."""


class VideoSource(Source):
    """A recording, decoded with as many threads as there are cores.

    Times are the presentation times of the file, not shifted to start at 0, so that its audio lies on the same axis;
    `Timeline` says what happens to missing and doubled ones. Damaged frames are passed over and counted in `skipped`.
    """

    def __init__(self, path: Path) -> None:
        """Open the file and decode its first frame.

        Raises SourceError if it is not there, cannot be read or is not a video, EmptySourceError if it has no frame.
        """
        self.name = path.name
        self.recording: Path = path
        self._container = _open(path)
        try:
            self._stream = _moving_pictures(self._container, path)
            self._stream.thread_type = "AUTO"  # several frames at once, while the caller works on the last one
            self.rate = nominal_rate(self._stream)
            self.frame_count = _stated_frames(self._container, self._stream)
            self._delivered = 0
            self._packets_read = 0
            self._warnings = 0
            self._last_pts: int | None = None
            self._frames = self._read_frames()
            self._first = next(self._frames, None)
            if self._first is None:
                raise EmptySourceError(f"{path}: holds no frame that can be decoded; give another recording")
        except BaseException:
            self._container.close()
            raise
        height, width = self._first.image.shape[:2]
        self._size = (width, height)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels of every frame, upright."""
        return self._size

    def read(self) -> Frame | None:
        """The next frame, or None at the end. Raises SourceError if the file can no longer be read (drive removed)."""
        if self._first is None:
            return next(self._frames, None)
        frame, self._first = self._first, None
        return frame

    def close(self) -> None:
        """Close the file."""
        self._first = None
        self._frames.close()
        self._container.close()

    def _read_frames(self) -> Generator[Frame, None, None]:
        converter = BgrConverter(self._stream.sample_aspect_ratio)
        timeline = Timeline(self.rate)
        timestamp_s = decoding_s if self._container.format.name == "avi" else presentation_s
        for picture in self._pictures():
            time_s = timeline.place(timestamp_s(picture))
            index = self._delivered + self.skipped
            self._delivered += 1
            yield Frame(image=converter.convert(picture), time_s=time_s, index=index, name=self.name)
        self._warn_if_cut_off()

    def _pictures(self) -> Iterator[av.VideoFrame]:
        skipped_before = 0
        for packet in self._packets():
            try:
                pictures = decode(packet, self._pass_over)
            except av.error.FFmpegError:
                if packet.size:
                    self._pass_over()
                    continue
                pictures = self._last_pictures(self.skipped - skipped_before)
            for picture in pictures:
                self._last_pts = picture.pts
                skipped_before = self.skipped
                yield picture

    def _packets(self) -> Iterator[av.Packet[VideoStream]]:
        """The packets of the stream, an empty one at the end to get out what the decoder still holds."""
        packets = self._container.demux(self._stream)
        failed_reads = 0
        while failed_reads < _FAILED_READS_AT_MOST:
            try:
                packet = next(packets, None)
            except av.error.InvalidDataError:
                failed_reads += 1
                packets = self._container.demux(self._stream)
                continue
            except av.error.FFmpegError as error:
                raise SourceError(f"{self.recording}: reading failed midway ({error.strerror}); try again") from error
            if packet is None:
                return
            failed_reads = 0
            self._packets_read += packet.size > 0
            yield packet
        _log.warning("%s: damaged beyond %d frames; the rest is given up", self.name, self._delivered)

    def _last_pictures(self, passed_over: int) -> list[av.VideoFrame]:
        """The frames after the last one delivered, of which `passed_over` were damaged, decoded anew with one thread.

        A decoder with several threads holds as many frames at the end; where one of them is damaged, libav's way of
        saying so makes PyAV lose the others.
        """
        last_pts = self._last_pts
        pictures: list[av.VideoFrame] = []
        damaged = 0
        with _open(self.recording) as container:
            stream = _moving_pictures(container, self.recording)
            stream.thread_type = "NONE"
            if last_pts is not None:
                container.seek(last_pts, stream=stream)
            for packet in container.demux(stream):
                try:
                    pictures += [picture for picture in packet.decode() if _comes_after(picture.pts, last_pts)]
                except av.error.FFmpegError:
                    damaged += packet.size > 0 and _comes_after(packet.pts, last_pts)
        self._pass_over(max(0, damaged - passed_over))
        return pictures

    def _pass_over(self, frames: int = 1) -> None:
        self.skipped += frames
        if not frames or self._warnings == _WARNINGS_AT_MOST:
            return
        self._warnings += 1
        more = "; more are only counted" if self._warnings == _WARNINGS_AT_MOST else ""
        what = "a damaged frame" if frames == 1 else f"{frames} damaged frames"
        _log.warning("%s: %s after frame %d passed over%s", self.name, what, self._delivered, more)

    def _warn_if_cut_off(self) -> None:
        # An mp4's edit list may show less than the header counts; its index then has what is shown.
        is_mp4 = "mp4" in self._container.format.name
        stated = len(self._stream.index_entries) if is_mp4 else self._stream.frames
        if self._packets_read < stated:
            _log.warning("%s: cut off; it states %d frames and holds %d", self.name, stated, self._packets_read)


def _comes_after(pts: int | None, last_pts: int | None) -> bool:
    return last_pts is None or (pts is not None and pts > last_pts)


def _open(path: Path) -> InputContainer:
    try:
        return av.open(f"file:{path}")  # without the prefix, a name with a colon is taken for an address
    except (av.error.InvalidDataError, av.error.EOFError) as error:
        raise SourceError(
            f"{path}: not a video, or one whose recording was cut off before its index was written; "
            "check that it plays, or give another"
        ) from error
    except av.error.FFmpegError as error:
        raise SourceError(f"{path}: cannot be opened ({error.strerror}); check the file and its permissions") from error


def _moving_pictures(container: InputContainer, path: Path) -> VideoStream:
    stream = moving_pictures(container)
    if stream is not None:
        return stream
    if any(video.codec_context is None for video in container.streams.video):
        raise SourceError(f"{path}: a video in a format that cannot be decoded here; convert it to H.264")
    raise SourceError(f"{path}: holds no video, only {_contents(container)}; give a recording with pictures")


def _contents(container: InputContainer) -> str:
    kinds = sorted({"cover pictures" if stream.type == "video" else stream.type for stream in container.streams})
    return " and ".join(kinds) or "an empty container"


def _stated_frames(container: InputContainer, stream: VideoStream) -> int | None:
    """From the header where it counts frames, otherwise from duration and rate."""
    if stream.frames:
        return stream.frames
    rate = nominal_rate(stream)
    if rate is None or container.duration is None:
        return None
    return round(container.duration * rate / av.time_base) or None

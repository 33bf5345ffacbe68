"""Network streams (rtsp, http and their like), through PyAV."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Generator, Iterator

import av
import av.error
import numpy as np
import numpy.typing as npt
from av.container import InputContainer
from av.video.stream import VideoStream

from tracker.errors import CameraError
from tracker.sources.conversion import BgrConverter
from tracker.sources.decoding import decode, moving_pictures, nominal_rate, presentation_s
from tracker.sources.live import Captured, LiveSource

_log = logging.getLogger(__name__)

SCHEMES = ("rtsp", "rtsps", "http", "https", "rtmp", "rtmps", "udp", "tcp")

_OPEN_TIMEOUT_S = 10.0
_READ_TIMEOUT_S = 10.0
_OPTIONS = {
    "rtsp_transport": "tcp",  # UDP loses packets in wireless networks, and firewalls drop it
    "flags": "low_delay",
    "fpsprobesize": "0",  # libav would watch many frames to learn a rate that only matters for display
    "analyzeduration": "2000000",  # microseconds; libav's own 5 seconds are spent whole on streams without sound
}
_SEGMENTED = ("hls", "dash")
_JUMP_S = 10.0
"""A wait longer than this for the next frame of a paced stream means that its timestamps have jumped."""

_ADDRESS = re.compile(
    r"""(?P<scheme>[a-z]+)://
        ([^/?\#@\s]*@)?                                        # credentials
        (?P<host>[\w.-]+|\[[0-9a-f:.]+\])(?P<port>:\d+)?
        (?P<path>/[\w./~%+-]*)?                                # one with = or & may hold a password too
        ([?\#][^@]*)?""",
    re.VERBOSE | re.IGNORECASE,
)


class StreamSource(LiveSource[av.VideoFrame]):
    """The newest picture of a stream.

    What does not come at its own pace is shown at the pace of its timestamps: a recording behind an address, and
    streams in segments of several seconds (HLS, DASH).
    """

    def __init__(self, address: str) -> None:
        """Connect and wait for the first picture.

        Raises CameraError if nobody answers, access is refused or what comes is not a video.
        """
        self._address = address
        self._converter = BgrConverter()
        super().__init__(shown_address(address), _OPEN_TIMEOUT_S + _READ_TIMEOUT_S)

    def capture(self) -> Generator[Captured[av.VideoFrame], None, None]:
        """Connect and decode until the stream ends or is closed. Raises CameraError if it fails."""
        with self._connect() as container:
            stream = moving_pictures(container)
            if stream is None:
                raise CameraError(f"{self.name}: has no video that can be decoded here; check the address")
            stream.thread_type = "SLICE"  # threads for whole frames would add a delay of as many frames
            self.rate = nominal_rate(stream)
            self._converter = BgrConverter(stream.sample_aspect_ratio)
            pictures = self._pictures(container, stream)
            if _comes_at_once(container):
                yield from self._paced(pictures)
                return
            yield from _stamped(pictures)
            if not self.is_closing:  # a server that went away cannot be told from one that finished
                _log.warning("%s: the stream ended", self.name)

    def to_image(self, picture: av.VideoFrame) -> npt.NDArray[np.uint8]:
        """Converted to upright BGR."""
        return self._converter.convert(picture)

    def _connect(self) -> InputContainer:
        try:
            return av.open(self._address, options=_OPTIONS, timeout=(_OPEN_TIMEOUT_S, _READ_TIMEOUT_S))
        except av.error.FFmpegError as error:
            # Without its cause: libav's message repeats the address, credentials and all.
            raise CameraError(f"{self.name}: {_reason(error)}") from None

    def _pictures(self, container: InputContainer, stream: VideoStream) -> Iterator[av.VideoFrame]:
        packets = container.demux(stream)
        started = False
        while not self.is_closing:
            try:
                packet = next(packets, None)
            except av.error.FFmpegError as error:
                raise CameraError(
                    f"{self.name}: the stream broke off ({error.strerror}); check the connection and start again"
                ) from None
            if packet is None:
                return
            try:
                pictures = decode(packet, self._pass_over)
            except av.error.FFmpegError:
                if started:  # before the first key frame there is nothing to decode by
                    self._pass_over()
                continue
            started = started or bool(pictures)
            yield from pictures

    def _pass_over(self) -> None:
        self.skipped += 1
        if self.skipped == 1:
            _log.warning("%s: a damaged frame was passed over; more are only counted", self.name)

    def _paced(self, pictures: Iterator[av.VideoFrame]) -> Iterator[Captured[av.VideoFrame]]:
        start_s: float | None = None
        for picture in pictures:
            shown_s = presentation_s(picture)
            now_s = time.perf_counter()
            if shown_s is not None:
                if start_s is None or start_s + shown_s - now_s > _JUMP_S:
                    start_s = now_s - shown_s
                self.pause(max(0.0, start_s + shown_s - now_s))
            yield Captured(picture, time.perf_counter())


def shown_address(address: str) -> str:
    """The address without credentials and without a query, which may hold them; only its scheme where in doubt."""
    match = _ADDRESS.fullmatch(address)
    if match is None:
        return f"{address.partition('://')[0]} stream"
    return f"{match['scheme']}://{match['host']}{match['port'] or ''}{match['path'] or ''}"


def _stamped(pictures: Iterator[av.VideoFrame]) -> Iterator[Captured[av.VideoFrame]]:
    for picture in pictures:
        yield Captured(picture, time.perf_counter())


def _comes_at_once(container: InputContainer) -> bool:
    return container.duration is not None or container.format.name.startswith(_SEGMENTED)


def _reason(error: av.error.FFmpegError) -> str:
    if isinstance(error, av.error.ExitError | av.error.TimeoutError):
        return f"no answer within {_OPEN_TIMEOUT_S:g} seconds; check the address and the network"
    if isinstance(error, av.error.HTTPUnauthorizedError | av.error.HTTPForbiddenError):
        return "access refused; give user and password in the address, as in rtsp://user:password@host/path"
    if isinstance(error, av.error.HTTPClientError):
        return f"not there ({error.strerror}); check the path in the address"
    if isinstance(error, av.error.ConnectionRefusedError):
        return "nobody answers at this host and port; check that the camera or server is on"
    if isinstance(error, av.error.InvalidDataError):
        return "answers, but not with a video; check the address"
    return f"cannot be opened ({error.strerror}); check the address and the network"

"""What files and streams share in decoding through PyAV."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import av
import av.error
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

_PLAUSIBLE_RATE = range(1, 1001)  # streams without a rate of their own report their time base, 90000 for example


def moving_pictures(container: InputContainer) -> VideoStream | None:
    """The video stream to read: the first that is neither a cover picture nor in a format this build cannot decode."""
    for stream in container.streams.video:
        # Typed as always there, but None for a codec without a decoder.
        if stream.codec_context is not None and not stream.disposition & Disposition.attached_pic:
            return stream
    return None


def nominal_rate(stream: VideoStream) -> Fraction | None:
    """Frames a second as the stream states or libav estimates it, None where there is no plausible statement."""
    for rate in (stream.average_rate, stream.guessed_rate):
        if rate is not None and round(rate) in _PLAUSIBLE_RATE:
            return rate
    return None


def presentation_s(frame: av.VideoFrame) -> float | None:
    """When the frame is shown, in seconds; None where the container does not say."""
    return None if frame.pts is None or frame.time_base is None else float(frame.pts * frame.time_base)


def decoding_s(frame: av.VideoFrame) -> float | None:
    """When the packet that completed the frame is decoded, in seconds; None where the container does not say.

    AVI keeps no other times: libav guesses those of presentation, and they come out of order with B-frames.
    """
    return None if frame.dts is None or frame.time_base is None else float(frame.dts * frame.time_base)


def decode(packet: av.Packet[VideoStream], damaged: Callable[[], None]) -> list[av.VideoFrame]:
    """The intact frames that a packet completes; calls `damaged` once for each that the decoder flags.

    Raises av.error.FFmpegError where the decoder gives up on a frame.
    """
    frames = packet.decode()
    intact = [frame for frame in frames if not frame.is_corrupt]
    for _ in range(len(frames) - len(intact)):
        damaged()
    return intact

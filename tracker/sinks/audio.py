"""The audio of a recording, carried into the video made from it packet by packet."""

from __future__ import annotations

import logging
import math
from collections import deque
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import av.error
from av.audio.stream import AudioStream
from av.bitstream import BitStreamFilterContext
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Disposition, Stream

_LOG = logging.getLogger(__name__)

LATE_S = 1.0
"""Audio that begins later than this after the first picture is late: a player must not wait for it to begin."""
_INTERLEAVED_S = 10.0  # recordings keep pictures and the audio to them closer together than this
_END_S = 0.5  # the last picture written lies less than this before the recording's last: it was run to its end
_RESTART_S = 1.0  # going back by more than this is a recording joined from several, not disorder
_AAC_LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "4.0", 5: "5.0", 6: "5.1", 8: "7.1"}
_AAC_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000)


class RecordedAudio:
    """The best audio stream of a recording, on the recording's own time axis.

    begins_late: True where no audio comes within LATE_S of the first picture.
    """

    def __init__(self, container: InputContainer, stream: AudioStream) -> None:
        """Take over an open recording and the stream of it to carry; `RecordedAudio.of` opens one."""
        self._container = container
        self._stream = stream
        pictures = [video for video in container.streams.video if not video.disposition & Disposition.attached_pic]
        self._packets: Iterator[Packet[Stream]] = container.demux(stream, *pictures[:1])
        self._waiting: deque[Packet[Stream]] = deque()
        self._newest_picture_s = -math.inf
        self._end_s = -math.inf
        self._shift_s = 0.0
        self._carrier: _Copy | _Transcoder | None = None
        first_picture_s = None
        while not self._waiting and self._step():
            if first_picture_s is None:
                first_picture_s = self._newest_picture_s
            if self._newest_picture_s > first_picture_s + LATE_S:
                break
        self.begins_late = not self._waiting

    @classmethod
    def of(cls, recording: Path) -> RecordedAudio | None:
        """The audio of a recording; None where it has none, and, with a warning, where it cannot be read."""
        try:
            container = av.open(str(recording), "r")
        except av.FFmpegError as error:
            _LOG.warning("%s: its audio cannot be read (%s); the video goes without", recording.name, error.strerror)
            return None
        stream = container.streams.best("audio")
        if not isinstance(stream, AudioStream) or stream.codec_context is None:
            if container.streams.audio:
                _LOG.warning("%s: its audio is in an unknown form; the video goes without", recording.name)
            container.close()
            return None
        try:
            return cls(container, stream)
        except BaseException:
            container.close()
            raise

    def add_to(self, output: OutputContainer) -> None:
        """Give the output a stream for this audio; as AAC, with a warning, where its format cannot hold the codec.

        Call it for one output at a time; the audio goes to the last.
        """
        codec = self._stream.codec_context.name
        try:
            self._carrier = _Copy(output, self._stream, self.begins_late)
        except ValueError:
            _LOG.warning("%s cannot hold the recording's audio (%s); it is written as AAC", output.format.name, codec)
            self._carrier = _Transcoder(output, self._stream)

    def write_until(self, time_s: float) -> None:
        """Write the packets that begin up to `time_s`."""
        while True:
            while self._waiting and self._time(self._waiting[0]) <= time_s:
                self._write(self._waiting.popleft())
            if self._waiting or self._newest_picture_s > time_s + _INTERLEAVED_S or not self._step():
                return

    def finish(self, last_picture_s: float, end_s: float) -> None:
        """Write the rest: all of it if the pictures were taken to the recording's end, else only up to `end_s`."""
        while self._newest_picture_s <= last_picture_s + _END_S and self._step():
            pass
        stopped_early = self._newest_picture_s > last_picture_s + _END_S
        self.write_until(end_s if stopped_early else math.inf)
        if self._carrier is not None:
            self._carrier.finish()

    def close(self) -> None:
        """Close the recording. Closing twice is allowed."""
        self._container.close()

    def _step(self) -> bool:
        """Read one packet; False at the recording's end, which is also where it stops being readable."""
        try:
            packet = next(self._packets, None)
        except av.FFmpegError as error:
            _LOG.warning("the recording's audio ends early: %s", error.strerror)
            return False
        if packet is None:
            return False
        if packet.size == 0:  # the mark that a decoder is to be emptied
            return True
        if packet.stream_index == self._stream.index:
            self._waiting.append(packet)
        else:
            stamp = packet.dts if packet.pts is None else packet.pts
            if stamp is not None:
                self._newest_picture_s = max(self._newest_picture_s, float(stamp * packet.time_base))
        return True

    def _time(self, packet: Packet[Stream]) -> float:
        """When the packet begins on an axis without jumps back; packets without a time follow the one before."""
        stamp = packet.dts if packet.pts is None else packet.pts
        if stamp is None:
            return self._end_s
        time_s = float(stamp * packet.time_base) + self._shift_s
        if time_s < self._end_s - _RESTART_S:
            self._shift_s += self._end_s - time_s
            return self._end_s
        return time_s

    def _write(self, packet: Packet[Stream]) -> None:
        time_s = self._time(packet)
        self._end_s = time_s + float((packet.duration or 0) * packet.time_base)
        if (packet.pts is None and packet.dts is None) or self._shift_s:
            packet.pts = packet.dts = round(time_s / packet.time_base)
        elif packet.dts is None:
            packet.dts = packet.pts
        if self._carrier is not None:
            try:
                self._carrier.write(packet)
            except (av.error.InvalidDataError, av.error.ArgumentError, av.error.PermissionError) as error:
                # libav's words for packets it cannot make sense of; a full disk is another error.
                _LOG.warning("the recording's audio cannot be carried over from %.1f s on: %s", time_s, error.strerror)
                self._carrier = None


class _Copy:
    """Puts packets into the output as they are."""

    def __init__(self, output: OutputContainer, stream: AudioStream, begins_late: bool) -> None:
        """Raises ValueError where the output's format has no place for the codec."""
        self._output = output
        self._unwrap: BitStreamFilterContext | None = None
        if stream.codec_context.name == "aac" and not stream.codec_context.extradata:
            # Broadcast AAC repeats its set-up in every packet. Files keep it once, as the first packet says it, which
            # is too late where the file's beginning is written before that packet comes.
            if begins_late:
                raise ValueError("the audio's set-up is not known when the file begins")
            self._unwrap = BitStreamFilterContext("aac_adtstoasc", stream)
        self._out = output.add_stream_from_template(stream)
        if stream.language:
            self._out.metadata["language"] = stream.language
        self._last_dts: int | None = None

    def write(self, packet: Packet[Stream]) -> None:
        """Write a packet; one that lies before its predecessor (a damaged recording) cannot be and is left out."""
        if packet.dts is not None and self._last_dts is not None and packet.dts < self._last_dts:
            return
        self._last_dts = packet.dts
        for out in self._unwrap.filter(packet) if self._unwrap is not None else [packet]:
            out.stream = self._out
            self._output.mux(out)

    def finish(self) -> None:
        """Nothing is held back."""


class _Transcoder:
    """Decodes packets and writes them as AAC."""

    def __init__(self, output: OutputContainer, stream: AudioStream) -> None:
        self._output = output
        self._stream = stream
        # The next rate up keeps everything audible; beyond the highest, the highest does.
        rate = next((rate for rate in _AAC_RATES if rate >= stream.rate), _AAC_RATES[-1])
        self._out = output.add_stream("aac", rate=rate)
        self._out.layout = _AAC_LAYOUTS.get(stream.channels, "stereo")
        self._out.codec_context.time_base = Fraction(1, rate)
        self._damaged = False

    def write(self, packet: Packet[Stream]) -> None:
        """Write what the packet decodes to; damaged packets leave a gap, and the first is warned of."""
        try:
            frames = self._stream.decode(packet)
        except av.FFmpegError as error:
            if not self._damaged:
                _LOG.warning("the recording's audio is damaged and has gaps: %s", error.strerror)
            self._damaged = True
            return
        for frame in frames:
            self._output.mux(self._out.encode(frame))

    def finish(self) -> None:
        """Write what the decoder and the encoder still hold."""
        for frame in self._stream.decode(None):
            self._output.mux(self._out.encode(frame))
        self._output.mux(self._out.encode(None))

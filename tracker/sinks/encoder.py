"""H.264 video with timestamps of its own and audio beside it, in a file that plays even if the program is killed."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.codec.context import Flags
from av.video.frame import PictureType
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

from tracker.sinks.audio import RecordedAudio

TIME_BASE = Fraction(1, 720_000)
"""Seconds a tick: every common rate, 24000/1001 and 60000/1001 among them, is a whole number of ticks, and any other
timestamp is kept to 0.7 microseconds (Matroska keeps milliseconds only)."""

_KEYFRAME_INTERVAL_S = 1.0  # also what a killed run may lose: a fragment reaches the file when the next one begins
_ENCODER_THREADS = min(os.cpu_count() or 1, 4)  # each holds back one picture
_SMALL_PIXELS = 320 * 240  # pictures that cost more to share among threads than to encode in one
# Measured on two cores (720p, noisy): superfast 11 ms of processor time a picture, veryfast 19, ultrafast 8 and twice
# the size. Pictures that depend on later ones save a tenth of the size but cost a sixth of the time.
H264_OPTIONS = {"preset": "superfast", "crf": "22", "bf": "0"}

_PATIENCE_US = "1000000"  # how long the muxer waits for a packet of a stream that has gone silent
_FRAGMENTS = "frag_keyframe+empty_moov+default_base_moof"


class VideoEncoder:
    """Writes pictures to one MP4 or Matroska file.

    The first picture gives the size, made even at the right and lower edge because H.264 shares colours among 2x2
    pixels. Pictures of another size are scaled into it, with black bars.
    """

    def __init__(
        self, path: Path, container: str, size: tuple[int, int], rate: Fraction, audio: RecordedAudio | None
    ) -> None:
        """Create the file and write its beginning.

        container: libav's name, `mp4` or `matroska`. size: width and height of the first picture. rate: nominal, a hint
        for the encoder. Raises av.FFmpegError.
        """
        self._size = size
        self._audio = audio
        self._last_pts: int | None = None
        self._keyframe_due = 0
        self._end_pts = 0
        self._container = av.open(str(path), "w", format=container, container_options=_muxer_options(container, audio))
        try:
            width, height = (side + side % 2 for side in size)
            self._stream = self._container.add_stream("libx264", rate=rate, options=H264_OPTIONS)
            self._stream.width, self._stream.height = width, height
            self._stream.pix_fmt = "yuv420p"
            self._stream.codec_context.thread_count = 1 if width * height <= _SMALL_PIXELS else _ENCODER_THREADS
            self._stream.codec_context.time_base = TIME_BASE
            self._stream.codec_context.flags |= Flags.frame_duration  # or the last one is taken from the rate
            self._stream.time_base = TIME_BASE
            self._stream.codec_context.color_range = ColorRange.MPEG
            self._stream.codec_context.colorspace = Colorspace.ITU709
            self._stream.codec_context.color_primaries = ColorPrimaries.BT709
            self._stream.codec_context.color_trc = ColorTrc.BT709
            if audio is not None:
                audio.add_to(self._container)
            self._container.start_encoding()
        except BaseException:
            self._container.close()
            raise

    def write(self, picture: npt.NDArray[np.uint8], time_s: float, duration_s: float) -> None:
        """Add a picture (H, W, 3) uint8 BGR shown at `time_s`; `duration_s` counts if no other follows.

        Times that do not increase are moved to just after the previous one. Raises av.FFmpegError.
        """
        frame = av.VideoFrame.from_ndarray(self._fitted(picture), format="bgr24")
        frame = frame.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG)
        pts = round(time_s / TIME_BASE)
        if self._last_pts is None:
            self._keyframe_due = pts
        else:
            pts = max(pts, self._last_pts + 1)
        frame.time_base = TIME_BASE
        frame.pts = pts
        frame.duration = round(duration_s / TIME_BASE)
        frame.pict_type = PictureType.NONE
        if pts >= self._keyframe_due:
            frame.pict_type = PictureType.I
            self._keyframe_due = pts + round(_KEYFRAME_INTERVAL_S / TIME_BASE)
        self._last_pts = pts
        self._end_pts = pts + frame.duration
        if self._audio is not None:
            self._audio.write_until(float(pts * TIME_BASE))
        self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        """Write what the encoder holds back and the rest of the audio, and close the file. Raises av.FFmpegError."""
        try:
            self._container.mux(self._stream.encode(None))
            if self._audio is not None and self._last_pts is not None:
                self._audio.finish(float(self._last_pts * TIME_BASE), float(self._end_pts * TIME_BASE))
        finally:
            self._container.close()

    def _fitted(self, picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """The picture at the video's even size."""
        width, height = self._size
        if picture.shape[:2] != (height, width):
            picture = _letterboxed(picture, width, height)
        if width % 2 or height % 2:
            return np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        return np.ascontiguousarray(picture)


def _letterboxed(picture: npt.NDArray[np.uint8], width: int, height: int) -> npt.NDArray[np.uint8]:
    scale = min(width / picture.shape[1], height / picture.shape[0])
    inner_width = max(1, round(picture.shape[1] * scale))
    inner_height = max(1, round(picture.shape[0] * scale))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    boxed = np.zeros((height, width, 3), np.uint8)
    x, y = (width - inner_width) // 2, (height - inner_height) // 2
    boxed[y : y + inner_height, x : x + inner_width] = cv2.resize(
        picture, (inner_width, inner_height), interpolation=way
    )
    return boxed


def _muxer_options(container: str, audio: RecordedAudio | None) -> dict[str, str]:
    """Options under which timestamps stay as they are and every finished fragment reaches the file at once."""
    options = {"max_interleave_delta": _PATIENCE_US, "flush_packets": "1", "avoid_negative_ts": "disabled"}
    if container == "matroska":
        return options | {"cluster_time_limit": "1000"}
    if audio is not None and audio.begins_late:
        # The form below would hold everything back until the audio begins. This one keeps times as exactly, but none
        # before 0, which audio that comes late has not.
        return options | {"movflags": f"{_FRAGMENTS}+frag_discont"}
    # Start times other than 0 need an edit list, in the movie's ticks, which is written once the first packet of each
    # stream is known.
    return options | {"movflags": f"{_FRAGMENTS}+delay_moov", "movie_timescale": str(TIME_BASE.denominator)}

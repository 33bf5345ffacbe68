"""What the tests of sinks are made of: frames, sources that only state things, small recordings, readers."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from scipy.spatial.transform import Rotation

from fpn.camera import Camera
from fpn.pose import HeadPose
from fpn.roi import Box
from tracker.frame import Frame, TrackedFrame, TrackedPose, TrackState
from tracker.sources.base import Source

WIDTH, HEIGHT = 64, 48
TWO_SECONDS = tuple(index / 25 for index in range(50))


class StatedSource(Source):
    """A source as sinks see it: they never read from it."""

    def __init__(self, recording=None, rate=Fraction(25), is_sequence=True):
        self.name = "stated"
        self.recording = recording
        self.rate = rate
        self.is_sequence = is_sequence

    @property
    def size(self):
        return WIDTH, HEIGHT

    def read(self):
        return None

    def close(self):
        pass


def face(track=1, rotation=None, translation=(10.0, -20.0, 600.0), state=TrackState.TRACKED, **changes):
    pose = HeadPose(
        rotation=np.eye(3) if rotation is None else rotation,
        translation=np.array(translation),
        rotation_covariance=changes.pop("rotation_covariance", np.eye(3) * np.radians(2.0) ** 2),
        position_covariance=changes.pop("position_covariance", np.eye(3) * 9.0),
    )
    values = {"score": 0.875, "box": Box(1.5, 2.25, 30.0, 40.0)} | changes
    return TrackedPose(track=track, state=state, pose=pose, **values)


def random_rotations(count):
    return Rotation.random(count, random_state=np.random.RandomState(7)).as_matrix()


def grey(level, width=WIDTH, height=HEIGHT):
    return np.full((height, width, 3), level, np.uint8)


def tracked(index=0, time_s=None, image=None, poses=(), name="clip.mp4"):
    image = grey(100) if image is None else image
    return TrackedFrame(
        frame=Frame(image=image, time_s=index / 25 if time_s is None else time_s, index=index, name=name),
        poses=tuple(poses),
        camera=Camera.from_fov(image.shape[1], image.shape[0]),
        rate_hz=0.0,
    )


def write_all(sink, times, picture=None):
    """Write a frame for each time and close."""
    picture = grey(100) if picture is None else picture
    with sink:
        for index, time_s in enumerate(times):
            sink.write(tracked(index, time_s), picture)


def make_recording(path, times=TWO_SECONDS, audio_codec="aac", audio_start_s=0.0, audio_end_s=None, rate=44100):
    """Grey moving pictures at `times` with a 440 Hz tone beside them; audio and pictures as far apart as stated."""
    end_s = times[-1] + 0.04 if audio_end_s is None else audio_end_s
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=25)
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        video.codec_context.time_base = Fraction(1, 1000) if path.suffix != ".avi" else Fraction(1, 25)
        audio = container.add_stream(audio_codec, rate=rate)
        audio.layout = "mono"
        count = round((end_s - audio_start_s) * rate)
        tone = np.sin(2 * np.pi * 440 * np.arange(count) / rate) * 8000
        blocks = []
        for start in range(0, count, 1024):
            block = av.AudioFrame.from_ndarray(tone[None, start : start + 1024].astype(np.int16), "s16", "mono")
            block.sample_rate, block.time_base = rate, Fraction(1, rate)
            block.pts = round(audio_start_s * rate) + start
            blocks.append((audio_start_s + start / rate, audio, block))
        frames = []
        for number, time_s in enumerate(times):
            frame = av.VideoFrame.from_ndarray(grey(20 + 4 * number % 200), "bgr24").reformat(format="yuv420p")
            frame.time_base = video.codec_context.time_base
            frame.pts = round(time_s / frame.time_base)
            frames.append((time_s, video, frame))
        for _, stream, frame in sorted(blocks + frames, key=lambda entry: entry[0]):
            container.mux(stream.encode(frame))
        container.mux(video.encode(None))
        container.mux(audio.encode(None))
    return path


def picture_times(path):
    with av.open(str(path)) as container:
        return [frame.time for frame in container.decode(video=0)]


def pictures(path):
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]


def audio_packets(path):
    """Start in seconds and content of each audio packet."""
    with av.open(str(path)) as container:
        return [(float(p.pts * p.time_base), bytes(p)) for p in container.demux(audio=0) if p.size]


def audio_samples(path):
    """Samples of the first channel, in -1..1, their rate, and the time of the first."""
    with av.open(str(path)) as container:
        resampler = av.AudioResampler("fltp", "mono")
        frames = [out for frame in container.decode(audio=0) for out in resampler.resample(frame)]
        return np.concatenate([frame.to_ndarray()[0] for frame in frames]), frames[0].sample_rate, frames[0].time


def names_in(folder: Path):
    return sorted(entry.name for entry in folder.iterdir())

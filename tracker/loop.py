"""The loop: every frame of a source through the tracker and on to the sinks."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from fpn.camera import Camera
from fpn.roi import Box
from tracker.frame import Frame, TrackedFrame, TrackedPose
from tracker.interruption import SignalGuard
from tracker.neutral import Neutral
from tracker.report import Report, RunStatistics
from tracker.sinks.base import Sink
from tracker.sources.base import Source

_RATE_WINDOW_S = 1.0

Picture = npt.NDArray[np.uint8]


class Tracker(Protocol):
    """What the loop needs of `tracker.head_pose_tracker.HeadPoseTracker`."""

    camera: Camera

    @property
    def stage_seconds(self) -> Mapping[str, float]:
        """Seconds spent so far, by stage."""

    def update(self, image: Picture, time_s: float, boxes: Sequence[Box] | None = None) -> tuple[TrackedPose, ...]:
        """Poses of the faces in the next frame."""

    def reset(self) -> None:
        """Forget all tracks."""


def follow(
    source: Source,
    tracker: Tracker,
    sinks: Sequence[Sink],
    camera_of: Callable[[Frame], Camera],
    annotate: Callable[[TrackedFrame], Picture],
    statistics: RunStatistics,
    report: Report,
    signals: SignalGuard,
    *,
    max_frames: int | None = None,
    neutral: Neutral | None = None,
) -> None:
    """Run until the source ends, `max_frames` are done or a sink is told to stop; `statistics` tells how it went.

    camera_of: gives the intrinsics that hold for a frame.
    annotate: draws what was found into a copy of the frame; called once a frame, and only if a sink wants it.
    neutral: gives the neutral pose that holds for a frame.

    Raises what sources and sinks raise, and Interrupted after Ctrl-C, between two frames.
    """
    recording = [sink for sink in sinks if not sink.waits_for_people]
    interactive = [sink for sink in sinks if sink.waits_for_people]
    rate = RateMeter()
    started = time.perf_counter()
    try:
        while max_frames is None or statistics.frames < max_frames:
            with statistics.stage("read"):
                frame = source.read()
            if frame is None:
                break
            with signals.deferred():
                if not source.is_sequence:
                    tracker.reset()
                tracker.camera = camera = camera_of(frame)
                poses = tracker.update(frame.image, frame.time_s, frame.boxes)
                result = TrackedFrame(frame, poses, camera, rate.tick())
                if neutral is not None:
                    result = neutral.applied(result)
                picture = None
                if any(sink.wants_picture() for sink in sinks):
                    with statistics.stage("draw"):
                        picture = annotate(result)
                for sink in recording:
                    with statistics.stage("write"):
                        sink.write(result, picture)
                statistics.count(result)
                report.advance(result)
            for sink in interactive:
                with statistics.stage("show"):
                    sink.write(result, picture)
            if any(sink.stop_requested for sink in sinks):
                break
    finally:
        statistics.loop_s = time.perf_counter() - started
        statistics.dropped, statistics.skipped = source.dropped, source.skipped
        statistics.stage_seconds = _in_order_of_the_path(statistics.stage_seconds, tracker.stage_seconds)


def _in_order_of_the_path(own: Mapping[str, float], tracker: Mapping[str, float]) -> dict[str, float]:
    every = {**own, **tracker}
    return {name: every[name] for name in ("read", *tracker, "draw", "write", "show") if name in every}


class RateMeter:
    """Frames a second through the loop, over the last second."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._times: deque[float] = deque()

    def tick(self) -> float:
        """Take note of a frame now; gives the rate, 0 before the second frame."""
        now = self._clock()
        self._times.append(now)
        while len(self._times) > 2 and now - self._times[1] >= _RATE_WINDOW_S:
            self._times.popleft()
        span_s = now - self._times[0]
        return (len(self._times) - 1) / span_s if span_s > 0 else 0.0

"""The loop: every frame of a source through the tracker and on to the sinks."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from fpn.camera import Camera
from fpn.roi import Box
from tracker.frame import Frame, TrackedFrame, TrackedPose
from tracker.interruption import SignalGuard
from tracker.report import Report, RunStatistics
from tracker.sinks.base import Sink
from tracker.sources.base import Source

_RATE_MEMORY_S = 1.0  # long enough to be read, short enough to follow what the last second brought

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
) -> None:
    """Run until the source ends, `max_frames` are done or a sink is told to stop; `statistics` tells how it went.

    camera_of: gives the intrinsics that hold for a frame.
    annotate: draws what was found into a copy of the frame; called once a frame, and only if a sink needs it.

    Raises what sources and sinks raise, and Interrupted after Ctrl-C, between two frames.
    """
    needs_picture = any(sink.needs_picture for sink in sinks)
    recording = [sink for sink in sinks if not sink.waits_for_people]
    interactive = [sink for sink in sinks if sink.waits_for_people]
    rate = _Rate()
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
                picture = None
                if needs_picture:
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


class _Rate:
    """Frames a second through the loop, averaged over the last second or so."""

    def __init__(self) -> None:
        self._last: float | None = None
        self._interval_s: float | None = None

    def tick(self) -> float:
        """Take note of a frame now; gives the rate, 0 before the second frame."""
        now = time.perf_counter()
        last, self._last = self._last, now
        if last is None:
            return 0.0
        interval = now - last
        if self._interval_s is None:
            self._interval_s = interval
        else:
            weight = 1 - math.exp(-interval / _RATE_MEMORY_S)
            self._interval_s += weight * (interval - self._interval_s)
        return 1 / self._interval_s if self._interval_s > 0 else 0.0

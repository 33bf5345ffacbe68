"""A recording tracked to its end, smoothed with all that is known then, and written: `--smoothing offline`.

The first pass over the source finds and measures the faces, the second pairs the pictures, if any output wants them,
with poses smoothed two-sidedly. In between, poses are kept in memory, about 1 KB a face and frame; pictures are not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from tracker.claims import told
from tracker.expression import steadied_track
from tracker.frame import TrackedFrame, TrackedPose, TrackState
from tracker.interruption import SignalGuard
from tracker.leakage import Leakage
from tracker.neutral import Neutral
from tracker.report import Report, RunStatistics
from tracker.sinks.base import Sink
from tracker.sources.base import Source
from tracker.two_sided import SmoothedPose, smooth_track

Picture = npt.NDArray[np.uint8]


class Recording(Sink):
    """Takes the frames of the first pass, with poses as they were measured (smoothing off), and keeps all but pictures.

    A sink like any other, so that the first pass is the loop of every run.
    """

    def __init__(self, leakage: Leakage | None = None) -> None:
        """`leakage` is that of the network's weights; None where it is not known."""
        self._leakage = leakage
        self._frames: list[TrackedFrame] = []

    def write(self, result: TrackedFrame, picture: Picture | None) -> None:
        """Keep a frame without its picture; in place of that stands a black one, which takes no memory."""
        black = np.broadcast_to(np.uint8(0), result.frame.image.shape)
        self._frames.append(replace(result, frame=replace(result.frame, image=black)))

    def close(self) -> None:
        """Nothing is held open."""

    def smoothed(self) -> list[TrackedFrame]:
        """The frames with smoothed poses.

        A frame in which a face was not seen, or in which its pose was not believed, has the state `coasting`: its pose
        lies between those before and after.
        """
        poses = {number: _smoothed_track(track, self._leakage) for number, track in _tracks(self._frames).items()}
        return [
            replace(result, poses=tuple(_replaced(face, next(poses[face.track])) for face in result.poses))
            for result in self._frames
        ]


def write_recording(
    results: Sequence[TrackedFrame],
    source: Source | None,
    sinks: Sequence[Sink],
    annotate: Callable[[TrackedFrame], Picture],
    statistics: RunStatistics,
    report: Report,
    signals: SignalGuard,
    neutral: Neutral | None = None,
) -> None:
    """Give smoothed frames to the sinks; `source` reads the same recording anew, where a sink needs pictures.

    A frame that the second reading does not give again is left out of all outputs. Raises what source and sinks raise,
    and Interrupted after Ctrl-C, between two frames.
    """
    started = time.perf_counter()
    statistics.unwritten = False
    try:
        _write(results, source, sinks, annotate, statistics, report, signals, neutral)
    finally:
        statistics.loop_s += time.perf_counter() - started


def _write(
    results: Sequence[TrackedFrame],
    source: Source | None,
    sinks: Sequence[Sink],
    annotate: Callable[[TrackedFrame], Picture],
    statistics: RunStatistics,
    report: Report,
    signals: SignalGuard,
    neutral: Neutral | None,
) -> None:
    recording = [sink for sink in sinks if not sink.waits_for_people]
    interactive = [sink for sink in sinks if sink.waits_for_people]
    for each in _with_pictures(results, source, statistics) if source is not None else results:
        with signals.deferred():
            result = each if neutral is None else neutral.applied(each)
            picture = None
            if source is not None and any(sink.wants_picture() for sink in sinks):
                with statistics.stage("draw"):
                    picture = annotate(result)
            for sink in recording:
                with statistics.stage("write"):
                    sink.write(result, picture)
            report.advance(result)
        for sink in interactive:
            with statistics.stage("show"):
                sink.write(result, picture)
        if any(sink.stop_requested for sink in sinks):
            return


def _with_pictures(
    results: Sequence[TrackedFrame], source: Source, statistics: RunStatistics
) -> Iterator[TrackedFrame]:
    wanted = {result.frame.index: result for result in results}
    while wanted:
        with statistics.stage("read"):
            frame = source.read()
        if frame is None:
            return
        result = wanted.pop(frame.index, None)
        if result is not None:
            yield replace(result, frame=frame)


def _tracks(frames: Sequence[TrackedFrame]) -> Mapping[int, list[tuple[float, TrackedPose]]]:
    """The faces under each ID, with the times of their frames."""
    tracks: dict[int, list[tuple[float, TrackedPose]]] = {}
    for result in frames:
        for face in result.poses:
            tracks.setdefault(face.track, []).append((result.frame.time_s, face))
    return tracks


def _smoothed_track(track: Sequence[tuple[float, TrackedPose]], leakage: Leakage | None) -> Iterator[SmoothedPose]:
    times_s = [time_s for time_s, _ in track]
    seen = [None if face.state is TrackState.COASTING else face.pose for _, face in track]
    if leakage is None:
        return iter(smooth_track(times_s, seen))
    steadied, biases = steadied_track(times_s, seen, [face.shape for _, face in track], leakage)
    return iter(smooth_track(times_s, steadied, biases))


def _replaced(face: TrackedPose, smoothed: SmoothedPose) -> TrackedPose:
    return replace(face, pose=told(smoothed.pose), state=face.state if smoothed.measured else TrackState.COASTING)

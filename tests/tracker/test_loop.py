"""The loop over sources, trackers and sinks made up for the purpose."""

import io
import os
import signal
import sys

import numpy as np
import pytest

from fpn.camera import Camera
from fpn.pose import HeadPose
from fpn.roi import Box
from tracker.errors import SinkError, SourceError
from tracker.frame import Frame, TrackedPose, TrackState
from tracker.interruption import Interrupted, SignalGuard
from tracker.loop import RateMeter, follow
from tracker.report import Report, RunStatistics
from tracker.sinks.base import Sink
from tracker.sources.base import Source


class FakeSource(Source):
    name = "fake"

    def __init__(self, frames=5, is_sequence=True, boxes=None, fails_at=None):
        self.is_sequence = is_sequence
        self._frames, self._boxes, self._fails_at = frames, boxes, fails_at
        self._index = 0

    @property
    def size(self):
        return 16, 8

    def read(self):
        if self._index == self._fails_at:
            raise SourceError("unplugged")
        if self._index == self._frames:
            return None
        self._index += 1
        self.dropped += 2
        index = self._index - 1
        return Frame(np.full((8, 16, 3), index, np.uint8), index * 0.04, index, "fake", self._boxes)

    def close(self):
        self._index = self._frames


class FakeTracker:
    def __init__(self):
        self.camera = None
        self.cameras = []
        self.updates = []
        self.resets = 0
        self.stage_seconds = {"detect": 0.0, "network": 0.25}

    def update(self, image, time_s, boxes=None):
        self.cameras.append(self.camera)
        self.updates.append((int(image[0, 0, 0]), time_s, boxes))
        zero = np.zeros((3, 3))
        pose = HeadPose(np.eye(3), np.array([0, 0, 600.0]), zero, zero)
        return (TrackedPose(1, TrackState.TRACKED, pose, 0.9, Box(1, 1, 4, 4)),)

    def reset(self):
        self.resets += 1


class FakeSink(Sink):
    def __init__(self, needs_picture=False, stop_after=None, on_write=None, waits_for_people=False):
        self.needs_picture = needs_picture
        self.waits_for_people = waits_for_people
        self.written = []
        self._stop_after, self._on_write = stop_after, on_write

    @property
    def stop_requested(self):
        return len(self.written) == self._stop_after

    def write(self, result, picture):
        if self._on_write:
            self._on_write()
        self.written.append((result, picture))

    def close(self):
        pass


class Annotator:
    def __init__(self):
        self.calls = 0

    def __call__(self, result):
        self.calls += 1
        return result.frame.image.copy()


def camera_of(frame):
    return Camera.from_fov(16, 8, fov_deg=50 + frame.index)


def run(source, sinks, tracker=None, annotate=None, **options):
    statistics = RunStatistics()
    with SignalGuard() as signals:
        follow(
            source,
            tracker or FakeTracker(),
            sinks,
            camera_of,
            annotate or Annotator(),
            statistics,
            Report(io.StringIO()),
            signals,
            **options,
        )
    return statistics


def test_every_frame_reaches_every_sink_in_order():
    first, second = FakeSink(), FakeSink()
    statistics = run(FakeSource(5), [first, second])
    for sink in (first, second):
        assert [result.frame.index for result, _ in sink.written] == [0, 1, 2, 3, 4]
    assert (statistics.frames, statistics.faces, statistics.tracks) == (5, 5, {1})


def test_the_tracker_gets_the_frames_own_timestamps_and_boxes():
    tracker = FakeTracker()
    boxes = (Box(1, 2, 3, 4),)
    run(FakeSource(3, boxes=boxes), [], tracker)
    assert tracker.updates == [(0, 0.0, boxes), (1, 0.04, boxes), (2, 0.08, boxes)]


def test_every_frame_is_tracked_and_shown_with_its_own_camera():
    tracker, sink = FakeTracker(), FakeSink()
    run(FakeSource(3), [sink], tracker)
    expected = [Camera.from_fov(16, 8, fov).K[0, 0] for fov in (50, 51, 52)]
    assert [camera.K[0, 0] for camera in tracker.cameras] == expected
    assert [result.camera.K[0, 0] for result, _ in sink.written] == expected


def test_unrelated_stills_share_no_tracks():
    tracker = FakeTracker()
    run(FakeSource(3, is_sequence=False), [], tracker)
    assert tracker.resets == 3


def test_the_tracks_of_a_sequence_are_kept():
    tracker = FakeTracker()
    run(FakeSource(3), [], tracker)
    assert tracker.resets == 0


def test_the_picture_is_drawn_once_for_all_sinks_that_want_it():
    annotate = Annotator()
    sinks = [FakeSink(needs_picture=True), FakeSink(needs_picture=True), FakeSink()]
    run(FakeSource(4), sinks, annotate=annotate)
    assert annotate.calls == 4
    assert all(picture is not None for _, picture in sinks[0].written)


def test_nothing_is_drawn_where_no_sink_wants_it():
    annotate = Annotator()
    sink = FakeSink()
    statistics = run(FakeSource(4), [sink], annotate=annotate)
    assert annotate.calls == 0
    assert [picture for _, picture in sink.written] == [None] * 4
    assert "draw" not in statistics.stage_seconds


def test_the_picture_is_drawn_for_those_frames_alone_of_which_a_sink_wants_it():
    class EverySecond(FakeSink):
        def wants_picture(self):
            return len(self.written) % 2 == 0

    annotate = Annotator()
    sink = EverySecond(needs_picture=True)
    run(FakeSource(5), [sink, FakeSink()], annotate=annotate)
    assert annotate.calls == 3
    assert [picture is not None for _, picture in sink.written] == [True, False, True, False, True]


def test_it_ends_after_the_frames_asked_for():
    sink = FakeSink()
    assert run(FakeSource(100), [sink], max_frames=3).frames == 3
    assert len(sink.written) == 3


def test_it_ends_when_a_sink_is_told_to_stop():
    assert run(FakeSource(100), [FakeSink(), FakeSink(stop_after=2)]).frames == 2


def test_stages_are_told_in_the_order_of_the_path():
    statistics = run(FakeSource(2), [FakeSink(needs_picture=True)])
    assert list(statistics.stage_seconds) == ["read", "detect", "network", "draw", "write"]
    assert statistics.stage_seconds["network"] == 0.25


def test_what_the_source_dropped_is_counted():
    assert run(FakeSource(3), []).dropped == 6


def test_the_rate_is_frames_over_time_however_uneven_they_come():
    moments = [0.0]
    for interval in [1 / 64, 1 / 64, 1 / 64, 13 / 64] * 40:
        moments.append(moments[-1] + interval)
    meter = RateMeter(clock=iter(moments).__next__)
    rates = [meter.tick() for _ in moments]
    assert rates[0] == 0
    assert rates[-1] == pytest.approx(16)


def test_the_rate_forgets_what_is_over_a_second_ago():
    moments = [*np.arange(100) * 0.01, *(1 + np.arange(1, 40) * 0.1)]
    meter = RateMeter(clock=iter(moments).__next__)
    assert [meter.tick() for _ in moments][-1] == pytest.approx(10)


def test_frames_slower_than_one_a_second_still_have_a_rate():
    meter = RateMeter(clock=iter([0.0, 4.0, 8.0]).__next__)
    assert [meter.tick() for _ in range(3)] == [0, 0.25, 0.25]


def test_every_frame_carries_the_rate():
    sink = FakeSink()
    run(FakeSource(3), [sink])
    rates = [result.rate_hz for result, _ in sink.written]
    assert rates[0] == 0
    assert all(rate > 0 for rate in rates[1:])


def test_failures_come_through_with_the_count_of_what_was_done():
    statistics = RunStatistics()
    with SignalGuard() as signals, pytest.raises(SourceError):
        follow(
            FakeSource(9, fails_at=3),
            FakeTracker(),
            [],
            camera_of,
            Annotator(),
            statistics,
            Report(io.StringIO()),
            signals,
        )
    assert statistics.frames == 3
    assert statistics.loop_s > 0


def test_a_sink_that_fails_ends_the_run():
    def fail():
        raise SinkError("disk full")

    with pytest.raises(SinkError):
        run(FakeSource(9), [FakeSink(on_write=fail)])


@pytest.mark.skipif(sys.platform == "win32", reason="os.kill means something else on Windows")
def test_ctrl_c_lets_all_sinks_have_the_frame_that_is_under_way():
    def press_ctrl_c():
        os.kill(os.getpid(), signal.SIGINT)

    first, second = FakeSink(on_write=press_ctrl_c), FakeSink()
    with pytest.raises(Interrupted):
        run(FakeSource(9), [first, second])
    assert len(first.written) == len(second.written) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="os.kill means something else on Windows")
def test_ctrl_c_ends_a_pause_after_the_recording_sinks_have_the_frame():
    def pause():
        os.kill(os.getpid(), signal.SIGINT)
        pytest.fail("the pause went on")

    window, log = FakeSink(on_write=pause, waits_for_people=True), FakeSink()
    with pytest.raises(Interrupted):
        run(FakeSource(9), [window, log])
    assert len(log.written) == 1


def test_time_spent_waiting_for_people_is_told_apart():
    statistics = run(FakeSource(2), [FakeSink(waits_for_people=True), FakeSink()])
    assert list(statistics.stage_seconds)[-2:] == ["write", "show"]

"""Two passes over a recording: what is kept of the first, and what the sinks get in the second."""

from __future__ import annotations

import io

import numpy as np
import pytest

from tests.tracker.sinks.material import face, grey, tracked
from tests.tracker.test_loop import Annotator, FakeSink, FakeSource
from tracker.frame import TrackState
from tracker.interruption import SignalGuard
from tracker.recording import Recording, write_recording
from tracker.report import Report, RunStatistics

COASTING = TrackState.COASTING


def recording_of(*frames):
    recording = Recording()
    for result in frames:
        recording.write(result, None)
    return recording


def write(results, sinks, source=None, annotate=None):
    statistics = RunStatistics(unwritten=True)
    with SignalGuard() as signals:
        write_recording(results, source, sinks, annotate or Annotator(), statistics, Report(io.StringIO()), signals)
    return statistics


def test_every_face_is_smoothed_under_its_own_id():
    near, far = (0.0, 0.0, 500.0), (200.0, 0.0, 900.0)
    frames = [
        tracked(0, poses=[face(1, translation=near)]),
        tracked(1, poses=[face(1, translation=near), face(2, translation=far)]),
        tracked(2, poses=[face(2, translation=far)]),
        tracked(3),
    ]
    smoothed = recording_of(*frames).smoothed()
    assert [[each.track for each in result.poses] for result in smoothed] == [[1], [1, 2], [2], []]
    for result in smoothed:
        for each in result.poses:
            np.testing.assert_allclose(each.pose.translation, near if each.track == 1 else far, atol=1e-6)


def test_a_frame_in_which_the_face_was_not_seen_lies_between_its_neighbours():
    places = [(10.0 * index, 0.0, 600.0) for index in range(9)]
    frames = [tracked(index, poses=[face(translation=place)]) for index, place in enumerate(places)]
    frames[4] = tracked(4, poses=[face(translation=(-300.0, 0.0, 600.0), state=COASTING)])
    smoothed = recording_of(*frames).smoothed()
    assert [result.poses[0].state is COASTING for result in smoothed] == [index == 4 for index in range(9)]
    np.testing.assert_allclose(smoothed[4].poses[0].pose.translation, places[4], atol=2)


def test_a_pose_that_is_not_believed_is_marked_as_not_measured():
    frames = [tracked(index, poses=[face()]) for index in range(20)]
    frames[10] = tracked(10, poses=[face(translation=(300.0, 0.0, 600.0))])
    smoothed = recording_of(*frames).smoothed()
    assert smoothed[10].poses[0].state is COASTING
    np.testing.assert_allclose(smoothed[10].poses[0].pose.translation, (10, -20, 600), atol=1)


def test_box_score_and_times_stay_as_they_were():
    frames = [tracked(index, time_s=index * 0.1, poses=[face(score=0.5 + index / 10)]) for index in range(3)]
    smoothed = recording_of(*frames).smoothed()
    assert [result.frame.time_s for result in smoothed] == [0, 0.1, 0.2]
    assert [result.poses[0].score for result in smoothed] == [0.5, 0.6, 0.7]
    assert [result.poses[0].box for result in smoothed] == [result.poses[0].box for result in frames]


def test_no_picture_is_kept():
    (result,) = recording_of(tracked(image=grey(77, 640, 480))).smoothed()
    assert result.frame.image.shape == (480, 640, 3)
    assert max(result.frame.image.strides) == 0  # one byte stands for all
    assert not result.frame.image.any()


def test_without_pictures_the_file_is_not_read_again():
    sink, annotate = FakeSink(), Annotator()
    statistics = write(recording_of(tracked(0), tracked(1)).smoothed(), [sink], annotate=annotate)
    assert [result.frame.index for result, _ in sink.written] == [0, 1]
    assert annotate.calls == 0
    assert "read" not in statistics.stage_seconds
    assert not statistics.unwritten


def test_pictures_of_the_second_reading_meet_their_own_poses():
    results = recording_of(*[tracked(index, poses=[face(track=index + 1)]) for index in (0, 2, 3)]).smoothed()
    sink = FakeSink(needs_picture=True)
    write(results, [sink], FakeSource(9))  # frame 1 was not readable in the first pass; four were asked for
    assert [result.frame.index for result, _ in sink.written] == [0, 2, 3]
    assert [result.poses[0].track for result, _ in sink.written] == [1, 3, 4]
    assert [int(picture[0, 0, 0]) for _, picture in sink.written] == [0, 2, 3]


def test_a_window_that_is_closed_ends_the_writing():
    window, log = FakeSink(stop_after=1, waits_for_people=True), FakeSink()
    write(recording_of(tracked(0), tracked(1)).smoothed(), [window, log])
    assert len(window.written) == len(log.written) == 1


def test_the_time_of_both_passes_is_counted():
    statistics = RunStatistics(loop_s=5.0)
    with SignalGuard() as signals:
        write_recording([], None, [], Annotator(), statistics, Report(io.StringIO()), signals)
    assert statistics.loop_s == pytest.approx(5.0, abs=1.0)
    assert statistics.loop_s > 5.0

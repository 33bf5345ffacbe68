"""Warnings, progress and summary as the person at the terminal gets them."""

import io
import logging
from pathlib import Path

import numpy as np
import pytest

from fpn.camera import Camera
from fpn.pose import HeadPose
from fpn.roi import Box
from tracker.frame import Frame, TrackedFrame, TrackedPose, TrackState
from tracker.report import Report, RunStatistics, summary_lines


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def tracked():
    def make(*tracks, rate_hz=25.0):
        zero = np.zeros((3, 3))
        pose = HeadPose(np.eye(3), np.array([0, 0, 600.0]), zero, zero)
        poses = tuple(TrackedPose(track, TrackState.TRACKED, pose, 0.9, Box(0, 0, 5, 5)) for track in tracks)
        frame = Frame(np.zeros((8, 8, 3), np.uint8), time_s=0.0, index=0, name="clip.mp4")
        return TrackedFrame(frame, poses, Camera.from_fov(8, 8), rate_hz)

    return make


def test_warnings_of_every_layer_are_one_line_each():
    stream = io.StringIO()
    with Report(stream):
        logging.getLogger("tracker.sources.images").warning("%s:\n cannot be read", "a.jpg")
        logging.getLogger("fpn.estimator").info("not worth saying")
        logging.getLogger("some.library").warning("library chatter")
    assert stream.getvalue() == "warning: a.jpg: cannot be read\n"


def test_verbose_shows_information_too():
    stream = io.StringIO()
    with Report(stream, verbose=True):
        logging.getLogger("fpn.estimator").info("loaded")
    assert stream.getvalue() == "info: loaded\n"


def test_afterwards_logging_is_as_it_was():
    logger = logging.getLogger("tracker")
    before = logger.level, list(logger.handlers), logger.propagate
    with Report(io.StringIO()):
        pass
    assert (logger.level, logger.handlers, logger.propagate) == before


def test_no_progress_goes_to_a_file(tracked):
    stream = io.StringIO()
    with Report(stream) as report:
        report.begin_progress("clip.mp4", total=10)
        report.advance(tracked(1))
    assert stream.getvalue() == ""


@pytest.mark.parametrize("total", [10, None])
def test_progress_names_the_source_and_counts_the_frames(tracked, total):
    terminal = Terminal()
    with Report(terminal) as report:
        report.begin_progress("clip [1].mp4", total)
        for _ in range(3):
            report.advance(tracked(1, 2))
    assert "clip [1].mp4" in terminal.getvalue()
    assert "3 frames" in terminal.getvalue()
    assert "2 faces" in terminal.getvalue()


def test_a_warning_during_progress_is_shown_whole(tracked):
    terminal = Terminal()
    with Report(terminal) as report:
        report.begin_progress("clip.mp4", 10)
        logging.getLogger("tracker.x").warning("%s [b]cannot[/b] be read", "x" * 300)
        report.advance(tracked(1))
    assert f"warning: {'x' * 300} [b]cannot[/b] be read" in terminal.getvalue()


def test_the_summary_counts_frames_faces_and_tracks(tracked):
    statistics = RunStatistics()
    for tracks in [(1, 2), (1,), ()]:
        statistics.count(tracked(*tracks))
    statistics.loop_s, statistics.startup_s, statistics.device = 2.0, 1.26, "CPU (LiteRT)"
    lines = summary_lines(statistics, [Path("out/a.mp4"), Path("out/a.csv")])
    assert lines == [
        "frames  3",
        "faces   3 in 2 frames; 2 tracks",
        "speed   1.5 frames a second (2.0 s, after 1.3 s to start; CPU (LiteRT))",
        "time    other 100 %",
        "wrote   out/a.mp4",
        "wrote   out/a.csv",
    ]


def test_the_summary_says_what_was_lost_and_that_it_was_broken_off():
    statistics = RunStatistics(frames=7, dropped=3, skipped=1)
    first = summary_lines(statistics, [], complete=False)[0]
    assert first == "frames  7, then stopped; 3 dropped to keep up; 1 unreadable and skipped"


def test_shares_of_time_follow_the_path_and_add_up():
    statistics = RunStatistics(frames=1, loop_s=4.0)
    statistics.add("read", 1.0)
    statistics.add("network", 1.5)
    statistics.add("read", 1.0)
    assert "time    read 50 %, network 38 %, other 12 %" in summary_lines(statistics, [])


def test_a_stage_is_timed_even_when_it_fails():
    statistics = RunStatistics()
    with pytest.raises(ZeroDivisionError), statistics.stage("read"):
        1 / 0  # noqa: B018
    assert statistics.stage_seconds["read"] > 0


def test_a_run_that_was_ended_before_its_first_frame_has_no_speed():
    assert summary_lines(RunStatistics(), [], complete=False) == [
        "frames  0, then stopped",
        "faces   0 in 0 frames; 0 tracks",
    ]


def test_waiting_is_shown_until_progress_begins(tracked):
    terminal = Terminal()
    with Report(terminal) as report:
        report.begin_waiting("loading")
        report.begin_progress("clip.mp4", 10)
        before = terminal.getvalue().count("loading")
        report.advance(tracked(1))
    assert before > 0
    assert terminal.getvalue().count("loading") == before


def test_waiting_is_not_shown_in_a_file():
    stream = io.StringIO()
    with Report(stream) as report:
        report.begin_waiting("loading")
    assert stream.getvalue() == ""

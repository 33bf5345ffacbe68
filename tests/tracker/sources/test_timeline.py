from __future__ import annotations

from fractions import Fraction

import pytest

from tracker.sources.timeline import Timeline


def places(timestamps: list[float | None], rate: Fraction | None = Fraction(10)) -> list[float]:
    timeline = Timeline(rate)
    return [timeline.place(timestamp) for timestamp in timestamps]


def test_increasing_timestamps_are_used_as_they_are() -> None:
    assert places([1.4, 1.5, 1.52, 9.0]) == [1.4, 1.5, 1.52, 9.0]


def test_a_missing_timestamp_continues_at_the_nominal_rate() -> None:
    assert places([0.0, None, None, 0.3]) == pytest.approx([0, 0.1, 0.2, 0.3])


def test_a_recording_without_any_timestamps_starts_at_0_and_runs_at_its_rate() -> None:
    assert places([None, None, None], Fraction(50)) == pytest.approx([0, 0.02, 0.04])


def test_without_timestamps_and_rate_25_frames_a_second_are_assumed() -> None:
    assert places([None, None, None], None) == pytest.approx([0, 0.04, 0.08])


def test_a_doubled_timestamp_moves_by_a_millisecond_and_leaves_the_following_alone() -> None:
    assert places([0.0, 0.1, 0.1, 0.2, 0.3]) == pytest.approx([0, 0.1, 0.101, 0.2, 0.3])


def test_a_timestamp_a_little_early_follows_the_previous_one() -> None:
    assert places([0.0, 0.3, 0.1, 0.2, 0.4]) == pytest.approx([0, 0.3, 0.301, 0.302, 0.4])


def test_timestamps_that_start_over_go_on_from_where_the_first_part_ended() -> None:
    assert places([5.0, 5.1, 0.0, 0.2, 0.25]) == pytest.approx([5.0, 5.1, 5.2, 5.4, 5.45])


def test_timestamps_that_start_over_twice_keep_increasing() -> None:
    assert places([5.0, 0.0, 3.0, 0.0, 0.1]) == pytest.approx([5.0, 5.1, 8.1, 8.2, 8.3])

from __future__ import annotations

import numpy as np
import pytest

from fpn.roi import Roi
from tracker.search import SearchSchedule, search_looks


@pytest.mark.parametrize(
    ("width", "height"), [(1280, 720), (1920, 1080), (3840, 2160), (640, 480), (720, 1280), (2000, 300), (512, 512)]
)
def test_every_face_lies_whole_in_a_square_in_which_it_is_large_enough(width: int, height: int) -> None:
    rng = np.random.default_rng(0)
    looks = search_looks(width, height)
    smallest = max(max(width, height) / 32, 30)
    for _ in range(500):
        face = smallest * (min(width, height) / smallest) ** rng.random()
        x, y = rng.uniform(face / 2, width - face / 2), rng.uniform(face / 2, height - face / 2)
        shares = [
            face / look.side
            for look in looks
            if max(abs(x - look.center_x), abs(y - look.center_y)) + face / 2 <= look.side / 2 + 1
        ]
        assert max(shares, default=0) > 0.1


def test_a_face_as_large_as_the_picture_has_room_around_it() -> None:
    for width, height in [(512, 512), (640, 480), (300, 400)]:
        assert max(look.side for look in search_looks(width, height)) >= 1.5 * min(width, height)


def test_small_pictures_need_few_looks_and_tiny_ones_at_least_one() -> None:
    assert len(search_looks(1280, 720)) <= 18
    assert len(search_looks(400, 300)) <= 7
    assert len(search_looks(8, 8)) >= 1


def looks_of(schedule: SearchSchedule, frames: int, *, anybody: bool) -> list[tuple[Roi, ...]]:
    return [schedule.looks(1280, 720, anybody=anybody) for _ in range(frames)]


def test_everything_is_searched_in_the_first_frame() -> None:
    assert SearchSchedule(30).looks(1280, 720, anybody=False) == search_looks(1280, 720)


@pytest.mark.parametrize("detect_every", [1, 2, 7, 30, 100])
def test_a_search_is_spread_over_the_frames_and_then_complete(detect_every: int) -> None:
    schedule = SearchSchedule(detect_every)
    everything = schedule.looks(1280, 720, anybody=True)
    for _ in range(3):
        frames = looks_of(schedule, detect_every, anybody=True)
        assert {look for frame in frames for look in frame} == set(everything)
        assert sum(map(len, frames)) == len(everything)
        assert max(map(len, frames)) - min(map(len, frames)) <= 1


def test_the_search_is_quicker_while_there_is_nobody() -> None:
    schedule = SearchSchedule(30)
    everything = schedule.looks(1280, 720, anybody=False)
    frames = looks_of(schedule, 5, anybody=False)
    assert {look for frame in frames for look in frame} == set(everything)


def test_everything_is_searched_after_a_restart_and_in_pictures_of_another_size() -> None:
    schedule = SearchSchedule(30)
    looks_of(schedule, 3, anybody=True)
    schedule.restart()
    assert schedule.looks(1280, 720, anybody=True) == search_looks(1280, 720)
    assert schedule.looks(640, 480, anybody=True) == search_looks(640, 480)

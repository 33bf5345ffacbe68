from __future__ import annotations

import pytest

from fpn.roi import Box
from tracker.assignment import assign_boxes, can_follow, covered_share, displacement, is_inside, is_same_face


def square(x: float, y: float, size: float = 100.0) -> Box:
    """A box around a point."""
    return Box(x - size / 2, y - size / 2, size, size)


def test_nothing_is_assigned_to_nothing() -> None:
    assert assign_boxes([], [], [square(0, 0)]) == []
    assert assign_boxes([square(0, 0)], [1.0], []) == []


def test_together_the_pairs_are_the_nearest_even_if_one_alone_could_be_nearer() -> None:
    # The first would take the second's box if each took its nearest in turn.
    expected = [square(100, 0), square(150, 0)]
    found = [square(140, 0), square(50, 0)]
    assert sorted(assign_boxes(expected, [1.0, 1.0], found)) == [(0, 1), (1, 0)]


def test_a_face_beyond_reach_stays_single_and_a_longer_reach_takes_it() -> None:
    expected, found = [square(0, 0)], [square(120, 0)]
    assert assign_boxes(expected, [0.5], found) == []
    assert assign_boxes(expected, [1.5], found) == [(0, 0)]


def test_a_box_of_quite_another_size_is_another_face() -> None:
    assert assign_boxes([square(0, 0, 100)], [1.0], [square(0, 0, 30)]) == []
    assert assign_boxes([square(0, 0, 100)], [1.0], [square(0, 0, 50)]) == [(0, 0)]


def test_of_two_boxes_in_one_place_the_one_of_the_right_size_is_taken() -> None:
    assert assign_boxes([square(0, 0, 100)], [1.0], [square(5, 0, 60), square(5, 0, 105)]) == [(0, 1)]


@pytest.mark.parametrize(
    ("other", "same"),
    [(square(20, 10, 110), True), (square(60, 0), False), (square(0, 0, 40), False), (Box(0, 0, 0, 0), False)],
)
def test_one_face_has_boxes_of_one_place_and_size(other: Box, same: bool) -> None:
    assert is_same_face(square(0, 0), other) is same
    assert is_same_face(other, square(0, 0)) is same


def test_a_small_box_in_a_large_one_is_inside_and_so_the_other_way_round() -> None:
    assert is_inside(square(30, 30, 30), square(0, 0))
    assert is_inside(square(0, 0), square(30, 30, 30))
    assert not is_inside(square(50, 0, 30), square(0, 0))
    assert not is_inside(square(500, 0, 30), square(0, 0))


def test_the_covered_share_is_of_the_first_box() -> None:
    assert covered_share(square(0, 0, 100), square(75, 0, 100)) == pytest.approx(0.25)
    assert covered_share(square(0, 0, 50), square(0, 0, 100)) == 1
    assert covered_share(square(0, 0, 100), square(0, 0, 50)) == pytest.approx(0.25)
    assert covered_share(square(0, 0, 100), square(300, 0, 100)) == 0


def test_displacement_counts_place_and_size() -> None:
    assert displacement(square(0, 0), square(0, 0)) == 0
    assert displacement(square(0, 0), square(30, 40)) == pytest.approx(0.5)
    assert displacement(square(0, 0, 100), square(0, 0, 200)) == pytest.approx(0.693, abs=1e-3)


def test_a_face_can_follow_itself_within_reach_and_growth() -> None:
    assert can_follow(square(0, 0), square(40, 0, 120), reach=0.5, growth=1.3)
    assert not can_follow(square(0, 0), square(80, 0, 120), reach=0.5, growth=1.3)
    assert not can_follow(square(0, 0), square(40, 0, 150), reach=0.5, growth=1.3)

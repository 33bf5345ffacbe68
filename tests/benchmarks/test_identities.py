"""Scenes of several heads as they are drawn, and the measures of IDs on tracks whose faults are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.crowd_scenes import CROWDS
from benchmarks.identities import Followed, accumulate, measures, overlap, recoveries, report
from benchmarks.scene_clips import Scene, SceneClip, TrueHead, draw_scenes, read_scene
from fpn.pose import HeadPose
from fpn.roi import Box
from tracker.frame import TrackedPose, TrackState
from tracker.sources import open_source

POSE = HeadPose(np.eye(3), np.array([0.0, 0, 900]), np.eye(3), np.eye(3))


def box(x: float) -> Box:
    return Box(x, 50.0, 100.0, 100.0)


def scene_of(*frames: dict[str, tuple[float, float]]) -> SceneClip:
    """Heads by name, each with its x and the share of it that is visible, frame by frame."""
    heads = [[TrueHead(name, visible, box(x), POSE) for name, (x, visible) in frame.items()] for frame in frames]
    return SceneClip("scene", Path("scene.mp4"), [index / 10 for index in range(len(frames))], heads)


def shown(*frames: dict[int, float]) -> list[list[TrackedPose]]:
    """Tracks by ID with their x, frame by frame."""
    return [
        [TrackedPose(track, TrackState.TRACKED, POSE, 1.0, box(x)) for track, x in frame.items()] for frame in frames
    ]


def measured(clip: SceneClip, tracks: list[list[TrackedPose]]) -> dict[str, float]:
    return measures({"scene": accumulate(Followed(clip, tracks))})["all"]


def test_exact_tracks_are_without_fault() -> None:
    clip = scene_of(*[{"a": (0, 1.0), "b": (300, 1.0)}] * 4)
    found = measured(clip, shown(*[{7: 0, 9: 300}] * 4))
    assert [found[key] for key in ("recall", "precision", "idf1", "mota")] == [1, 1, 1, 1]
    assert found["num_switches"] == found["num_fragmentations"] == 0


def test_exchanged_ids_are_two_switches_and_half_the_idf1() -> None:
    clip = scene_of(*[{"a": (0, 1.0), "b": (300, 1.0)}] * 4)
    found = measured(clip, shown(*[{1: 0, 2: 300}] * 2, *[{2: 0, 1: 300}] * 2))
    assert found["num_switches"] == 2
    assert found["idf1"] == pytest.approx(0.5)
    assert found["mota"] == pytest.approx(1 - 2 / 8)


def test_a_gap_is_a_fragment_and_costs_recall_and_a_phantom_costs_precision() -> None:
    clip = scene_of(*[{"a": (0, 1.0)}] * 4)
    found = measured(clip, shown({1: 0}, {}, {1: 0}, {1: 0, 5: 500}))
    assert found["num_fragmentations"] == 1
    assert found["recall"] == pytest.approx(3 / 4)
    assert found["precision"] == pytest.approx(3 / 4)


def test_half_hidden_faces_may_be_tracked_or_not() -> None:
    clip = scene_of(*[{"a": (0, 1.0), "b": (300, 0.4)}] * 3)
    for tracks in ({1: 0}, {1: 0, 2: 300}):
        assert measured(clip, shown(*[tracks] * 3))["mota"] == 1


def test_a_track_on_a_face_that_is_hidden_is_a_mistake() -> None:
    clip = scene_of(*[{"a": (0, 1.0), "b": (300, 0.1)}] * 2)
    assert measured(clip, shown(*[{1: 0, 2: 300}] * 2))["precision"] == pytest.approx(0.5)


@pytest.mark.parametrize(("again", "same"), [(1, True), (3, False)])
def test_what_becomes_of_a_hidden_face_is_told_with_its_times(again: int, same: bool) -> None:
    clip = scene_of(*[{"a": (0, visible)} for visible in (1.0, 1.0, 0.4, 0.0, 0.4, 0.9, 1.0, 1.0)])
    followed = Followed(clip, shown({1: 0}, {1: 0}, {}, {}, {}, {}, {again: 0}, {again: 0}))
    (one,) = recoveries(followed, accumulate(followed))
    assert one.head == "a"
    assert one.hidden_s == pytest.approx(0.3)
    assert one.found_after_s == pytest.approx(0.1)
    assert one.same_id is same


def test_a_face_that_is_not_found_again_is_told_as_such() -> None:
    clip = scene_of(*[{"a": (0, visible)} for visible in (1.0, 0.0, 1.0, 1.0)])
    followed = Followed(clip, shown({1: 0}, {}, {}, {}))
    (one,) = recoveries(followed, accumulate(followed))
    assert one.found_after_s is None
    assert not one.same_id


def test_the_overlap_is_intersection_over_union() -> None:
    np.testing.assert_allclose(overlap([box(0), box(50)], [box(0)]), [[1], [1 / 3]])
    assert overlap([], [box(0)]).shape == (0, 1)


def test_the_report_is_a_table_of_scenes_and_hidden_faces(capsys: pytest.CaptureFixture[str]) -> None:
    clip = scene_of(*[{"a": (0, visible)} for visible in (1.0, 0.0, 1.0)])
    report([Followed(clip, shown({1: 0}, {}, {1: 0}))])
    printed = capsys.readouterr().out
    assert "IDF1" in printed
    assert "1 of 1 under the same ID" in printed


def test_a_scene_is_drawn_with_what_is_visible_of_each_head_and_read_back(tmp_path: Path) -> None:
    def near(t: float):  # type: ignore[no-untyped-def]
        return (0.0, 0.0, 0.0), (-220.0 + 2200 * t, 0.0, 700.0)

    def far(t: float):  # type: ignore[no-untyped-def]
        return (20.0, 0.0, 0.0), (0.0, 0.0, 1200.0)

    draw_scenes(tmp_path, {"pass": Scene(4 / 30, {"near": near, "far": far}, size=(192, 144), covered=(0.1, 1.0))})
    clip = read_scene(tmp_path, "pass")
    visible = [{head.name: head.visible for head in heads} for heads in clip.frames]
    assert [each["near"] for each in visible] == [1.0, 1.0, 1.0, 0.0]
    assert visible[0]["far"] > 0.9
    assert visible[2]["far"] < 0.4  # behind the near one, 147 mm to its left
    head = next(head for head in clip.frames[0] if head.name == "near")
    np.testing.assert_allclose(head.pose.translation, [-220, 0, 700])
    assert head.box.x < 96 < next(head for head in clip.frames[0] if head.name == "far").box.x + 40
    with open_source(str(clip.video)) as source:
        pictures = [frame.image for frame in source]
    assert len(pictures) == 4
    assert pictures[3].mean() < 20  # the lens is covered


def test_every_kind_of_confusion_has_a_scene() -> None:
    assert any(scene.cut_s < scene.seconds for scene in CROWDS.values())
    assert any(0 < scene.covered[1] - scene.covered[0] <= 1 for scene in CROWDS.values())
    assert all(2 <= len(scene.heads) <= 6 for scene in CROWDS.values())

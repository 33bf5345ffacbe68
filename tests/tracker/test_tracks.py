"""Who is who over time, in simulated scenes with exact ground truth."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from tests.tracker.simulation import (
    Scene,
    SimulatedDetector,
    SimulatedNetwork,
    away,
    play,
    still,
    tracker_of,
    walking,
    who,
)
from tracker.frame import TrackedPose, TrackState

Frames = list[tuple[float, tuple[TrackedPose, ...]]]


def ids_of(scene: Scene, frames: Iterable[tuple[float, tuple[TrackedPose, ...]]]) -> dict[str, list[int]]:
    """IDs that each head was seen under, coasting apart, in order of time and without repetition."""
    ids: dict[str, list[int]] = {name: [] for name in scene.heads}
    for time_s, poses in frames:
        scene.now = time_s
        for tracked in poses:
            if tracked.state is TrackState.COASTING:
                continue
            name = who(scene, tracked)
            assert name is not None, f"track {tracked.track} is on no head at {time_s:.2f} s"
            if tracked.track not in ids[name][-1:]:
                ids[name].append(tracked.track)
    return ids


def states_of(frames: Frames, track: int) -> list[TrackState | None]:
    return [next((each.state for each in poses if each.track == track), None) for _, poses in frames]


def test_faces_are_found_in_the_first_frame_and_keep_their_ids() -> None:
    scene = Scene({"left": still(-200), "right": still(200), "far": still(0, -100, 2500)})
    frames = list(play(scene, tracker_of(scene), 2))
    assert all(len(poses) == 3 for _, poses in frames)
    assert all(len(each) == 1 for each in ids_of(scene, frames).values())
    assert states_of(frames, 1) == [TrackState.DETECTED] + [TrackState.TRACKED] * 59


def test_poses_are_the_true_ones_and_steadier_than_measured() -> None:
    turned = Rotation.from_euler("yx", [35, -15], degrees=True)
    scene = Scene({"a": still(-120, 60, 900, turned)})
    frames = list(play(scene, tracker_of(scene), 3))
    errors = [
        np.degrees((Rotation.from_matrix(poses[0].pose.rotation) * turned.inv()).magnitude())
        for _, poses in frames[30:]
    ]
    assert np.sqrt(np.mean(np.square(errors))) < 0.5 * 0.3 * np.sqrt(3)
    places = np.array([poses[0].pose.translation for _, poses in frames[30:]])
    np.testing.assert_allclose(places.mean(0), [-120, 60, 900], atol=1)


def test_an_empty_scene_is_a_normal_result() -> None:
    scene = Scene({"nobody": lambda time_s: None})
    assert all(poses == () for _, poses in play(scene, tracker_of(scene), 1))


def test_a_face_that_appears_later_is_found_within_a_second_and_gets_its_own_id() -> None:
    scene = Scene({"a": still(-200), "b": away(still(200), 0, 1)})
    frames = list(play(scene, tracker_of(scene), 2.1))
    assert ids_of(scene, frames) == {"a": [1], "b": [2]}
    assert len(frames[-1][1]) == 2


def test_into_an_empty_scene_a_face_comes_within_five_frames() -> None:
    scene = Scene({"a": away(still(), 0, 1)})
    frames = list(play(scene, tracker_of(scene), 1.2))
    assert len(frames[30 + 4][1]) == 1


@pytest.mark.parametrize("gap_s", [0.1, 0.5, 0.9])
def test_after_a_dropout_of_up_to_a_second_the_id_is_the_same(gap_s: float) -> None:
    scene = Scene({"a": away(still(100), 1, 1 + gap_s)})
    frames = list(play(scene, tracker_of(scene), 3))
    assert ids_of(scene, frames) == {"a": [1]}
    during = [poses for time_s, poses in frames if 1 <= time_s < 1 + gap_s - 1e-9]
    assert all(poses[0].state is TrackState.COASTING for poses in during)
    assert frames[round(30 * (1 + gap_s))][1][0].state is not TrackState.COASTING


def test_a_face_that_moved_on_while_it_was_hidden_is_recovered_under_its_id() -> None:
    scene = Scene({"a": away(walking((-250, 0, 800), (150, 0, 0)), 1, 1.8)})
    assert ids_of(scene, play(scene, tracker_of(scene), 3)) == {"a": [1]}


def test_a_face_that_turned_round_while_it_was_hidden_is_recovered_under_its_id() -> None:
    def path(time_s: float) -> tuple[Rotation, tuple[float, float, float]] | None:
        if 1 <= time_s < 1.6:
            return None
        return (Rotation.identity() if time_s < 1 else Rotation.from_euler("y", 70, degrees=True)), (60.0, 0.0, 800.0)

    scene = Scene({"a": path})
    assert ids_of(scene, play(scene, tracker_of(scene), 3)) == {"a": [1]}


def test_a_face_gone_for_longer_is_ended_and_comes_back_as_another() -> None:
    scene = Scene({"a": still(-200), "b": away(still(200), 1, 2.5)})
    frames = list(play(scene, tracker_of(scene), 4))
    assert ids_of(scene, frames) == {"a": [1], "b": [2, 3]}
    seen = {time_s for time_s, poses in frames for each in poses if each.track == 2}
    assert 1.9 < max(seen) <= 2.05


def test_a_face_seen_for_a_moment_only_is_not_waited_for() -> None:
    scene = Scene({"a": away(still(), 0.1, 9)})
    frames = list(play(scene, tracker_of(scene), 1))
    assert [len(poses) for _, poses in frames[:3]] == [1, 1, 1]
    assert all(poses == () for time_s, poses in frames if time_s > 0.25)


def test_a_track_may_die_on_its_first_frame() -> None:
    scene = Scene({"a": away(still(), 1 / 60, 9)})
    frames = list(play(scene, tracker_of(scene), 1))
    assert len(frames[0][1]) == 1
    assert frames[10][1] == ()


def test_a_face_that_leaves_the_picture_is_ended_at_once_and_another_that_enters_is_another() -> None:
    def first_or_second(time_s: float) -> tuple[Rotation, np.ndarray]:
        x = 600 * time_s if time_s < 1.2 else 600 * (time_s - 2)
        return Rotation.identity(), np.array([x, 0.0, 800.0])

    scene = Scene({"a": first_or_second})
    frames = list(play(scene, tracker_of(scene), 2.2))
    assert ids_of(scene, frames) == {"a": [1, 2]}
    leaves_s = 0.5 * 640 / scene.camera.K[0, 0] * 800 / 600
    assert all(poses == () for time_s, poses in frames if leaves_s + 0.1 < time_s < 1.2)


@pytest.mark.parametrize("speed", [150, 250, 500, 1000])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_faces_that_cross_keep_their_ids(speed: float, seed: int) -> None:
    start = min(speed, 400)  # both in the picture from the beginning
    scene = Scene(
        {
            "near": walking((-start, 0, 800), (speed, 0, 0)),
            "far": walking((start, -20, 1100), (-speed, 0, 0)),
            "third": still(0, -260, 1500),
        },
        rng=np.random.default_rng(seed),
        width=1280,
        height=720,
    )
    frames = list(play(scene, tracker_of(scene), 2.0))
    ids = ids_of(scene, frames)
    assert sorted(len(each) for each in ids.values()) == [1, 1, 1], ids


def test_two_tracks_are_never_shown_on_one_face() -> None:
    # The far head walks behind the near one and stays hidden there.
    scene = Scene(
        {
            "near": still(),
            "far": lambda time_s: (Rotation.identity(), np.array([min(-300 + 200 * time_s, 0), 0, 1000.0])),
        }
    )
    frames = list(play(scene, tracker_of(scene), 4))
    for time_s, poses in frames:
        scene.now = time_s
        names = [who(scene, each) for each in poses if each.state is not TrackState.COASTING]
        assert len(names) == len(set(names))
    assert [each.track for each in frames[-1][1]] == [who_is(scene, frames[0][1], "near")]


@pytest.mark.parametrize("far_mm", [850.0, 1000.0])
def test_a_hidden_face_does_not_take_the_face_of_the_one_that_hides_it(far_mm: float) -> None:
    def coming(time_s: float) -> tuple[Rotation, np.ndarray] | None:
        return (Rotation.identity(), np.array([min(-300 + 200 * (time_s - 1), 0), 0, 800.0])) if time_s > 1 else None

    scene = Scene({"far": still(0, 0, far_mm), "near": coming})
    frames = list(play(scene, tracker_of(scene), 5))
    assert ids_of(scene, frames)["near"] == [2]


def who_is(scene: Scene, poses: Iterable[TrackedPose], name: str) -> int:
    now, scene.now = scene.now, 0.0
    (track,) = [each.track for each in poses if who(scene, each) == name]
    scene.now = now
    return track


def test_doubled_detections_make_one_track() -> None:
    scene = Scene({"a": still()})

    class Doubling(SimulatedDetector):
        def detect(self, image, looks=None):  # type: ignore[no-untyped-def]
            return [each for each in super().detect(image, looks) for _ in range(2)]

    frames = list(play(scene, tracker_of(scene, detector=Doubling(scene)), 1))
    assert all(len(poses) == 1 for _, poses in frames)
    assert ids_of(scene, frames) == {"a": [1]}


def test_a_detection_that_the_network_does_not_confirm_is_no_track() -> None:
    scene = Scene({"a": still()})
    network = SimulatedNetwork(scene, presence=0.5)
    assert all(poses == () for _, poses in play(scene, tracker_of(scene, estimator=network), 0.5))


class Doubting(SimulatedNetwork):
    """Claims an uncertainty of the rotation of so many degrees from a time on."""

    std_deg, from_s = 15.0, 0.0

    def estimate(self, image, rois, camera):  # type: ignore[no-untyped-def]
        estimates = super().estimate(image, rois, camera)
        if self.scene.now >= self.from_s:
            for estimate in estimates:
                estimate.pose.rotation_covariance[:] = np.eye(3) * np.radians(self.std_deg) ** 2
        return estimates


def test_a_detection_whose_pose_is_all_doubt_is_no_track() -> None:
    # As for buns of hair and straps, which detector and network alike take for faces.
    scene = Scene({"a": still()})
    assert all(poses == () for _, poses in play(scene, tracker_of(scene, estimator=Doubting(scene)), 0.5))


def test_a_track_whose_pose_becomes_all_doubt_is_not_seen_and_ends() -> None:
    scene = Scene({"a": still()})
    network = Doubting(scene)
    network.from_s = 1.0
    detector = SimulatedDetector(scene)
    tracker = tracker_of(scene, estimator=network, detector=detector)
    frames = list(play(scene, tracker, 2.5))
    assert all(poses[0].state is not TrackState.COASTING for _, poses in frames[:30])
    assert all(each.state is TrackState.COASTING for _, poses in frames[30:] for each in poses)
    assert frames[-1][1] == ()


def test_a_face_that_is_as_doubtful_as_real_ones_are_is_tracked() -> None:
    scene = Scene({"a": still()})
    network = Doubting(scene)
    network.std_deg = 8.0
    assert ids_of(scene, play(scene, tracker_of(scene, estimator=network), 1)) == {"a": [1]}


def test_a_lost_face_does_not_take_the_id_of_another_depth() -> None:
    # A far face is gone; a near one appears at its place in the picture.
    scene = Scene({"far": away(still(0, 0, 1600), 0.5, 9), "near": away(still(0, 0, 800), 0, 0.7)})
    assert ids_of(scene, play(scene, tracker_of(scene), 1.5)) == {"far": [1], "near": [2]}


@pytest.mark.parametrize("gap_s", [0.2, 0.9])
def test_a_lens_that_is_covered_for_up_to_a_second_leaves_all_ids_as_they_are(gap_s: float) -> None:
    scene = Scene({"a": still(-150), "b": still(150)})
    scene.picture[:] = np.random.default_rng(0).integers(0, 255, (12, 16, 1), np.uint8).repeat(40, 0).repeat(40, 1)
    shown, tracker = scene.picture, tracker_of(scene)
    frames = []
    for index in range(75):
        scene.now = index / 30
        covered = 1 <= scene.now < 1 + gap_s - 1e-9
        scene.picture = np.zeros_like(shown) if covered else shown
        frames.append((scene.now, tracker.update(scene.picture, scene.now)))
        if covered:
            assert [each.state for each in frames[-1][1]] == [TrackState.COASTING] * 2
    assert sorted(ids_of(scene, frames).items()) == [("a", [1]), ("b", [2])]


def test_what_the_network_takes_for_a_face_and_the_detector_does_not_is_given_up() -> None:
    scene = Scene({"a": still()})
    detector = SimulatedDetector(scene)
    tracker = tracker_of(scene, detector=detector)
    list(play(scene, tracker, 1))
    detector.blind = True
    frames = list(play(scene, tracker, 4, from_s=1))
    assert len(frames[15][1]) == 1
    assert frames[-1][1] == ()


def test_a_face_turned_away_is_tracked_on_though_the_detector_cannot_see_it() -> None:
    def turning(time_s: float) -> tuple[Rotation, tuple[float, float, float]]:
        return Rotation.from_euler("y", min(80 * time_s, 80), degrees=True), (0.0, 0.0, 800.0)

    scene = Scene({"a": turning})
    detector = SimulatedDetector(scene)
    tracker = tracker_of(scene, detector=detector)
    list(play(scene, tracker, 0.4))
    detector.blind = True
    assert ids_of(scene, play(scene, tracker, 5, from_s=0.4)) == {"a": [1]}


@pytest.mark.parametrize("axis", ["z", "y", "x"])
def test_any_quick_turn_is_followed_without_losing_the_face(axis: str) -> None:
    scene = Scene({"a": lambda time_s: (Rotation.from_euler(axis, np.radians(60) * np.sin(6 * time_s)), (0, 0, 800))})
    frames = list(play(scene, tracker_of(scene), 3))
    assert ids_of(scene, frames) == {"a": [1]}
    worst = 0.0
    for time_s, poses in frames[5:]:
        scene.now = time_s
        truth = scene.pose("a")
        assert truth is not None
        error = Rotation.from_matrix(poses[0].pose.rotation @ truth.rotation.T).magnitude()
        worst = max(worst, float(np.degrees(error)))
    assert worst < 5


def test_a_network_gone_mad_for_a_frame_is_not_believed() -> None:
    scene = Scene({"a": still()})

    class Mad(SimulatedNetwork):
        def estimate(self, image, rois, camera):  # type: ignore[no-untyped-def]
            estimates = super().estimate(image, rois, camera)
            if abs(scene.now - 1) < 1e-6:
                for estimate in estimates:
                    estimate.pose.rotation[:] = np.nan
            return estimates

    frames = list(play(scene, tracker_of(scene, estimator=Mad(scene)), 2))
    assert ids_of(scene, frames) == {"a": [1]}
    assert frames[30][1][0].state is TrackState.COASTING
    assert all(np.isfinite(poses[0].pose.rotation).all() for _, poses in frames)


def test_the_region_of_a_resting_head_rests_too() -> None:
    scene = Scene({"a": still()}, rotation_noise_deg=0.5)
    network = SimulatedNetwork(scene)
    list(play(scene, tracker_of(scene, estimator=network), 3))
    centers = np.array([(roi.center_x, roi.side) for roi in network.regions[-60:]])
    assert centers.std(axis=0).max() < 0.5  # pixels; the measured region trembles by about one


def test_a_crowd_keeps_its_ids_through_noise_and_dropouts() -> None:
    rng = np.random.default_rng(3)
    heads = {}
    for index in range(8):
        x, y = -700 + 200 * index, rng.uniform(-150, 150)
        gap = rng.uniform(0.6, 3.0)
        heads[f"head {index}"] = away(walking((x, y, 2000 + 60 * index), rng.uniform(-25, 25, 3)), gap, gap + 0.5)
    scene = Scene(heads, width=1280, height=720)
    frames = list(play(scene, tracker_of(scene), 5))
    ids = ids_of(scene, frames)
    assert sorted(each for several in ids.values() for each in several) == list(range(1, 9)), ids

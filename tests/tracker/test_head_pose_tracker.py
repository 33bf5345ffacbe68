from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from fpn.camera import Camera
from fpn.roi import Box
from tests.tracker.simulation import Scene, SimulatedDetector, SimulatedNetwork, play, still, tracker_of, walking
from tracker import HeadPoseTracker
from tracker.errors import DetectorError, UsageError
from tracker.frame import TrackState


@pytest.fixture
def scene() -> Scene:
    return Scene({"a": still(-150), "b": still(150)})


def test_tracked_faces_cost_one_network_call_a_frame_and_fresh_ones_two_more(scene: Scene) -> None:
    network = SimulatedNetwork(scene)
    list(play(scene, tracker_of(scene, estimator=network), 1))
    assert network.calls == [2, 2] + [2] * 29  # two passes for two fresh faces, then both together


def test_most_frames_need_no_detection(scene: Scene) -> None:
    detector = SimulatedDetector(scene)
    tracker = tracker_of(scene, detector=detector)
    list(play(scene, tracker, 0.1))
    first = detector.looks
    list(play(scene, tracker, 10, from_s=0.1))
    assert (detector.looks - first) / (9.9 * 30) < 0.8


def test_detect_every_frame_searches_everything_in_every_frame(scene: Scene) -> None:
    detector = SimulatedDetector(scene)
    list(play(scene, tracker_of(scene, detector=detector, detect_every=1), 1))
    assert detector.looks >= 30 * 15


def test_given_boxes_are_used_in_place_of_detection(scene: Scene) -> None:
    detector = SimulatedDetector(scene)
    tracker = tracker_of(scene, detector=detector)
    box_of_b = next(face.box for face in scene.faces() if face.name == "b")
    (found,) = tracker.update(scene.picture, 0.0, [box_of_b])
    assert found.state is TrackState.DETECTED
    assert found.pose.translation[0] == pytest.approx(150, abs=10)
    (again,) = tracker.update(scene.picture, 0.1, [box_of_b])
    assert (again.track, again.state) == (found.track, TrackState.TRACKED)
    (without,) = tracker.update(scene.picture, 0.2, [])
    assert (without.track, without.state) == (found.track, TrackState.TRACKED)
    assert detector.looks == 0


def test_every_given_box_gives_a_pose_in_the_order_given_however_doubtful(scene: Scene) -> None:
    tracker = tracker_of(scene, estimator=SimulatedNetwork(scene, presence=0.1))
    boxes = [face.box for face in sorted(scene.faces(), key=lambda face: face.name, reverse=True)]
    found = tracker.update(scene.picture, 0.0, boxes)
    assert [each.score for each in found] == [0.1, 0.1]
    np.testing.assert_allclose([each.pose.translation[0] for each in found], [150, -150], atol=10)


@pytest.mark.parametrize(("shift", "growth"), [(0.0, 1.0), (0.15, 1.3), (-0.2, 0.8)])
def test_the_network_looks_twice_so_the_box_matters_little(scene: Scene, shift: float, growth: float) -> None:
    network = SimulatedNetwork(scene)
    exact = next(face for face in scene.faces() if face.name == "a")
    side = growth * exact.box.width
    box = Box(exact.center[0] - side / 2 + shift * side, exact.center[1] - side / 2 + shift * side, side, side)
    tracker_of(scene, estimator=network).update(scene.picture, 0.0, [box])
    second = network.regions[1]
    assert (second.center_x, second.center_y) == pytest.approx(tuple(exact.center), abs=0.05 * exact.roi.side)
    assert second.side == pytest.approx(exact.roi.side, rel=0.05)


def test_reset_between_stills_gives_unsmoothed_poses_under_new_ids(scene: Scene) -> None:
    tracker = tracker_of(scene)
    numbers = set()
    for index in range(5):
        scene.heads["a"] = still(-300 + 50 * index)
        tracker.reset()
        found = tracker.update(scene.picture, 0.0)
        assert [each.state for each in found] == [TrackState.DETECTED] * 2
        assert min(each.pose.translation[0] for each in found) == pytest.approx(-300 + 50 * index, abs=5)
        numbers |= {each.track for each in found}
    assert numbers == set(range(1, 11))


def test_smoothing_off_gives_poses_as_measured(scene: Scene) -> None:
    spread = {
        name: np.std(
            [poses[0].pose.translation[2] for _, poses in play(scene, tracker_of(scene, smoothing=name), 3)][30:]
        )
        for name in ("off", "default")
    }
    assert spread["off"] == pytest.approx(4, rel=0.3)
    assert spread["default"] < 0.5 * spread["off"]


def test_a_time_that_goes_back_begins_a_new_recording(scene: Scene) -> None:
    tracker = tracker_of(scene)
    before = [each.track for each in tracker.update(scene.picture, 10.0)]
    again = tracker.update(scene.picture, 3.0)
    assert [each.state for each in again] == [TrackState.DETECTED] * 2
    assert not set(before) & {each.track for each in again}


def test_the_same_time_twice_is_a_second_look_at_the_same_moment(scene: Scene) -> None:
    tracker = tracker_of(scene)
    first = tracker.update(scene.picture, 1.0)
    second = tracker.update(scene.picture, 1.0)
    assert [each.track for each in second] == [each.track for each in first]
    assert second[0].pose.position_std_mm <= first[0].pose.position_std_mm


def test_over_a_gap_of_five_seconds_a_face_that_is_still_there_keeps_its_id(scene: Scene) -> None:
    tracker = tracker_of(scene)
    list(play(scene, tracker, 1))
    scene.now = 6.0
    scene.heads["b"] = lambda time_s: None
    found = tracker.update(scene.picture, 6.0)
    assert [each.track for each in found] == [1]


@pytest.mark.parametrize("time_s", [np.nan, np.inf, -np.inf])
def test_a_time_that_is_none_is_refused(scene: Scene, time_s: float) -> None:
    with pytest.raises(ValueError, match="time_s"):
        tracker_of(scene).update(scene.picture, time_s)


def test_pictures_of_another_size_begin_a_new_recording_with_a_camera_of_that_size(scene: Scene) -> None:
    tracker = HeadPoseTracker(estimator=SimulatedNetwork(scene), detector=SimulatedDetector(scene))
    first = tracker.update(scene.picture, 0.0)
    assert (tracker.camera.width, tracker.camera.height) == (640, 480)
    np.testing.assert_allclose(tracker.camera.K, Camera.from_fov(640, 480, 60).K)
    larger = Scene({"a": still()}, width=1280, height=720)
    tracker = HeadPoseTracker(camera=scene.camera, estimator=SimulatedNetwork(scene), detector=SimulatedDetector(scene))
    first = tracker.update(scene.picture, 0.0)
    tracker._estimator, tracker._detector = SimulatedNetwork(larger), SimulatedDetector(larger)
    second = tracker.update(larger.picture, 0.1)
    assert not {each.track for each in first} & {each.track for each in second}
    np.testing.assert_allclose(tracker.camera.K, scene.camera.resized(1280, 720).K)


def test_the_camera_can_be_changed_between_frames(scene: Scene) -> None:
    tracker = tracker_of(scene)
    narrow = Camera.from_fov(640, 480, 20)
    tracker.camera = narrow
    tracker.update(scene.picture, 0.0)
    assert tracker.camera is narrow


def test_without_a_camera_and_a_frame_none_is_in_force(scene: Scene) -> None:
    with pytest.raises(ValueError, match="no camera was given"):
        _ = HeadPoseTracker(estimator=SimulatedNetwork(scene), detector=SimulatedDetector(scene)).camera


def test_grey_and_transparent_and_strided_pictures_are_taken(scene: Scene) -> None:
    wide = np.zeros((480, 1280, 3), np.uint8)
    for picture in (
        cv2.cvtColor(scene.picture, cv2.COLOR_BGR2GRAY),
        scene.picture[:, :, :1],
        cv2.cvtColor(scene.picture, cv2.COLOR_BGR2BGRA),
        wide[:, ::2],
        scene.picture[::-1, ::-1],
        np.asfortranarray(scene.picture),
    ):
        assert len(tracker_of(scene).update(picture, 0.0)) == 2  # the simulated network checks what it is given


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((480, 640, 3), np.float32),
        np.zeros((480, 640, 3), np.uint16),
        np.zeros((480, 640, 2), np.uint8),
        np.zeros((480, 640, 5), np.uint8),
        np.zeros((2, 480, 640, 3), np.uint8),
        np.zeros((0, 640, 3), np.uint8),
        np.zeros(640, np.uint8),
        None,
    ],
)
def test_what_is_no_picture_is_refused_with_what_was_expected(scene: Scene, picture: np.ndarray) -> None:
    with pytest.raises(ValueError, match="the image must"):
        tracker_of(scene).update(picture, 0.0)


def test_the_picture_is_not_modified() -> None:
    scene = Scene({"a": still()})
    scene.picture[:] = np.random.default_rng(0).integers(0, 255, scene.picture.shape, np.uint8)
    before = scene.picture.copy()
    tracker_of(scene).update(scene.picture, 0.0)
    np.testing.assert_array_equal(scene.picture, before)


def test_a_scene_cut_ends_all_tracks_at_once() -> None:
    scene = Scene({"a": still()})
    rng = np.random.default_rng(0)
    pictures = [
        cv2.resize(rng.integers(0, 255, (6, 8, 3), np.uint8), (640, 480), interpolation=cv2.INTER_CUBIC)
        for _ in range(2)
    ]
    tracker = tracker_of(scene)
    shown = [tracker.update(pictures[index // 10], index / 30) for index in range(20)]
    assert {each.track for poses in shown[:10] for each in poses} == {1}
    assert {each.track for poses in shown[10:] for each in poses} == {2}
    assert shown[10][0].state is TrackState.DETECTED


def test_where_the_time_went_is_kept_by_stage(scene: Scene) -> None:
    tracker = tracker_of(scene)
    assert dict(tracker.stage_seconds) == {"detect": 0, "network": 0, "track": 0}
    list(play(scene, tracker, 0.5))
    assert all(seconds > 0 for seconds in tracker.stage_seconds.values())


def test_an_off_centre_head_that_walks_through_the_picture_is_followed_to_its_edge() -> None:
    scene = Scene({"a": walking((-900, 0, 1200), (600, 0, 0))}, width=1280, height=720)
    frames = [(time_s, poses) for time_s, poses in play(scene, tracker_of(scene), 3) if poses]
    assert {each.track for _, poses in frames for each in poses} == {1}
    for time_s, poses in frames[3:]:
        scene.now = time_s
        truth = scene.pose("a")
        assert truth is not None
        np.testing.assert_allclose(poses[0].pose.translation, truth.translation, atol=15)
        assert Rotation.from_matrix(poses[0].pose.rotation).magnitude() < np.radians(2)


@pytest.mark.parametrize("options", [{"smoothing": "strong"}, {"detect_every": 0}, {"detect_every": -3}])
def test_bad_options_are_refused_before_anything_is_loaded(options: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        HeadPoseTracker(**options)  # type: ignore[arg-type]


def test_a_detector_model_that_is_not_there_is_an_error_at_once(scene: Scene, tmp_path: Path) -> None:
    with pytest.raises(DetectorError, match="no such detector model"):
        HeadPoseTracker(detector_model=tmp_path / "face.tflite", estimator=SimulatedNetwork(scene))


def test_a_given_detector_stays_open_and_an_own_one_is_closed(scene: Scene) -> None:
    class Closable(SimulatedDetector):
        closed = False

        def close(self) -> None:
            self.closed = True

    given = Closable(scene)
    with HeadPoseTracker(estimator=SimulatedNetwork(scene), detector=given) as tracker:
        tracker.update(scene.picture, 0.0)
    tracker.close()
    assert not given.closed


def test_importing_the_package_loads_nothing_heavy_and_gives_the_tracker_when_asked() -> None:
    code = (
        "import sys, tracker; heavy = {'mediapipe', 'tensorflow', 'filterpy', 'cv2'} & set(sys.modules);"
        "from tracker import HeadPoseTracker; late = {'mediapipe', 'tensorflow'} & set(sys.modules);"
        "print(heavy, late, HeadPoseTracker.__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["set()", "set()", "HeadPoseTracker"]


def test_an_unknown_name_of_the_package_is_an_attribute_error() -> None:
    import tracker

    with pytest.raises(AttributeError, match="Tracker3D"):
        _ = tracker.Tracker3D

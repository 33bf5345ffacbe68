"""The zero pose: what it makes of poses, when it is set, and how it is remembered."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from fpn.pose import HeadPose
from tests.tracker.sinks.material import face, tracked
from tracker.errors import NeutralError
from tracker.frame import TrackState
from tracker.neutral import Neutral

SEAT = Rotation.from_euler("XYZ", [-12, 35, 4], degrees=True)  # the camera stands beside the screen
PLACE = np.array([150.0, -40.0, 620.0])


def seated(turn: Rotation | None = None, moved=(0.0, 0.0, 0.0), **changes):
    """A face at the seat, turned and moved about the axes of the head as it sits there."""
    rotation = SEAT * (turn or Rotation.identity())
    return face(rotation=rotation.as_matrix(), translation=PLACE + SEAT.apply(moved), **changes)


def told(neutral: Neutral, *faces, time_s: float = 0.0) -> HeadPose:
    result = neutral.applied(tracked(time_s=time_s, poses=faces))
    return result.told(result.poses[0])


@pytest.fixture
def neutral():
    neutral = Neutral("camera 0")
    neutral.set([seated()])
    return neutral


def test_without_a_zero_pose_poses_are_those_of_the_camera():
    one = seated()
    assert told(Neutral("camera 0"), one) is one.pose


def test_the_pose_that_was_set_is_zero(neutral):
    pose = told(neutral, seated())
    assert pose.angles_deg == pytest.approx((0, 0, 0), abs=1e-9)
    np.testing.assert_allclose(pose.translation, 0, atol=1e-9)


@pytest.mark.parametrize(
    ("axis", "angles_deg"), [("y", (20, 0, 0)), ("x", (0, -20, 0)), ("z", (0, 0, 20))], ids=["yaw", "pitch", "roll"]
)
def test_a_turn_about_ones_own_axis_is_one_angle_wherever_the_camera_stands(neutral, axis, angles_deg):
    pose = told(neutral, seated(Rotation.from_euler(axis, 20, degrees=True)))
    assert pose.angles_deg == pytest.approx(angles_deg, abs=1e-9)


def test_a_move_is_told_along_the_axes_of_the_head_as_it_sat(neutral):
    pose = told(neutral, seated(Rotation.from_euler("y", 30, degrees=True), moved=(5.0, -7.0, -90.0)))
    np.testing.assert_allclose(pose.translation, (5.0, -7.0, -90.0), atol=1e-9)


def test_uncertainty_turns_into_the_frame_of_the_zero_pose(neutral):
    spread = np.diag([1.0, 4.0, 100.0])  # the camera's depth is least sure
    pose = told(neutral, seated(position_covariance=spread))
    depth = SEAT.inv().apply([0, 0, 1.0])
    assert depth @ pose.position_covariance @ depth == pytest.approx(100.0)
    assert pose.position_std_mm == pytest.approx(np.sqrt(105 / 3))


def test_the_poses_in_the_camera_frame_stay_for_drawing(neutral):
    one = seated()
    assert neutral.applied(tracked(poses=[one])).poses == (one,)


def test_it_is_taken_from_the_longest_known_face_that_is_seen():
    neutral = Neutral("camera 0")
    hidden, seen = seated(state=TrackState.COASTING), face(2)
    neutral.set([hidden, seen, face(3, translation=(0, 0, 900.0))])
    assert neutral.pose is seen.pose


def test_without_a_face_nothing_is_set_and_it_says_so():
    neutral = Neutral("camera 0")
    assert neutral.set([seated(state=TrackState.COASTING)]).startswith("no face")
    assert neutral.pose is None


def test_clearing_goes_back_to_the_camera(neutral):
    neutral.clear()
    one = seated()
    assert told(neutral, one) is one.pose


def test_from_the_first_face_zero_is_the_pose_after_half_a_second():
    neutral = Neutral("camera 0", from_first_face=True)
    assert neutral.applied(tracked(time_s=5.0)).neutral is None  # nobody is there
    yaws = {}
    for time_s, yaw in ((7.0, 0.0), (7.3, 5.0), (7.5, 8.0), (7.6, 11.0)):
        yaws[time_s] = told(neutral, seated(Rotation.from_euler("y", yaw, degrees=True)), time_s=time_s).angles_deg[0]
    assert yaws == pytest.approx({7.0: 0, 7.3: 0, 7.5: 0, 7.6: 3}, abs=1e-9)


def test_of_unrelated_pictures_the_first_is_zero():
    neutral = Neutral("photos", from_first_face=True, settle_s=0.0)
    assert told(neutral, seated()).angles_deg[0] == pytest.approx(0, abs=1e-9)
    assert told(neutral, seated(Rotation.from_euler("y", 9, degrees=True))).angles_deg[0] == pytest.approx(9)


def test_it_is_remembered_for_each_camera(tmp_path):
    file = tmp_path / "zero.json"
    for name, distance in (("camera 0", 500.0), ("camera 1", 700.0), ("camera 0", 600.0)):
        Neutral(name, file=file).set([face(rotation=SEAT.as_matrix(), translation=(0.0, 0.0, distance))])
    for name, distance in (("camera 0", 600.0), ("camera 1", 700.0)):
        remembered = Neutral(name, file=file).pose
        np.testing.assert_allclose(remembered.rotation, SEAT.as_matrix(), atol=1e-12)
        np.testing.assert_array_equal(remembered.translation, (0, 0, distance))
    assert Neutral("camera 2", file=file).pose is None
    assert [path.name for path in tmp_path.iterdir()] == ["zero.json"]


def test_that_of_the_first_face_replaces_what_was_remembered(tmp_path):
    file = tmp_path / "zero.json"
    Neutral("camera 0", file=file).set([face(translation=(0.0, 0.0, 500.0))])
    neutral = Neutral("camera 0", file=file, from_first_face=True)
    for time_s in (0.0, 0.6):
        neutral.applied(tracked(time_s=time_s, poses=[face(translation=(0.0, 0.0, 800.0))]))
    assert Neutral("camera 0", file=file).pose.translation[2] == 800


def test_clearing_does_not_make_it_forget(tmp_path):
    file = tmp_path / "zero.json"
    neutral = Neutral("camera 0", file=file)
    neutral.set([seated()])
    neutral.clear()
    assert Neutral("camera 0", file=file).pose is not None


NAN_PLACE = {"camera 0": {"rotation_xyzw": [0, 0, 0, 1], "translation_mm": [0, float("nan"), 600]}}
SHORT_PLACE = {"camera 0": {"rotation_xyzw": [0, 0, 0, 1], "translation_mm": [600]}}
NO_ROTATION = {"camera 0": {"rotation_xyzw": [0, 0, 0, 0], "translation_mm": [0, 0, 600]}}


@pytest.mark.parametrize(
    "text",
    ["precious", "", "[1, 2]", '{"a": 1}', *map(json.dumps, (NAN_PLACE, SHORT_PLACE, NO_ROTATION))],
    ids=["words", "empty", "a list", "no pose", "not a number", "one coordinate", "no rotation"],
)
def test_a_file_of_something_else_is_refused_and_left_alone(tmp_path, text):
    file = tmp_path / "zero.json"
    file.write_text(text)
    with pytest.raises(NeutralError, match=r"zero\.json.*another name"):
        Neutral("camera 0", file=file)
    assert file.read_text() == text


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(NeutralError, match="create it first"):
        Neutral("camera 0", file=tmp_path / "nowhere" / "zero.json")


def test_a_zero_pose_that_cannot_be_stored_holds_all_the_same_and_it_is_said(tmp_path, caplog):
    folder = tmp_path / "folder"
    folder.mkdir()
    neutral = Neutral("camera 0", file=folder / "zero.json")
    folder.rmdir()
    assert "not stored" in neutral.set([seated()])
    assert "not stored" in caplog.text
    assert neutral.pose is not None

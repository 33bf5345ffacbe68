"""Neighbouring frames as twins: which are taken, and how they are framed."""

import cv2
import numpy as np
import pytest

pytest.importorskip("numba")

from fpn.camera import Camera
from fpn.head import FACE_CENTER_MM, LANDMARKS_MM
from fpn.network import EXPRESSION_COUNT
from fpn.pose import HeadPose
from fpn.rotations import geodesic_deg, rotation_from_angles
from training.neighbours import LONGEST_S, framed_face, quiet_pairs
from training.turning import PICTURE_SIZE, ROI_PIXELS

RATE_HZ = 30


def head(yaws_deg):
    return np.stack([rotation_from_angles(yaw, 0, 0) for yaw in yaws_deg])


def faces(count, blinks=()):
    expressions = np.zeros((count, EXPRESSION_COUNT))
    expressions[list(blinks), 0] = 1
    return expressions


def test_a_pair_reaches_from_the_open_eye_to_the_closed_one():
    times = np.arange(12) / RATE_HZ
    pairs = quiet_pairs(times, head(np.zeros(12)), faces(12, blinks=[6]))
    assert pairs and 6 in pairs[0]
    for first, second in pairs:
        assert 0 < times[second] - times[first] <= LONGEST_S


def test_no_pair_lies_in_or_beside_a_quick_turn():
    times = np.arange(60) / RATE_HZ
    yaws = np.clip(2.0 * (np.arange(60) - 25), 0, 20)  # 60 degrees a second from frame 25 to 35
    pairs = quiet_pairs(times, head(yaws), np.random.default_rng(0).normal(size=(60, EXPRESSION_COUNT)))
    assert len(pairs) > 4
    for first, second in pairs:
        assert second < 25 or first > 35


def test_no_pair_spans_a_frame_in_which_the_face_was_not_seen():
    expressions = np.random.default_rng(1).normal(size=(40, EXPRESSION_COUNT))
    expressions[20] = np.nan
    pairs = quiet_pairs(np.arange(40) / RATE_HZ, head(np.zeros(40)), expressions)
    assert pairs
    for first, second in pairs:
        assert second < 20 or first > 20


def test_a_still_face_gives_no_pairs():
    assert quiet_pairs(np.arange(30) / RATE_HZ, head(np.zeros(30)), faces(30)) == []


def test_a_face_beside_the_middle_of_the_frame_is_framed_as_drawn_pictures_are_and_posed_to_its_line_of_sight():
    camera = Camera.from_fov(640, 480, 60)
    rotation = rotation_from_angles(20, -10, 5)
    pose = HeadPose(rotation, np.array([150.0, -60.0, 700.0]), np.eye(3), np.eye(3))
    pixels = camera.project(LANDMARKS_MM @ rotation.T + pose.translation)
    center = camera.project((rotation @ FACE_CENTER_MM + pose.translation)[None])[0]
    frame = np.zeros((480, 640), np.uint8)
    for x, y in pixels:
        cv2.circle(frame, (round(float(x)), round(float(y))), 1, 90, -1)
    cv2.circle(frame, (round(float(center[0])), round(float(center[1]))), 3, 255, -1)
    picture, seen = framed_face(frame, pose, camera)
    bright = np.argwhere(picture > 200).mean(0)
    np.testing.assert_allclose(bright, (PICTURE_SIZE - 1) / 2, atol=1.5)
    marks = np.argwhere(picture > 40)
    spread = np.ptp(marks, axis=0).max()
    assert 0.4 * ROI_PIXELS < spread < 1.1 * ROI_PIXELS
    sight = rotation @ FACE_CENTER_MM + pose.translation
    off_axis = np.degrees(np.arccos(sight[2] / np.linalg.norm(sight)))
    assert geodesic_deg(seen[None], rotation[None])[0] == pytest.approx(off_axis, abs=0.3)

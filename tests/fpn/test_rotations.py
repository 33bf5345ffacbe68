"""Rotations against scipy, against hand-computed directions and against their own defining properties."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from fpn.rotations import (
    angles_from_rotation,
    geodesic_deg,
    mirror_rotation,
    rotation_from_angles,
    rotation_from_six,
    rotation_towards,
)

NOSE = np.array([0.0, 0.0, -1.0])  # in the head frame the face looks back at the camera
CROWN = np.array([0.0, -1.0, 0.0])  # y points down


@pytest.fixture
def some_rotations():
    return Rotation.random(200, random_state=7).as_matrix()


def test_a_frontal_head_has_the_identity_rotation():
    np.testing.assert_allclose(rotation_from_angles(0, 0, 0), np.eye(3), atol=1e-12)


def test_positive_yaw_turns_the_nose_to_the_left_of_the_picture():
    x, y, z = rotation_from_angles(30, 0, 0) @ NOSE
    assert x == pytest.approx(-0.5)
    assert y == pytest.approx(0)
    assert z == pytest.approx(-np.sqrt(0.75))


def test_positive_pitch_lifts_the_nose():
    x, y, z = rotation_from_angles(0, 30, 0) @ NOSE
    assert (x, y) == pytest.approx((0, -0.5))  # up is minus y
    assert z < 0


def test_positive_roll_turns_the_head_clockwise_as_seen_in_the_picture():
    x, y, z = rotation_from_angles(0, 0, 30) @ CROWN
    assert (x, y, z) == pytest.approx((0.5, -np.sqrt(0.75), 0))  # the crown goes to the picture's right


def test_angles_compose_as_scipy_composes_them():
    expected = Rotation.from_euler("XYZ", [-10, 20, 30], degrees=True).as_matrix()
    np.testing.assert_allclose(rotation_from_angles(20, 10, 30), expected, atol=1e-12)


def test_angles_broadcast_over_any_shape():
    assert rotation_from_angles(np.zeros((2, 1)), np.zeros(3), 5.0).shape == (2, 3, 3, 3)


def test_angles_are_recovered_over_their_whole_range():
    yaw, pitch, roll = np.meshgrid([-89, -40, 0, 40, 89], [-179, -90, 0, 90, 179], [-179, -90, 0, 90, 179])
    read = angles_from_rotation(rotation_from_angles(yaw, pitch, roll))
    for given, found in zip((yaw, pitch, roll), read, strict=True):
        np.testing.assert_allclose(found, given, atol=1e-6)


@pytest.mark.parametrize("yaw", [90, -90])
def test_at_gimbal_lock_the_angles_still_give_the_same_rotation(yaw):
    rotation = rotation_from_angles(yaw, 25, 10)
    found = angles_from_rotation(rotation)
    assert found[0] == pytest.approx(yaw)
    assert found[2] == 0
    np.testing.assert_allclose(rotation_from_angles(*found), rotation, atol=1e-9)


def test_six_numbers_give_the_rotation_whose_first_columns_they_are(some_rotations):
    six = np.concatenate([some_rotations[..., 0], some_rotations[..., 1]], axis=-1)
    np.testing.assert_allclose(rotation_from_six(six), some_rotations, atol=1e-12)


def test_any_six_numbers_give_a_proper_rotation():
    rotations = rotation_from_six(np.random.default_rng(3).normal(size=(4, 5, 6)))
    np.testing.assert_allclose(
        rotations @ rotations.swapaxes(-1, -2), np.broadcast_to(np.eye(3), (4, 5, 3, 3)), atol=1e-12
    )
    np.testing.assert_allclose(np.linalg.det(rotations), 1)


def test_six_numbers_keep_the_direction_of_the_first_three():
    rotation = rotation_from_six(np.array([2.0, 0, 0, 5, 3, 0]))
    np.testing.assert_allclose(rotation, np.eye(3), atol=1e-12)


def test_geodesic_agrees_with_the_angle_of_the_relative_rotation_in_scipy(some_rotations):
    first, second = some_rotations[:100], some_rotations[100:]
    expected = np.degrees((Rotation.from_matrix(first).inv() * Rotation.from_matrix(second)).magnitude())
    np.testing.assert_allclose(geodesic_deg(first, second), expected, atol=1e-6)


@pytest.mark.parametrize("angle", [0.0, 1e-7, 1e-3, 89.9, 90.1, 179.9, 180.0])
def test_geodesic_is_exact_from_nothing_to_half_a_turn(angle):
    turned = Rotation.from_rotvec(np.radians(angle) * np.array([0.6, 0.0, 0.8])).as_matrix()
    assert geodesic_deg(np.eye(3), turned) == pytest.approx(angle, rel=1e-6, abs=1e-12)


def test_a_mirrored_head_keeps_its_pitch_and_reverses_yaw_and_roll():
    mirrored = mirror_rotation(rotation_from_angles(20, -15, 40))
    np.testing.assert_allclose(mirrored, rotation_from_angles(-20, -15, -40), atol=1e-12)


def test_rotation_towards_takes_the_optical_axis_to_the_direction_by_the_smallest_turn():
    directions = np.random.default_rng(5).normal(size=(50, 3))
    directions[:, 2] = np.abs(directions[:, 2]) + 0.1
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    rotations = rotation_towards(directions * 7)  # length does not matter
    np.testing.assert_allclose(rotations @ [0, 0, 1], directions, atol=1e-12)
    smallest = np.degrees(np.arccos(directions[:, 2]))
    np.testing.assert_allclose(np.degrees(Rotation.from_matrix(rotations).magnitude()), smallest, atol=1e-6)
    np.testing.assert_allclose(np.linalg.det(rotations), 1)


def test_rotation_towards_the_axis_itself_is_the_identity():
    np.testing.assert_array_equal(rotation_towards(np.array([0.0, 0.0, 1.0])), np.eye(3))

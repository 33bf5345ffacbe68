from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from tracker.so3 import is_rotation, rotation_exp, rotation_log

ANGLES = [0.0, 1e-12, 1e-8, 1e-5, 1e-3, 1.0, 2.0, 3.0, np.pi - 1e-3, np.pi - 1e-7, np.pi]


@pytest.mark.parametrize("angle", ANGLES)
def test_log_inverts_scipys_exponential_for_every_angle_up_to_180_degrees(angle: float) -> None:
    for axis in np.random.default_rng(1).normal(size=(100, 3)):
        expected = Rotation.from_rotvec(angle * axis / np.linalg.norm(axis))
        vector = rotation_log(expected.as_matrix())
        assert np.linalg.norm(vector) <= np.pi + 1e-12
        assert (Rotation.from_rotvec(vector) * expected.inv()).magnitude() < 1e-12 + 1e-8 * angle


@pytest.mark.parametrize("angle", ANGLES)
def test_exponential_is_scipys(angle: float) -> None:
    for axis in np.random.default_rng(2).normal(size=(100, 3)):
        vector = angle * axis / np.linalg.norm(axis)
        np.testing.assert_allclose(rotation_exp(vector), Rotation.from_rotvec(vector).as_matrix(), atol=1e-14)


def test_180_degree_turns_about_the_axes_have_a_vector_of_pi() -> None:
    for axis in np.eye(3):
        turn = np.diag(2 * axis - 1)
        np.testing.assert_allclose(np.abs(rotation_log(turn)), np.pi * axis, atol=1e-12)


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        (Rotation.from_rotvec([0.3, -2.0, 0.5]).as_matrix(), True),
        (Rotation.from_rotvec([0.3, -2.0, 0.5]).as_matrix().astype(np.float32), True),
        (np.diag([1.0, 1.0, -1.0]), False),
        (2 * np.eye(3), False),
        (np.zeros((3, 3)), False),
        (np.full((3, 3), np.nan), False),
        (np.array([[1.0, np.inf, 0], [0, 1, 0], [0, 0, 1]]), False),
    ],
)
def test_only_rotations_are_rotations(matrix: np.ndarray, expected: bool) -> None:
    assert is_rotation(matrix) is expected

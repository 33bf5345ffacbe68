"""Whether labels fall short of the yaws that pictures show."""

from dataclasses import dataclass

import numpy as np
import pytest

pytest.importorskip("numba")

from fpn.rotations import angles_from_rotation, rotation_from_angles
from training import label_check
from training.dataset import PictureSet
from training.head_fit import with_lost_yaw
from training.label_check import check, mesh_points, shortfall, table
from training.mesh_landmarks import MESH_INPUT
from training.picture_set import TURNED
from training.turning import PICTURE_SIZE

ORDER = np.arange(468)


def test_the_shortfall_counts_towards_the_side_a_head_is_turned_to():
    both_short = shortfall(30, 40, np.array([30.0, -32.0]), np.array([33.0, -35.0]), np.array([33.0, -35.0]))
    assert both_short.outward == pytest.approx(-3)
    assert both_short.error == pytest.approx(0)
    assert "30 to 40 | 2 | -3.00" in table("turned", [both_short])


def test_correction_returns_what_was_lost_to_either_side_and_leaves_pitch_and_roll_alone():
    yaw = np.array([-45.0, -20.0, 0.0, 20.0, 45.0])
    corrected = angles_from_rotation(with_lost_yaw(rotation_from_angles(yaw, np.full(5, 12.0), np.full(5, -7.0))))
    gained = corrected[0] - yaw
    np.testing.assert_allclose(gained, -gained[::-1], atol=1e-9)
    assert gained[3] == pytest.approx(0.06 * 20 + 3e-5 * 20**3)
    assert gained[4] > 2.25 * gained[3]  # grows faster than the yaw
    np.testing.assert_allclose(corrected[1], 12)
    np.testing.assert_allclose(corrected[2], -7)


class FixedMesh:
    """Sees a face wherever asked: points spread 60 pixels around (110, 90), none where told to be blind."""

    def __init__(self, blind: bool = False) -> None:
        self.blind, self.asked = blind, []

    def find(self, image, to_picture):
        self.asked.append(to_picture)
        ring = np.linspace(0, 2 * np.pi, 468, endpoint=False)
        points = np.column_stack([110 + 60 * np.cos(ring), 90 + 60 * np.sin(ring), np.zeros(468)])
        return None if self.blind else points.astype(np.float32)


def test_the_patch_moves_to_where_the_mesh_lies_and_what_is_not_seen_is_said():
    landmarks = np.random.default_rng(0).uniform(60, 130, (68, 3))
    landmarks[36:42, :2], landmarks[42:48, :2] = [80, 90], [112, 90]  # level eyes
    picture = np.zeros((PICTURE_SIZE, PICTURE_SIZE), np.uint8)
    mesh = FixedMesh()
    points = mesh_points(mesh, picture, landmarks, ORDER)
    np.testing.assert_allclose(points[:, :2].mean(0), [110, 90], atol=1e-3)
    last = mesh.asked[-2]
    np.testing.assert_allclose(last @ [(MESH_INPUT - 1) / 2, (MESH_INPUT - 1) / 2, 1], [110, 90], atol=0.1)
    assert last[0, 0] * MESH_INPUT == pytest.approx(1.5 * 120, rel=0.01)
    assert mesh_points(FixedMesh(blind=True), picture, landmarks, ORDER) is None


@dataclass
class ShortPose:
    """Stands for a fitter whose mesh reads a tenth less yaw than there is; points carry the picture's number."""

    yaw: np.ndarray

    def fit(self, points):
        zero = np.zeros(len(points))
        rotation = rotation_from_angles(0.9 * self.yaw[points[:, 0, 0].astype(int)], zero, zero)
        return (type("Pose", (), {"rotation": rotation}),)


def test_a_mesh_that_falls_short_shows_at_frontal_photographs_turned_away(tmp_path, monkeypatch):
    count = 400
    rng = np.random.default_rng(0)
    yaw, photo_yaw = rng.uniform(-60, 60, count), rng.uniform(-45, 45, count)
    zero = np.zeros(count)
    np.zeros((count, PICTURE_SIZE, PICTURE_SIZE), np.uint8).tofile(tmp_path / "pictures.raw")
    np.savez(
        tmp_path / "labels.npz",
        rotations=rotation_from_angles(yaw, zero, zero).astype(np.float32),
        landmarks=np.arange(count, dtype=np.float32)[:, None, None] * np.ones((68, 3), np.float32),
        kind=np.full(count, TURNED, np.uint8),
        photo=np.arange(count, dtype=np.int32),
        twin=np.zeros(count, bool),
    )
    monkeypatch.setattr(label_check, "FaceMesh", lambda: None)
    monkeypatch.setattr(label_check, "mesh_points", lambda mesh, picture, landmarks, order: landmarks[:1])
    fit = type("Fit", (), {"pose": ShortPose(yaw), "order": ORDER})
    away, back = check(PictureSet.open([tmp_path]), photo_yaw, fit, most=50)
    for row in away:
        assert -0.1 * row.high <= row.outward <= -0.1 * row.low
    assert max(abs(row.outward) for row in back) < 0.5

    assert len(away) == len(label_check.TURNS_DEG) - 1

"""Labels between mesh and network."""

import json

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

pytest.importorskip("numba")
pytest.importorskip("keras")

from fpn.network import OUTPUT_SIZE, build_network
from fpn.rotations import mirror_rotation, rotation_from_angles
from training.dataset import PictureSet
from training.picture_set import REAL, TURNED
from training.second_opinion import LARGEST_DEG, SHARE, main, opinions, readings
from training.turning import PICTURE_SIZE


def labels(count):
    rng = np.random.default_rng(0)
    return rotation_from_angles(rng.uniform(-40, 40, count), rng.normal(0, 8, count), rng.normal(0, 5, count))


def turned(rotations, vectors_deg):
    return rotations @ Rotation.from_rotvec(vectors_deg, degrees=True).as_matrix()


def test_errors_of_mesh_and_network_that_are_not_the_same_partly_cancel():
    truth, rng = labels(4000), np.random.default_rng(1)
    mesh, network = (turned(truth, rng.normal(0, 3, (4000, 3))) for _ in range(2))
    moved = turned(mesh, opinions(mesh, network))

    def error(rotations):
        return np.sqrt(
            ((Rotation.from_matrix(np.swapaxes(truth, 1, 2) @ rotations).as_rotvec(degrees=True)) ** 2).sum(1)
        ).mean()

    assert error(moved) < 0.85 * min(error(mesh), error(network))


def test_what_the_network_sees_differently_everywhere_moves_no_label():
    mesh = labels(3000)
    np.testing.assert_allclose(opinions(mesh, turned(mesh, np.tile([3.0, -1.0, 0.5], (3000, 1)))), 0, atol=1e-9)


def test_a_network_that_is_lost_moves_a_label_by_no_more_than_its_share_of_the_limit():
    mesh = labels(2000)
    lost = np.zeros((2000, 3))
    lost[5] = [0, 90, 0]
    moved = np.linalg.norm(opinions(mesh, turned(mesh, lost)), axis=1)
    assert moved[5] == pytest.approx(SHARE * LARGEST_DEG, rel=0.01)
    assert np.median(moved) < 0.5


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    rng.integers(0, 256, (20, PICTURE_SIZE, PICTURE_SIZE), np.uint8).tofile(tmp_path / "pictures.raw")
    np.savez(
        tmp_path / "labels.npz",
        rotations=labels(20).astype(np.float32),
        landmarks=np.zeros((20, 68, 3), np.float32),
        kind=np.repeat([REAL, TURNED], [12, 8]).astype(np.uint8),
        photo=np.arange(100, 120, dtype=np.int32),
        twin=np.zeros(20, bool),
    )
    return tmp_path


class LeftIsTurned:
    """Reads a yaw that grows with how much brighter the left half is, whose sign a mirror changes; plus 6 degrees
    that it does not.
    """

    input_shape = (None, 64, 64, 1)

    def predict_on_batch(self, crops):
        yaw = crops[:, :, :32].mean((1, 2, 3)) - crops[:, :, 32:].mean((1, 2, 3)) + 6
        out = np.zeros((len(crops), OUTPUT_SIZE), np.float32)
        out[:, :6] = rotation_from_angles(yaw, 0 * yaw, 0 * yaw)[:, :, :2].transpose(0, 2, 1).reshape(-1, 6)
        return out


def test_a_reading_is_the_mean_of_a_picture_and_its_mirror_image(folder):
    pictures = PictureSet.open([folder])
    pictures.pictures[0] = np.ascontiguousarray(pictures.pictures[0])
    read = readings(LeftIsTurned(), pictures, np.arange(12))
    pictures.pictures[0] = pictures.pictures[0][:, :, ::-1]
    other = readings(LeftIsTurned(), pictures, np.arange(12))
    np.testing.assert_allclose(mirror_rotation(other), read, atol=0.01)  # the bias is gone
    assert np.abs(read[:, 0, 2]).max() > 0.01


def test_the_command_writes_opinions_on_the_real_pictures_alone(folder, capsys):
    run = folder / "run"
    run.mkdir()
    (run / "plan.json").write_text(json.dumps({"backbone": "fused-xs", "input_size": 64}))
    build_network("fused-xs", 64).save_weights(run / "ema.weights.h5")
    assert main(["--set", str(folder), "--run", str(run), "--out", str(folder / "said" / "opinions.npz")]) == 0
    with np.load(folder / "said" / "opinions.npz") as said:
        np.testing.assert_array_equal(said["photo"], np.arange(100, 112))
        assert said["turn_deg"].shape == (12, 3)
    assert "12 photographs" in capsys.readouterr().out

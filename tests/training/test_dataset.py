import numpy as np
import pytest

pytest.importorskip("numba")
pytest.importorskip("keras")

from fpn.head import FACE_CENTER_MM, LANDMARKS_MM
from fpn.rotations import angles_from_rotation, mirror_rotation, rotation_from_angles
from training.dataset import TARGET_SIZE, TARGETS, PictureSet, batch, twins
from training.picture_set import REAL, TURNED, UNLABELLED
from training.train import Batches, Plan
from training.turning import PICTURE_SIZE, PIXELS_PER_MM


@pytest.fixture
def folder(tmp_path):
    """A drawn set of 300 noise pictures, real ones at the front and turned ones to the side."""
    rng = np.random.default_rng(0)
    yaw = np.concatenate([rng.normal(0, 5, 100), rng.uniform(-90, 90, 200)])
    rotations = rotation_from_angles(yaw, np.zeros(300), np.zeros(300)).astype(np.float32)
    landmarks = np.einsum("nij,pj->npi", rotations, LANDMARKS_MM - FACE_CENTER_MM) * PIXELS_PER_MM
    landmarks[..., :2] += (PICTURE_SIZE - 1) / 2
    rng.integers(0, 256, (300, PICTURE_SIZE, PICTURE_SIZE), np.uint8).tofile(tmp_path / "pictures.raw")
    np.savez(
        tmp_path / "labels.npz",
        rotations=rotations,
        landmarks=landmarks.astype(np.float32),
        kind=np.repeat([REAL, TURNED], [100, 200]).astype(np.uint8),
        photo=np.zeros(300, np.int32),
        twin=(np.arange(300) % 50 == 48) & (np.arange(300) > 100),
    )
    return tmp_path


def test_batches_are_repeatable_well_formed_and_mostly_faces(folder):
    pictures = PictureSet.open([folder])
    crops, targets = batch(np.random.default_rng(5), pictures, 64, 96)
    again, _ = batch(np.random.default_rng(5), pictures, 64, 96)
    np.testing.assert_array_equal(crops, again)
    assert crops.shape == (64, 96, 96, 1)
    assert crops.dtype == np.uint8
    assert targets.shape == (64, TARGET_SIZE)
    assert 0.75 < targets[:, TARGETS["present"]].mean() < 1
    rotations = targets[:, TARGETS["rotation"]].reshape(-1, 3, 3)
    np.testing.assert_allclose(rotations @ rotations.transpose(0, 2, 1), np.tile(np.eye(3), (64, 1, 1)), atol=1e-5)


def test_large_yaws_come_more_often_than_they_are_stored(folder):
    pictures = PictureSet.open([folder])
    chances = np.diff(pictures.chances, prepend=0)
    real, turned = chances[:100].sum(), chances[100:].sum()
    assert turned / real == pytest.approx(0.56 / 0.32, rel=1e-6)


def test_a_second_of_two_twins_comes_only_with_its_first_and_shares_pose_and_place(folder):
    pictures = PictureSet.open([folder])
    chances = np.diff(pictures.chances, prepend=0)
    firsts = np.flatnonzero(pictures.twin)
    assert not chances[firsts + 1].any()
    assert chances[firsts].sum() == pytest.approx(0.2 / 0.88, abs=1e-6)  # nothing without a label is here
    rotations = pictures.rotations
    rotations[firsts + 1] = rotations[firsts]
    _, targets = batch(np.random.default_rng(3), pictures, 256, 64)
    twin = targets[:, TARGETS["twin"]][:, 0]
    assert (twin == 1).sum() > 20 and (twin == -1).sum() > 2
    assert twin[-1] == 0  # nothing follows the last
    first = np.flatnonzero(twin)
    assert targets[first + 1, TARGETS["present"]].all() and not twin[first + 1].any()
    together = np.all(targets[first, :13] == targets[first + 1, :13], axis=1)
    assert together.sum() > 15  # twins of a set; looks at one picture differ in place


def test_faces_whose_pose_nobody_knows_come_as_two_looks_and_unposed(folder):
    with np.load(folder / "labels.npz") as labels:
        arrays = {**labels, "kind": np.full(300, UNLABELLED, np.uint8), "twin": np.zeros(300, bool)}
        arrays["kind"][0] = REAL  # crops without a face are taken from real ones
    np.savez(folder / "labels.npz", **arrays)
    _, targets = batch(np.random.default_rng(0), PictureSet.open([folder]), 128, 64)
    unposed = (targets[:, TARGETS["present"]] == 1)[:, 0] & (targets[:, TARGETS["posed"]] == 0)[:, 0]
    firsts = np.flatnonzero(targets[:, TARGETS["twin"]][:, 0])
    assert len(firsts) > 5
    assert unposed.sum() >= 2 * len(firsts[unposed[firsts]]) > 5


def test_neighbouring_frames_come_together_unposed_and_more_rarely_than_drawn_twins(folder):
    with np.load(folder / "labels.npz") as labels:
        arrays = dict(labels)
    first = int(np.flatnonzero(arrays["twin"])[-1])
    arrays["kind"][first : first + 2] = UNLABELLED
    np.savez(folder / "labels.npz", **arrays)
    pictures = PictureSet.open([folder])
    chances = np.diff(pictures.chances, prepend=0)
    assert chances[first] == pytest.approx(0.04 / 0.92, abs=1e-6)
    assert not chances[first + 1]
    pictures.chances = np.cumsum(np.arange(300) == first).astype(float)  # nothing else is drawn
    _, targets = batch(np.random.default_rng(0), pictures, 64, 64)
    here = targets[:, TARGETS["present"]][:, 0] == 1
    assert here.sum() > 30
    assert not targets[here, TARGETS["posed"]].any()
    assert (targets[here, TARGETS["twin"]] == 1).sum() == here.sum() // 2


def test_two_looks_at_a_picture_differ_by_a_turn_in_the_plane_and_a_mirror_where_they_say_so(folder):
    pictures = PictureSet.open([folder])
    yaw = angles_from_rotation(pictures.rotations)[0]
    number = int(np.flatnonzero(~pictures.twin & (abs(yaw) > 30))[0])
    labels = set()
    for seed in range(20):
        first, second, label = twins(np.random.default_rng(seed), pictures, number, 64)
        other = second.rotation if label > 0 else mirror_rotation(second.rotation)
        assert (other @ first.rotation.T)[2, 2] == pytest.approx(1, abs=1e-5)
        labels.add(label)
    assert labels == {1.0, -1.0}


def test_two_folders_are_one_set(folder):
    pictures = PictureSet.open([folder, folder])
    np.testing.assert_array_equal(pictures.picture(7), pictures.picture(307))


def test_photographs_kept_back_are_never_drawn_from(folder):
    with np.load(folder / "labels.npz") as labels:
        arrays = {**labels, "photo": np.arange(300, dtype=np.int32)}
    np.savez(folder / "labels.npz", **arrays)
    pictures = PictureSet.open([folder], keep_back=True)
    drawn = np.searchsorted(pictures.chances, np.random.default_rng(0).random(20000))
    assert set(np.flatnonzero(pictures.kept_back)) == set(range(0, 300, 40))
    assert not pictures.kept_back[drawn].any()
    assert not pictures.kept_back[pictures.real].any()
    everything = np.searchsorted(PictureSet.open([folder]).chances, np.random.default_rng(0).random(20000))
    assert pictures.kept_back[everything].any()


def test_the_trainer_lets_twins_be_heard_late_from_nothing_and_claims_after_a_while(folder):
    def shares(epoch, start):
        plan = Plan("fused-xs", 64, 10, 2, 64, 1, start, (str(folder),))
        batches = Batches(PictureSet.open([folder]), plan, workers=1)
        batches.epoch = epoch
        _, targets = batches[0]
        return np.abs(targets[:, TARGETS["twin"]]).max(), targets[0, TARGETS["likelihood"]][0]

    assert shares(0, None) == (0, 0)
    assert shares(5, None) == pytest.approx((0.5, 1))
    assert shares(9, None) == (1, 1)
    assert shares(0, "some.weights.h5") == (1, 0)
    assert shares(2, "some.weights.h5") == pytest.approx((1, 0.5))

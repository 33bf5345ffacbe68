import cv2
import numpy as np
import pytest

from benchmarks.portraits import look, read_list
from benchmarks.rendered_heads import GROUPS, draw, main
from fpn.camera import Camera
from fpn.estimator import FacePoseEstimator
from fpn.rotations import geodesic_deg
from models.face_model import load_face_model

COUNT = 2


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    folder = tmp_path_factory.mktemp("heads")
    assert main(["--out", str(folder), "--count", str(COUNT), "--seed", "3"]) == 0
    return read_list(folder / "gt.csv")


def test_every_group_shows_the_same_heads_in_the_same_poses(rows):
    assert len(rows) == COUNT * len(GROUPS)
    for start in range(0, len(rows), len(GROUPS)):
        together = rows[start : start + len(GROUPS)]
        assert [row.group for row in together] == list(GROUPS)
        for row in together:
            np.testing.assert_array_equal(row.rotation, together[0].rotation)
    # The nose and the camera's view of the head's own horizontal plane: turned by 45 degrees to either side.
    turns = [np.degrees(np.arctan2(-row.rotation[2, 0], row.rotation[2, 2])) for row in rows]
    assert sorted(set(np.round(turns, 3))) == [-45.0, 45.0]


def test_groups_differ_as_their_names_say(rows):
    def skin(row):
        portrait, box = row.load(), row.box
        x, y = round(box.x + box.width / 2), round(box.y + box.height / 2)
        return float(np.median(portrait.image[y - 10 : y + 10, x - 10 : x + 10]))

    named = dict(zip(GROUPS, rows[: len(GROUPS)], strict=True))
    assert skin(named["darker skin"]) < 0.7 * skin(named["plain"]) < 0.7 * skin(named["paler skin"])
    assert named["near, perspective"].box.height > 1.4 * named["plain"].box.height
    plain, moved = (cv2.imread(str(named[name].image)).astype(int) for name in ("plain", "expressions"))
    assert np.abs(plain - moved).max() > 40


def test_the_truth_is_that_of_the_picture(rows):
    estimator = FacePoseEstimator(device="cpu")
    errors = [geodesic_deg(look(estimator, row.load()).pose.rotation, row.rotation) for row in rows]
    assert np.median(errors) < 10


def test_the_same_seed_draws_the_same_pictures():
    model, camera = load_face_model(), Camera.from_fov(160, 120)
    first, again, other = (next(draw(model, camera, 1, seed)).image for seed in (5, 5, 6))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()

"""Poses for far turned crops: many looks, brought back to the upright picture, averaged."""

import cv2
import numpy as np
import pytest

from fpn.network import OUTPUT_SIZE, OUTPUTS
from fpn.roi import Roi
from fpn.rotations import geodesic_deg, rotation_from_angles
from training.far_crops import LARGEST_SPREAD_DEG, agreed_pose, candidates, framed
from training.turning import PICTURE_SIZE, ROI_PIXELS


class Compass:
    """Stands for a network: takes the line from the bright dot to the dim one for the head's down axis."""

    input_shape = (None, 96, 96, 1)

    def __init__(self, noise_deg: float = 0.0) -> None:
        self.noise = np.random.default_rng(0).normal(0, noise_deg, 100)

    def predict_on_batch(self, crops):
        out = np.zeros((len(crops), OUTPUT_SIZE), np.float32)
        for row, crop in enumerate(crops[..., 0]):
            bright, dim = (np.argwhere(mask).mean(0)[::-1] for mask in (crop > 200, (crop > 90) & (crop < 150)))
            along = dim - bright
            roll = np.degrees(np.arctan2(-along[0], along[1])) + self.noise[row]
            out[row, OUTPUTS["rotation"]] = rotation_from_angles(0, 0, roll)[:, :2].T.ravel()
            out[row, OUTPUTS["presence"]] = 3
        return out


def two_dots(roll_deg):
    picture = np.zeros((PICTURE_SIZE, PICTURE_SIZE), np.uint8)
    down = 25 * np.array([-np.sin(np.radians(roll_deg)), np.cos(np.radians(roll_deg))])
    middle = np.array([95.5, 95.5])
    for place, grey in ((middle - down, 255), (middle + down, 120)):
        cv2.circle(picture, tuple(np.rint(place).astype(int).tolist()), 7, grey, -1)
    return picture


@pytest.mark.parametrize("roll", [0, 25, -70, 160])
def test_looks_mirrored_turned_and_scaled_tell_the_upright_pictures_pose(roll):
    rotation, spread, shape, logit = agreed_pose(Compass(), two_dots(roll))
    assert geodesic_deg(rotation[None], rotation_from_angles(0, 0, roll)[None])[0] < 2
    assert spread < 3
    assert shape.shape == (50,)
    assert logit == 3


def test_looks_that_disagree_show_in_the_spread():
    assert agreed_pose(Compass(noise_deg=12), two_dots(10))[1] > LARGEST_SPREAD_DEG


def test_a_framed_crop_has_its_region_in_the_middle_and_background_where_nothing_was_photographed():
    grey = np.full((192, 192), 50, np.uint8)
    grey[60:100, 80:120] = 200
    picture = framed(grey, (40, 0, 192, 192), Roi(99.5, 79.5, 55.0), np.full((192, 192), 9, np.uint8))
    zoom = ROI_PIXELS / 55
    inside = np.argwhere(picture > 150)
    np.testing.assert_allclose(inside.mean(0), [95.5, 95.5], atol=1)
    np.testing.assert_allclose(np.ptp(inside, axis=0), 40 * zoom, atol=3)
    left_border = 95.5 + zoom * (40 - 99.5)
    if left_border > 2:
        assert (picture[:, : int(left_border) - 1] == 9).all()


def row(**values):
    usual = {"zip": "a.zip", "original_path": "x/y.jpg", "mesh_found": "1", "mesh_yaw_deg": "44", "mesh_aspect": "1.02",
             "iod_px": "60"}  # fmt: skip
    return {**usual, **values}


def test_only_far_turned_or_meshless_faces_are_asked_about_and_check_persons_never():
    rows = [
        row(),
        row(mesh_yaw_deg="-12"),
        row(mesh_found="0", mesh_yaw_deg="", mesh_aspect="", iod_px=""),
        row(mesh_aspect="0.7"),
        row(original_path="dataset/with_mask/1.jpg"),
        row(original_path="dataset/without_mask/1.jpg"),
        row(zip="fasseg.zip", original_path="V3/Test_RGB/+75/personne10251+0+75.bmp"),
        row(zip="fasseg.zip", original_path="V3/Train_RGB/+75/personne08251+0+75.bmp"),
    ]
    assert candidates(rows) == [0, 2, 5, 7]

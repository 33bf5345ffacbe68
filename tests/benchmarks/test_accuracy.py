import csv
from pathlib import Path

import numpy as np
import pytest

from benchmarks.accuracy import demo_errors, estimate_rotations, read_truth
from fpn.estimator import FacePoseEstimator
from fpn.metrics import bootstrap_mean
from fpn.rotations import angles_from_rotation, geodesic_deg

DEV_VAL = Path(__file__).parents[3] / "shared" / "data" / "dev_val" / "gt.csv"
needs_dev_val = pytest.mark.skipif(not DEV_VAL.exists(), reason="the validation images are not beside this checkout")


def test_every_frame_of_the_demo_clip_is_tracked_within_five_degrees():
    turned, moved, count = demo_errors("default", "cpu", None)
    assert len(turned) == count == 390
    assert turned.mean() < 5
    assert turned.max() < 15
    assert moved.mean() < 40  # mm, of 430 to 760


@needs_dev_val
def test_real_images_with_given_boxes_come_out_within_twelve_degrees():
    rows = read_truth(DEV_VAL)
    estimated = estimate_rotations(FacePoseEstimator(device="cpu"), rows)
    errors = geodesic_deg(estimated, np.array([row.rotation for row in rows]))
    assert len(errors) == 42
    assert bootstrap_mean(errors).value < 12


@needs_dev_val
def test_yaw_pitch_and_roll_have_the_signs_of_the_ground_truth():
    rows = read_truth(DEV_VAL)
    with DEV_VAL.open(newline="") as file:
        truth = np.array([[float(row[key]) for key in ("yaw", "pitch", "roll")] for row in csv.DictReader(file)])
    estimated = np.stack(angles_from_rotation(estimate_rotations(FacePoseEstimator(device="cpu"), rows)), -1)
    upright = np.abs(truth[:, 1]) < 60
    for axis in range(3):
        assert np.corrcoef(estimated[upright, axis], truth[upright, axis])[0, 1] > 0.8


def test_a_malformed_list_is_named_with_its_line(tmp_path):
    path = tmp_path / "gt.csv"
    path.write_text("image,R00\na.png,one\n")
    with pytest.raises(ValueError, match="line 2"):
        read_truth(path)

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.accuracy import main
from benchmarks.clip_errors import clip_errors, demo_clip
from benchmarks.portraits import look, read_list
from fpn.estimator import FacePoseEstimator
from fpn.metrics import bootstrap_mean
from fpn.rotations import angles_from_rotation, geodesic_deg
from models import load_pose_weights
from tests.benchmarks.portrait_material import write_demo_list

DEV_VAL = Path(__file__).parents[3] / "shared" / "data" / "dev_val" / "gt.csv"
needs_dev_val = pytest.mark.skipif(not DEV_VAL.exists(), reason="the validation images are not beside this checkout")

FIELDS = "image,R00,R01,R02,R10,R11,R12,R20,R21,R22,box_x,box_y,box_w,box_h"
EYE = "1,0,0,0,1,0,0,0,1"


@pytest.fixture(scope="module")
def dev_val():
    """Rows, true rotations and estimated ones of the validation images."""
    rows = read_list(DEV_VAL)
    estimator = FacePoseEstimator(device="cpu")
    estimated = np.array([look(estimator, row.load()).pose.rotation for row in rows])
    return rows, np.array([row.rotation for row in rows]), estimated


def test_every_frame_of_the_demo_clip_is_tracked_within_five_degrees():
    found = clip_errors(demo_clip(), "default", "cpu")
    assert len(found.turned_deg) == found.frames == 390
    assert found.turned_deg.mean() < 5
    assert found.turned_deg.max() < 15
    assert found.moved_mm.mean() < 40  # mm, of 430 to 760


@needs_dev_val
def test_real_images_with_given_boxes_come_out_within_twelve_degrees(dev_val):
    _, truth, estimated = dev_val
    errors = geodesic_deg(estimated, truth)
    assert len(errors) == 42
    assert bootstrap_mean(errors).value < 12


@needs_dev_val
def test_yaw_pitch_and_roll_have_the_signs_of_the_ground_truth(dev_val):
    with DEV_VAL.open(newline="") as file:
        truth = np.array([[float(row[key]) for key in ("yaw", "pitch", "roll")] for row in csv.DictReader(file)])
    estimated = np.stack(angles_from_rotation(dev_val[2]), -1)
    upright = np.abs(truth[:, 1]) < 60
    for axis in range(3):
        assert np.corrcoef(estimated[upright, axis], truth[upright, axis])[0, 1] > 0.8


@needs_dev_val
def test_only_images_with_a_focal_length_have_a_known_camera(dev_val):
    known = [row for row in dev_val[0] if row.intrinsics is not None]
    assert len(known) == 10
    camera = known[0].load().camera
    assert camera.K[0, 0] == pytest.approx(517.68, abs=0.1)
    assert (camera.width, camera.height) == (640, 480)


def test_one_command_prints_every_table_for_a_list_and_writes_the_pictures(tmp_path, capsys):
    frames = [0, 70, 95, 170, 250, 300]
    path = write_demo_list(tmp_path, frames, group="synthetic")
    options = ["--truth", str(path), "--device", "cpu", "--plots", str(tmp_path / "plots")]
    parts = ["--parts", "errors", "boxes", "symmetries", "uncertainty"]
    assert main([*options, *parts, "--worst", str(tmp_path / "worst"), "--worst-count", "4"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(f"Weights {load_pose_weights().version} ")
    assert f"### {tmp_path.name}, known camera: 6 images" in printed
    lines = {line.split("|")[1].strip(): line for line in printed.splitlines() if line.startswith("| ")}
    for label in (
        "all",
        "synthetic",
        "as it is",
        "box scaled by 1.25",
        "mirrored",
        "turned by 90 degrees",
        "holds",
        "8",
    ):
        assert label in lines
    assert "face of 20 pixels" not in lines
    mean = float(lines["all"].split("|")[3].split()[0])
    assert mean < 6
    assert float(lines["as it is"].split("|")[4].split()[0]) == pytest.approx(mean, abs=0.011)
    name = f"{tmp_path.name}-known-camera.png"
    assert cv2.imread(str(tmp_path / "plots" / f"uncertainty-{name}")) is not None
    assert cv2.imread(str(tmp_path / "worst" / f"worst-{name}")).shape[1] == 4 * 240


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("image,R00\na.png,one\n", "line 2"),
        (f"{FIELDS}\na.png,{EYE},1,2,3,4\nb.png,2,0,0,0,1,0,0,0,1,1,2,3,4\n", "line 3: R00 to R22"),
        (f"{FIELDS}\na.png,1,0,0,0,1,0,0,0,-1,1,2,3,4\n", "line 2: R00 to R22"),
        (f"{FIELDS}\na.png,{EYE},1,2,3\n", "line 2"),
        (f"{FIELDS}\n", "no rows"),
    ],
)
def test_a_malformed_list_is_named_with_its_line(tmp_path, text, complaint, capsys):
    path = tmp_path / "gt.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=complaint):
        read_list(path)
    with pytest.raises(SystemExit):
        main(["--truth", str(path)])
    assert complaint in capsys.readouterr().err


def test_a_picture_that_is_not_there_or_not_readable_is_named(tmp_path):
    path = tmp_path / "gt.csv"
    path.write_text(f"{FIELDS}\nmissing.png,{EYE},1,2,3,4\n")
    with pytest.raises(ValueError, match=r"missing\.png: no such picture"):
        read_list(path)
    (tmp_path / "missing.png").write_text("no image")
    with pytest.raises(ValueError, match=r"missing\.png: not a readable image"):
        read_list(path)[0].load()

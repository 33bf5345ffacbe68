"""What the pose logs alone owe: columns, digits, names that need quoting, rows on disk at once."""

from __future__ import annotations

import csv
import json
import os
import sys

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from fpn.roi import Box
from tests.tracker.sinks.material import face, random_rotations, tracked
from tracker.frame import TrackState
from tracker.sinks import PoseCsvSink, PoseJsonlSink

# As the issue that asked for them has them.
COLUMNS = (
    "frame,time_s,image,track,state,yaw_deg,pitch_deg,roll_deg,qx,qy,qz,qw,tx_mm,ty_mm,tz_mm,"
    "rotation_std_deg,position_std_mm,score,box_x,box_y,box_w,box_h"
)
KINDS = ["csv", "jsonl"]


def log(kind, path, results):
    with (PoseCsvSink if kind == "csv" else PoseJsonlSink)(path) as sink:
        for result in results:
            sink.write(result, None)
    return rows(kind, path)


def rows(kind, path):
    """The rows, values as text in CSV and as JSON has them in JSON lines."""
    with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        if kind == "csv":
            return list(csv.DictReader(file, strict=True))
        return [json.loads(line, parse_constant=pytest.fail) for line in file]


def test_the_csv_begins_with_the_agreed_columns(tmp_path):
    log("csv", tmp_path / "out.csv", [tracked()])
    assert (tmp_path / "out.csv").read_bytes() == COLUMNS.encode() + b"\r\n"


def test_json_lines_have_the_same_names_in_the_same_order(tmp_path):
    (row,) = log("jsonl", tmp_path / "out.jsonl", [tracked(poses=[face()])])
    assert ",".join(row) == COLUMNS


def test_json_lines_have_numbers_as_numbers(tmp_path):
    (row,) = log("jsonl", tmp_path / "out.jsonl", [tracked(index=3, poses=[face()])])
    assert {name for name, value in row.items() if isinstance(value, str)} == {"image", "state"}
    assert (type(row["frame"]), type(row["track"]), type(row["qw"])) == (int, int, float)


@pytest.mark.parametrize("kind", KINDS)
class TestRows:
    def test_say_what_was_found(self, kind, tmp_path):
        box = Box(1.5, -2.25, 30.0, 40.125)
        found = face(track=7, translation=(10.1234, -20.5, 612.75), state=TrackState.COASTING, box=box, score=0.98765)
        (row,) = log(kind, tmp_path / f"out.{kind}", [tracked(41, 1234.567891, poses=[found], name="a.mp4")])
        assert (int(row["frame"]), row["image"], int(row["track"]), row["state"]) == (41, "a.mp4", 7, "coasting")
        assert float(row["time_s"]) == 1234.567891
        assert [float(row[name]) for name in ("tx_mm", "ty_mm", "tz_mm")] == pytest.approx([10.123, -20.5, 612.75])
        assert [float(row[f"box_{part}"]) for part in "xywh"] == pytest.approx([1.5, -2.25, 30, 40.12], abs=0.006)
        assert float(row["score"]) == pytest.approx(0.9877)
        assert float(row["rotation_std_deg"]) == pytest.approx(2.0)
        assert float(row["position_std_mm"]) == pytest.approx(3.0)

    def test_hold_the_rotation_to_a_millionth(self, kind, tmp_path):
        rotations = random_rotations(200)
        written = log(kind, tmp_path / f"out.{kind}", [tracked(poses=[face(rotation=R) for R in rotations])])
        quaternions = np.array([[float(row[name]) for name in ("qx", "qy", "qz", "qw")] for row in written])
        np.testing.assert_allclose(Rotation.from_quat(quaternions).as_matrix(), rotations, rtol=0, atol=1e-6)
        np.testing.assert_allclose(quaternions, Rotation.from_matrix(rotations).as_quat(canonical=True), atol=1e-8)
        assert (quaternions[:, 3] >= 0).all()

    def test_hold_the_angles_of_the_same_rotation(self, kind, tmp_path):
        rotations = random_rotations(200)
        written = log(kind, tmp_path / f"out.{kind}", [tracked(poses=[face(rotation=R) for R in rotations])])
        angles = np.array([[float(row[f"{name}_deg"]) for name in ("pitch", "yaw", "roll")] for row in written])
        again = Rotation.from_euler("XYZ", angles * [-1, 1, 1], degrees=True).as_matrix()
        np.testing.assert_allclose(again, rotations, rtol=0, atol=1e-5)

    def test_come_one_for_each_face_and_none_for_a_frame_without(self, kind, tmp_path):
        results = [tracked(0, poses=[face(1), face(2)]), tracked(1), tracked(2, poses=[face(2)])]
        written = log(kind, tmp_path / f"out.{kind}", results)
        assert [(int(row["frame"]), int(row["track"])) for row in written] == [(0, 1), (0, 2), (2, 2)]

    @pytest.mark.parametrize(
        "name", ["a,b.png", 'say "a".png', "two\nlines.png", "wagen\rrück.png", "Zoë 頭.png", " a ", "", "'=1+1"]
    )
    def test_hold_any_name(self, kind, name, tmp_path):
        written = log(kind, tmp_path / f"out.{kind}", [tracked(poses=[face(), face(2)], name=name)])
        assert [row["image"] for row in written] == [name, name]

    @pytest.mark.skipif(sys.platform == "win32", reason="file names are Unicode there")
    def test_hold_names_that_are_not_unicode(self, kind, tmp_path):
        name = os.fsdecode(b"photo-\xff\xe9.png")
        (row,) = log(kind, tmp_path / f"out.{kind}", [tracked(poses=[face()], name=name)])
        assert os.fsencode(row["image"]) == b"photo-\xff\xe9.png"

    def test_leave_out_numbers_that_are_none(self, kind, tmp_path):
        unknown = face(rotation_covariance=np.full((3, 3), np.nan), position_covariance=np.full((3, 3), np.inf))
        (row,) = log(kind, tmp_path / f"out.{kind}", [tracked(poses=[unknown])])
        nothing = "" if kind == "csv" else None
        assert (row["rotation_std_deg"], row["position_std_mm"]) == (nothing, nothing)
        assert float(row["tz_mm"]) == 600

    def test_have_no_negative_zeros(self, kind, tmp_path):
        tiny = Rotation.from_rotvec([-1e-12, -1e-12, -1e-12]).as_matrix()
        log(kind, tmp_path / f"out.{kind}", [tracked(poses=[face(rotation=tiny, translation=(-1e-9, 0, 600))])])
        assert "-0.0" not in (tmp_path / f"out.{kind}").read_text()

    def test_are_in_the_file_as_soon_as_they_are_written(self, kind, tmp_path):
        path = tmp_path / f"out.{kind}"
        sink = (PoseCsvSink if kind == "csv" else PoseJsonlSink)(path)
        for index in range(3):
            sink.write(tracked(index, poses=[face()]), None)
            assert len(rows(kind, path)) == index + 1
        sink.close()

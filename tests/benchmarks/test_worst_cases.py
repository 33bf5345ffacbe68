from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.portraits import read_list
from benchmarks.worst_cases import TILE_PX, Case, write_sheet
from fpn.rotations import rotation_from_angles
from tests.benchmarks.portrait_material import write_demo_list


@pytest.fixture(scope="module")
def portrait(tmp_path_factory):
    return read_list(write_demo_list(tmp_path_factory.mktemp("list"), [0]))[0].load()


def test_the_sheet_shows_the_cases_row_by_row(portrait, tmp_path):
    turned = rotation_from_angles(40, 0, 0)
    cases = [Case("right", portrait, portrait.rotation, 0.0)] * 6 + [Case("wrong", portrait, turned, 40.0)]
    write_sheet(cases, tmp_path / "sheet.png")
    sheet = cv2.imread(str(tmp_path / "sheet.png"))
    assert sheet.shape[1] == 6 * TILE_PX
    height = sheet.shape[0] // 2
    np.testing.assert_array_equal(sheet[:height, :TILE_PX], sheet[:height, TILE_PX : 2 * TILE_PX])
    assert (sheet[:height, :TILE_PX] != sheet[height:, :TILE_PX]).any()
    assert not sheet[height:, TILE_PX:].any()


def test_truth_and_estimate_are_both_drawn_where_their_noses_point(portrait, tmp_path):
    write_sheet([Case("x", portrait, rotation_from_angles(60, 0, 0), 60.0)], tmp_path / "a.png")
    write_sheet([Case("x", portrait, rotation_from_angles(-60, 0, 0), 60.0)], tmp_path / "b.png")
    left, right = (cv2.imread(str(tmp_path / name)).astype(int)[:TILE_PX] for name in ("a.png", "b.png"))
    changed = np.abs(left - right).sum(-1) > 0
    nose = (left[..., 0] > 200) & (left[..., 2] < 90)  # the blue of the nose's axis
    only_left = nose & changed
    assert only_left[:, : TILE_PX // 2].sum() > 3 * only_left[:, TILE_PX // 2 :].sum()


def test_pictures_of_people_are_not_written_into_the_repository(portrait):
    inside = Path(__file__).parents[2] / "output" / "sheet.png"
    with pytest.raises(ValueError, match="do not go into the repository"):
        write_sheet([Case("x", portrait, np.eye(3), 0.0)], inside)
    assert not inside.exists()

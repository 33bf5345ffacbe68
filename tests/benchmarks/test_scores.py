import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from benchmarks.markdown import table
from benchmarks.scores import angles_table, errors_table
from fpn.rotations import rotation_from_angles


def rows_of(text):
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines()]
    return {line[0]: line[1:] for line in lines[2:]}


YAWS = np.array([0.0, 10, 20, -35, 50, 80, -88])
TRUTH = rotation_from_angles(YAWS, 5, -3)


def test_each_yaw_range_has_its_images_and_a_constant_rotation_is_told_apart():
    offset = rotation_from_angles(0, 5, 0)
    found = rows_of(errors_table(TRUTH @ offset, TRUTH, [""] * 7))
    assert {name: cells[0] for name, cells in found.items()} == {
        "all": "7", "yaw 0 to 30": "3", "yaw 30 to 60": "2", "yaw 60 to 90": "2", "yaw 30 to 90": "4",
    }  # fmt: skip
    for cells in found.values():
        assert cells[1:] == ["5.00 [5.00, 5.00]", "5.00 [5.00, 5.00]", "5.0", "0.00 [0.00, 0.00]"]


def test_errors_are_counted_where_they_are_made():
    turns = Rotation.from_rotvec(np.radians([0, 0, 0, 6, 6, 9, 9])[:, None] * [[1, 0, 0]]).as_matrix()
    found = rows_of(errors_table(turns @ TRUTH, TRUTH, ["a", "b", "a", "b", "b", "b", ""]))
    assert found["yaw 0 to 30"][1].startswith("0.00")
    assert found["yaw 30 to 60"][1].startswith("6.00")
    assert found["yaw 60 to 90"][1].startswith("9.00")
    assert found["a"][:2] == ["2", "0.00 [0.00, 0.00]"]
    assert found["b"][0] == "4"
    assert float(found["b"][1].split()[0]) == pytest.approx((0 + 6 + 6 + 9) / 4, abs=0.01)


def test_angles_near_gimbal_lock_stand_apart():
    estimated = rotation_from_angles(
        YAWS * 1.0 + np.where(np.abs(YAWS) < 75, 2, 0), 5, -3 + np.where(np.abs(YAWS) < 75, 0, 4)
    )
    found = rows_of(angles_table(estimated, TRUTH))
    assert found["away from gimbal lock"][:4] == ["5", "2.00", "0.00", "0.00"]
    assert found["near it"][:4] == ["2", "0.00", "0.00", "4.00"]
    assert found["near it"][4].startswith("1.33")


def test_tables_have_the_same_cells_in_every_line_and_refuse_others():
    text = table(["a", "longer"], [["1", "2"], ["much longer", ""]])
    lines = text.splitlines()
    assert len({len(line) for line in lines}) == 1
    assert all(line.count("|") == 3 for line in lines)
    with pytest.raises((ValueError, IndexError)):
        table(["a", "b"], [["1"]])

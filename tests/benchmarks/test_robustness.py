from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from benchmarks.disturbances import BOXES, Disturbance, mirrored, scaled, shifted, turned, turned_back
from benchmarks.portraits import Portrait
from benchmarks.robustness import UNDISTURBED, answers_to, box_spread_deg, looks_table, robustness_table
from fpn.camera import Camera
from fpn.pose import FaceEstimate, HeadPose
from fpn.roi import Box, Roi
from fpn.rotations import mirror_rotation, rotation_from_angles


class ShiftedByBox:
    """Answers with a yaw of a tenth of a degree for each pixel that the region's centre is to the right of 100."""

    def estimate(self, image, rois, camera):
        return [self.answer(roi) for roi in rois]

    def answer(self, roi):
        rotation = rotation_from_angles(0.1 * (roi.center_x - 100), 0, 0)
        pose = HeadPose(rotation, np.array([0.0, 0, 600]), np.radians(2) ** 2 * np.eye(3), np.eye(3))
        return FaceEstimate(pose, 1.0, roi, Box(0, 0, 1, 1))


def portrait(rotation=None):
    box = Box(60, 50, 80, 100)
    picture = np.zeros((200, 200, 3), np.uint8)
    truth = np.eye(3) if rotation is None else rotation
    return Portrait(picture, box, Roi.around(box), Camera.from_fov(200, 200), truth)


def test_changes_and_errors_are_the_angles_that_the_disturbances_caused():
    disturbances = [
        Disturbance("shifted", partial(shifted, right=0.1, down=0.0)),
        Disturbance("shifted", partial(shifted, right=0.3, down=0.0)),
        Disturbance("scaled", partial(scaled, factor=0.8)),
    ]
    found = answers_to(ShiftedByBox(), [portrait(), portrait()], disturbances, looks=1)
    assert list(found) == [UNDISTURBED, "shifted", "scaled"]
    assert found["shifted"].rotations.shape == (2, 2, 3, 3)
    truth = np.tile(rotation_from_angles(-4, 0, 0), (2, 1, 1))
    lines = robustness_table(found, truth).splitlines()
    cells = {line.split("|")[1].strip(): [cell.strip() for cell in line.split("|")[2:-1]] for line in lines[2:]}
    assert cells[UNDISTURBED] == ["", "", "4.00 [4.00, 4.00]", "3.46"]  # 2 degrees an axis, root of 3 together
    assert cells["shifted"] == ["2.00 [2.00, 2.00]", "3.00", "6.00 [6.00, 6.00]", "3.46"]  # 1 and 3 degrees
    assert cells["scaled"][0] == "0.00 [0.00, 0.00]"


def test_the_spread_over_boxes_is_that_of_a_known_answer():
    found = answers_to(ShiftedByBox(), [portrait()], BOXES, looks=1)
    # Of nine boxes two are moved sideways by a tenth of 100 pixels: yaws of 1 and -1 among zeros.
    assert box_spread_deg(found)[0] == pytest.approx(np.sqrt(2 / 9), rel=1e-6)


class WandersOff(ShiftedByBox):
    """Proposes, look by look, a region ten pixels further to the right."""

    def answer(self, roi):
        return replace(super().answer(roi), roi=replace(roi, center_x=roi.center_x + 10))


def test_every_look_is_at_the_region_that_the_last_one_proposed():
    truth = np.eye(3)[None]
    found = {looks: answers_to(WandersOff(), [portrait()], (), looks) for looks in (1, 2, 8)}
    rows = [line.split("|")[1:3] for line in looks_table(found, truth).splitlines()[2:]]
    assert [[cell.strip() for cell in row] for row in rows] == [
        ["1", "0.00 [0.00, 0.00]"],
        ["2", "1.00 [1.00, 1.00]"],
        ["8", "7.00 [7.00, 7.00]"],
    ]


class SeesTheTopLeftMark:
    """Knows the pose that belongs to each place of a mark: a network that is exactly equivariant."""

    def __init__(self, rotation):
        self.rotation = rotation

    def estimate(self, image, rois, camera):
        brightest = np.unravel_index(np.argmax(image[..., 0]), image.shape[:2])
        down, right = (np.array(brightest) - [camera.K[1, 2], camera.K[0, 2]]) > 0
        seen = {
            (False, False): self.rotation,
            (False, True): mirror_rotation(self.rotation),
            (True, True): np.diag([-1.0, -1, 1]) @ self.rotation,
        }[bool(down), bool(right)]
        pose = HeadPose(seen, np.array([0.0, 0, 600]), np.eye(3), np.eye(3))
        return [FaceEstimate(pose, 1.0, roi, Box(0, 0, 1, 1)) for roi in rois]


def test_an_equivariant_answer_counts_as_no_change():
    rotation = rotation_from_angles(25, 10, -15)
    marked = portrait(rotation)
    marked.image[20, 30] = 255
    disturbances = [
        Disturbance("mirrored", mirrored, mirror_rotation),
        Disturbance("upside down", partial(turned, degrees=180), partial(turned_back, degrees=180)),
    ]
    found = answers_to(SeesTheTopLeftMark(rotation), [marked], disturbances)
    for answers in found.values():
        np.testing.assert_allclose(answers.rotations[0, 0], rotation, atol=1e-9)

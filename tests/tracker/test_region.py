from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from fpn.camera import Camera
from fpn.pose import FaceEstimate, HeadPose
from fpn.roi import Box, Roi
from tests.tracker.simulation import Scene, still, walking
from tracker.region import SteadyRegion

CAMERA = Camera.from_fov(640, 480)


def estimate(scene: Scene) -> FaceEstimate:
    (face,) = scene.faces()
    return FaceEstimate(face.pose, 1.0, face.roi, face.box)


def test_the_first_region_is_the_networks_own() -> None:
    scene = Scene({"a": still(50, -20)})
    region, seen = SteadyRegion(), estimate(scene)
    region.measure(seen, CAMERA)
    assert region.move(seen.pose.translation, CAMERA) == seen.roi
    box = region.box(seen.pose.translation, CAMERA)
    np.testing.assert_allclose(
        (box.x, box.y, box.width, box.height), (seen.box.x, seen.box.y, seen.box.width, seen.box.height), atol=1e-9
    )


def test_region_and_box_go_where_the_head_is_predicted_and_grow_as_it_comes_nearer() -> None:
    scene = Scene({"a": walking((-100, 0, 1000), (300, 50, -400))})
    region = SteadyRegion()
    region.measure(estimate(scene), CAMERA)
    scene.now = 1.0
    (face,) = scene.faces()
    moved = region.move(face.pose.translation, CAMERA)
    assert np.hypot(*(face.center - (moved.center_x, moved.center_y))) < 0.025 * face.roi.side
    assert moved.side == pytest.approx(face.roi.side, rel=0.05)
    box = region.box(face.pose.translation, CAMERA)
    assert (box.x, box.y, box.width) == pytest.approx(
        (face.box.x, face.box.y, face.box.width), abs=0.03 * face.box.width
    )


def test_the_region_of_a_resting_head_does_not_move_at_all() -> None:
    rng = np.random.default_rng(0)
    scene = Scene({"a": still()})
    region = SteadyRegion()
    places = set()
    for _ in range(100):
        seen = estimate(scene)
        trembling = FaceEstimate(
            seen.pose,
            1.0,
            Roi(seen.roi.center_x + rng.normal(), seen.roi.center_y + rng.normal(), seen.roi.side + rng.normal()),
            seen.box,
        )
        region.measure(trembling, CAMERA)
        places.add(region.move(seen.pose.translation + rng.normal(size=3) * [0.3, 0.3, 2.0], CAMERA))
    assert len(places) < 5


def test_a_slow_movement_is_followed_on_a_leash() -> None:
    scene = Scene({"a": walking((-100, 0, 800), (20, 0, 0))})
    region = SteadyRegion()
    for index in range(200):
        scene.now = index / 30
        seen = estimate(scene)
        region.measure(seen, CAMERA)
        moved = region.move(seen.pose.translation, CAMERA)
        assert abs(moved.center_x - seen.roi.center_x) <= 0.021 * seen.roi.side


def _tilted(deg: float) -> FaceEstimate:
    pose = HeadPose(Rotation.identity().as_matrix(), np.array([0.0, 0.0, 500.0]), np.eye(3), np.eye(3))
    return FaceEstimate(pose, 1.0, Roi(320, 240, 200, deg), Box(250, 170, 140, 140))


def test_the_tilt_of_a_head_is_followed_past_half_a_turn_but_its_trembling_is_not() -> None:
    region = SteadyRegion()
    tilts = set()
    for deg in (0, 6, -5, 8, -9):
        region.measure(_tilted(deg), CAMERA)
        tilts.add(region.move(np.array([0.0, 0.0, 500.0]), CAMERA).tilt_deg)
    assert tilts == {0.0}
    for deg in range(0, 220, 4):
        region.measure(_tilted((deg + 180) % 360 - 180), CAMERA)
        behind = (deg - region.move(np.array([0.0, 0.0, 500.0]), CAMERA).tilt_deg + 180) % 360 - 180
        assert 0 <= behind <= 10.001


def test_a_head_predicted_behind_the_camera_keeps_a_finite_region() -> None:
    pose = HeadPose(Rotation.identity().as_matrix(), np.array([0.0, 0.0, 300.0]), np.eye(3), np.eye(3))
    region = SteadyRegion()
    region.measure(FaceEstimate(pose, 1.0, Roi(320, 240, 200), Box(250, 170, 140, 140)), CAMERA)
    moved = region.move(np.array([0.0, 0.0, -50.0]), CAMERA)
    assert np.isfinite([moved.center_x, moved.center_y, moved.side]).all()


def test_before_the_first_measurement_there_is_no_region() -> None:
    with pytest.raises(ValueError, match="nothing has been measured"):
        SteadyRegion().move(np.array([0.0, 0.0, 500.0]), CAMERA)

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from fpn.camera import Camera
from fpn.roi import Roi
from tests.tracker.noisy_poses import pose
from tests.tracker.simulation import Scene, SimulatedNetwork, still
from tracker.claims import (
    POSITION_SCALE,
    ROTATION_SCALE,
    SURE_DEG,
    TOLD_SURE,
    TOLD_UNSURE,
    UNSURE_DEG,
    HonestEstimator,
    honest,
    told,
)


def test_only_the_claims_are_multiplied() -> None:
    scene = Scene({"a": still()})
    roi = scene.faces()[0].roi
    (plain,) = SimulatedNetwork(scene).estimate(scene.picture, [roi], scene.camera)
    corrected = honest(plain, 2.0, 3.0)
    np.testing.assert_allclose(corrected.pose.rotation_covariance, 4 * plain.pose.rotation_covariance)
    np.testing.assert_allclose(corrected.pose.position_covariance, 9 * plain.pose.position_covariance)
    np.testing.assert_array_equal(corrected.pose.rotation, plain.pose.rotation)
    np.testing.assert_array_equal(corrected.pose.translation, plain.pose.translation)
    assert (corrected.roi, corrected.box, corrected.presence) == (plain.roi, plain.box, plain.presence)


def test_every_estimate_is_corrected_in_order() -> None:
    scene = Scene({"a": still(-150), "b": still(150)}, rng=np.random.default_rng(1))
    rois = [face.roi for face in scene.faces()]
    plain = SimulatedNetwork(Scene(scene.heads, rng=np.random.default_rng(1))).estimate(
        scene.picture, rois, scene.camera
    )
    corrected = HonestEstimator(SimulatedNetwork(scene)).estimate(scene.picture, rois, scene.camera)
    for before, after in zip(plain, corrected, strict=True):
        np.testing.assert_array_equal(before.pose.translation, after.pose.translation)
        np.testing.assert_allclose(after.pose.rotation_std_deg, ROTATION_SCALE * before.pose.rotation_std_deg)
        np.testing.assert_allclose(after.pose.position_std_mm, POSITION_SCALE * before.pose.position_std_mm)


def test_without_regions_there_is_nothing_to_correct() -> None:
    class Nothing:
        def estimate(self, image: np.ndarray, rois: list[Roi], camera: Camera) -> list:  # type: ignore[type-arg]
            return []

    assert HonestEstimator(Nothing()).estimate(np.zeros((4, 4, 3), np.uint8), [], Camera.from_fov(4, 4)) == []


def test_claims_are_never_narrowed() -> None:
    assert min(ROTATION_SCALE, POSITION_SCALE) >= 1


def test_what_is_told_depends_on_how_unsure_a_rotation_is_and_never_the_other_way_round() -> None:
    def said(std_deg: float) -> float:
        return float(told(pose(Rotation.identity(), turn_std_deg=std_deg)).rotation_std_deg)

    assert said(0.5 * SURE_DEG) == pytest.approx(TOLD_SURE * 0.5 * SURE_DEG)
    assert said(2 * UNSURE_DEG) == pytest.approx(TOLD_UNSURE * 2 * UNSURE_DEG)
    assert said(np.sqrt(SURE_DEG * UNSURE_DEG)) == pytest.approx(np.sqrt(said(SURE_DEG) * said(UNSURE_DEG)))
    told_of = [said(std_deg) for std_deg in np.linspace(0.1, 10, 200)]
    assert np.all(np.diff(told_of) > 0)


def test_nothing_but_the_claim_of_the_rotation_is_told_otherwise() -> None:
    before = pose(Rotation.from_euler("xyz", [10, 20, 30], degrees=True), (10, 20, 600))
    after = told(before)
    np.testing.assert_array_equal(after.rotation, before.rotation)
    np.testing.assert_array_equal(after.translation, before.translation)
    np.testing.assert_array_equal(after.position_covariance, before.position_covariance)

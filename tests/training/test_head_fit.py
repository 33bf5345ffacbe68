"""Fitting a head to mesh points: the pose comes from a rigid face, shape from what is left."""

from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("numba")

from fpn.rotations import geodesic_deg, rotation_from_angles
from training.head_fit import EXPRESSION_COUNT, IDENTITY_COUNT, OUTLINE_MM, HeadFitter, pose_fitter

POINTS = 300


@pytest.fixture(scope="module")
def model():
    """A face of points before an ellipsoid; random smooth components, of which one expression lifts the brows."""
    rng = np.random.default_rng(0)
    x, y = rng.uniform(-65, 65, POINTS), rng.uniform(-60, 100, POINTS)
    z = 0.008 * (x**2 + 0.6 * (y - 20) ** 2) - 15
    neutral = np.column_stack([x, y, z])

    def smooth(count, size_mm):
        waves = rng.normal(0, 0.02, (count, 3, 3))
        phases = rng.uniform(0, 2 * np.pi, (count, 1, 3))
        return size_mm * np.sin(np.einsum("pk,nkj->npj", neutral, waves) + phases)

    expression = smooth(EXPRESSION_COUNT, 0.5)
    expression[0] = 0
    expression[0, y < 0] = [0, -8, -3]
    return SimpleNamespace(neutral=neutral, identity=smooth(IDENTITY_COUNT, 1.5), expression=expression)


def measured(shapes, rotations):
    """Mesh points (n, 468, 3), in pixels of 0.5 px/mm, of heads (n, p, 3) in these rotations."""
    return 0.5 * np.einsum("nij,npj->npi", rotations, shapes) + [96.0, 90.0, 0.0]


def pitches(count):
    pitch = np.linspace(-20, 20, count)
    return rotation_from_angles(np.zeros(count), pitch, np.zeros(count))


def test_the_free_fit_returns_pose_scale_and_shape_of_heads_that_the_model_can_be(model):
    weights = np.random.default_rng(1).normal(0, 0.2, (5, IDENTITY_COUNT))
    shapes = model.neutral + np.einsum("ni,ipk->npk", weights, model.identity)
    fitter = HeadFitter(model, np.arange(POINTS), np.ones(POINTS))
    pose, _, residual = fitter.fit(measured(shapes, pitches(5)))
    assert residual.max() < 1.0
    assert geodesic_deg(pose.rotation, pitches(5)).max() < 3
    np.testing.assert_allclose(pose.scale, 0.5, rtol=0.03)


def test_noise_that_looks_like_brows_moves_the_pose_of_the_rigid_face_less_than_that_of_the_free_one(model):
    rng = np.random.default_rng(2)
    noisy = np.broadcast_to(model.neutral, (60, POINTS, 3)).copy()
    noisy += rng.normal(0, 0.5, (60, 1, 1)) * model.expression[0]
    points = measured(noisy, pitches(60))
    fitter = HeadFitter(model, np.arange(POINTS), np.ones(POINTS))
    free, rigid = (
        geodesic_deg(each.fit(points)[0].rotation, pitches(60)) for each in (fitter, pose_fitter(fitter, points))
    )
    assert np.sqrt((rigid**2).mean()) < 0.7 * np.sqrt((free**2).mean())


def test_an_outline_that_slides_back_hardly_moves_the_pose(model):
    points = measured(np.broadcast_to(model.neutral, (3, POINTS, 3)).copy(), pitches(3))
    fitter = HeadFitter(model, np.arange(POINTS), np.ones(POINTS))
    rigid = pose_fitter(fitter, points)
    slid = points.copy()
    slid[:, (model.neutral[:, 2] > OUTLINE_MM) & (model.neutral[:, 1] > 60)] += [0.0, 2.0, 4.0]
    moved = geodesic_deg(rigid.fit(slid)[0].rotation, rigid.fit(points)[0].rotation)
    assert moved.max() < 0.5 * geodesic_deg(fitter.fit(slid)[0].rotation, fitter.fit(points)[0].rotation).max()


def test_a_known_rotation_is_kept_and_scale_and_place_are_fitted_to_it(model):
    shapes = np.broadcast_to(model.neutral, (4, POINTS, 3))
    points = measured(shapes, pitches(4))
    fitter = HeadFitter(model, np.arange(POINTS), np.ones(POINTS))
    pose, weights, residual = fitter.fit(points, pitches(4))
    np.testing.assert_array_equal(pose.rotation, pitches(4))
    np.testing.assert_allclose(pose.scale, 0.5, rtol=1e-3)
    np.testing.assert_allclose(pose.translation, np.tile([96.0, 90.0, 0.0], (4, 1)), atol=0.1)
    assert residual.max() < 0.1
    assert abs(weights).max() < 0.05

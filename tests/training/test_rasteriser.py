import numpy as np
import pytest

numba = pytest.importorskip("numba")

from training.rasteriser import interpolate, rasterise, vertex_normals  # noqa: E402 - after the check for numba

SQUARE = np.array([[10, 10, 5], [30, 10, 5], [30, 30, 9], [10, 30, 9]], np.float32)
# Counter-clockwise as a viewer sees it, y down.
TOWARDS = np.array([[0, 3, 2], [0, 2, 1]], np.int32)


def test_a_square_covers_its_pixels_and_depth_is_linear():
    index, _, depth = rasterise(SQUARE, TOWARDS, 40, 40)
    rows, columns = np.nonzero(index >= 0)
    assert (columns.min(), columns.max(), rows.min(), rows.max()) == (10, 30, 10, 30)
    assert (index >= 0).sum() == 21 * 21
    np.testing.assert_allclose(depth[20, 15], 7.0, atol=1e-4)
    assert np.isinf(depth[5, 5])


def test_the_nearer_of_two_triangles_wins_whatever_their_order():
    near = SQUARE + np.array([5, 5, -3], np.float32)
    screen = np.concatenate([SQUARE, near])
    for order in ([0, 1, 2, 3], [2, 3, 0, 1]):
        triangles = np.concatenate([TOWARDS, TOWARDS + 4])[order]
        index, _, _ = rasterise(screen, triangles.astype(np.int32), 40, 40)
        assert triangles[index[25, 25]].min() >= 4
        assert triangles[index[12, 12]].max() < 4


def test_triangles_that_face_away_and_broken_ones_are_not_drawn():
    assert (rasterise(SQUARE, TOWARDS[:, ::-1].copy(), 40, 40)[0] < 0).all()
    broken = SQUARE.copy()
    broken[0, 0] = np.nan
    index, _, _ = rasterise(broken, TOWARDS[:1], 40, 40)
    assert (index < 0).all()


def test_attributes_are_carried_linearly():
    index, weights, _ = rasterise(SQUARE, TOWARDS, 40, 40)
    carried = interpolate(index, weights, TOWARDS, SQUARE[:, :2].copy())
    rows, columns = np.nonzero(index >= 0)
    np.testing.assert_allclose(carried[rows, columns], np.column_stack([columns, rows]), atol=1e-3)


def test_normals_point_out_of_the_seen_side():
    flat = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], np.float32)
    normals = vertex_normals(flat, TOWARDS)
    np.testing.assert_allclose(normals, np.tile([0, 0, -1], (4, 1)), atol=1e-6)

import numpy as np

from renderer.zbuffer import interpolate, rasterise
from training.rasteriser import rasterise as compiled


def test_a_triangle_covers_the_pixel_centres_inside_it():
    # Counter-clockwise as seen: upper left, lower left, upper right; its long side is x + y = 4.1.
    screen = np.array([[0.5, 0.5, 1.0], [0.5, 3.6, 1.0], [3.6, 0.5, 1.0]])
    triangle = np.array([[0, 1, 2]], np.int32)
    index, weights = rasterise(screen, triangle, (5, 5))
    inside = [(1, 1), (2, 1), (3, 1), (1, 2), (2, 2), (1, 3)]
    assert sorted(zip(*np.nonzero(index.T == 0), strict=True)) == sorted(inside)
    found = interpolate(index, weights, triangle, screen.astype(np.float32))
    for x, y in inside:
        np.testing.assert_allclose(found[y, x, :2], [x, y], atol=1e-5)
    assert not found[index < 0].any()


def test_the_nearer_of_two_triangles_is_seen_whichever_comes_first():
    flat = np.array([[-1, -1], [-1, 30], [30, -1]], float)
    near, far = (np.column_stack([flat, np.full(3, depth)]) for depth in (1.0, 2.0))
    triangles = np.array([[0, 1, 2], [3, 4, 5]], np.int32)
    for order, wanted in (((near, far), 0), ((far, near), 1)):
        index, _ = rasterise(np.concatenate(order), triangles, (8, 8))
        assert (index == wanted).all()


def test_a_triangle_seen_from_behind_is_left_out():
    screen = np.array([[0, 0, 1], [0, 8, 1], [8, 0, 1]], float)
    index, _ = rasterise(screen, np.array([[0, 2, 1]], np.int32), (8, 8))
    assert (index == -1).all()


def test_it_agrees_with_the_compiled_rasteriser_of_the_training():
    rng = np.random.default_rng(1)
    screen = np.column_stack([rng.uniform(-10, 74, (400, 2)), rng.uniform(1, 2, 400)]).astype(np.float32)
    centers = screen[:, None] + rng.normal(0, [9, 9, 0.01], (400, 3, 3)).astype(np.float32)
    soup = centers.reshape(-1, 3).astype(np.float32)
    triangles = np.arange(len(soup), dtype=np.int32).reshape(-1, 3)
    index, weights = rasterise(soup, triangles, (48, 64))
    wanted, wanted_weights, _ = compiled(soup, triangles, 48, 64)
    assert (index == wanted).mean() > 0.995
    same = (index == wanted) & (index >= 0)
    np.testing.assert_allclose(weights[same][:, :2], wanted_weights[same], atol=2e-3)

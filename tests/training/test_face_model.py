"""The stage that makes the face model, on a ball: what is seen of it is known without drawing."""

import numpy as np
import pytest

from renderer.chart import CENTER_MM, CHART_SIZE, to_cells, to_chart
from training import face_model

RADIUS_MM = 90.0


@pytest.fixture(scope="module")
def ball():
    """Vertices and triangles of a ball around the chart's middle, wound counter-clockwise as seen from outside."""
    rows, columns = 60, 90
    polar, around = np.meshgrid(
        np.linspace(0.01, np.pi - 0.01, rows), np.linspace(0, 2 * np.pi, columns, endpoint=False), indexing="ij"
    )
    unit = np.stack([np.sin(polar) * np.sin(around), -np.cos(polar), -np.sin(polar) * np.cos(around)], axis=-1)
    number = np.arange(rows * columns).reshape(rows, columns)
    a, b = number[:-1].ravel(), number[1:].ravel()
    c, d = np.roll(number, -1, 1)[1:].ravel(), np.roll(number, -1, 1)[:-1].ravel()
    triangles = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)]).astype(np.int32)
    return (CENTER_MM + RADIUS_MM * unit.reshape(-1, 3)).astype(np.float32), triangles


def test_every_cell_of_the_chart_gets_the_point_of_the_surface_in_its_direction(ball):
    vertices, triangles = ball
    index, weights = face_model.draw_chart(vertices, triangles, CHART_SIZE)
    points = np.einsum("hwk,hwkn->hwn", weights, vertices[triangles[index]])
    np.testing.assert_allclose(np.linalg.norm(points - CENTER_MM, axis=-1), RADIUS_MM, rtol=0.005)
    here = np.stack(np.meshgrid(np.arange(CHART_SIZE[1]), np.arange(CHART_SIZE[0])), axis=-1)
    off = np.abs(to_cells(to_chart(points)) - here)[4:-4]
    off[..., 0] = np.minimum(off[..., 0], CHART_SIZE[1] - off[..., 0])  # the seam at the back
    assert off.max() < 0.2


def test_a_ball_is_seen_under_the_cosine_of_the_angle_and_is_unsafe_at_its_outline(ball, monkeypatch):
    for name, value in (("_AZIMUTHS", 3), ("_ELEVATIONS", 1), ("_ELEVATION_LIMIT_DEG", 0.0)):
        monkeypatch.setattr(face_model, name, value)
    vertices, triangles = ball
    index, weights = face_model.draw_chart(vertices, triangles, CHART_SIZE)
    visibility, safety = face_model.visibility_tables(vertices, triangles, index, weights)
    points = np.einsum("hwk,hwkn->hwn", weights, vertices[triangles[index]])
    outward = (points - CENTER_MM) / RADIUS_MM
    for number, to_camera in enumerate(([0.0, 0, -1], [1.0, 0, 0], [0.0, 0, 1])):
        cosine = outward @ to_camera
        inner = np.abs(outward[..., 1]) < 0.8  # away from the poles, where the rows of the chart end
        seen = visibility[number, 0] / 255
        np.testing.assert_allclose(seen[inner & (cosine > 0.3)], cosine[inner & (cosine > 0.3)], atol=0.1)
        assert seen[inner & (cosine < -0.3)].max() == 0
        safe = safety[number, 0] / 255
        assert safe[inner & (cosine > 0.8) & (np.abs(outward[..., 1]) < 0.5)].min() > 0.95
        assert safe[inner & (np.abs(cosine) < 0.15)].max() < 0.2


def test_what_is_next_to_a_nearer_edge_is_not_safe(ball):
    depth = np.full((60, 60), 100.0, np.float32)
    depth[:, :30] = 50.0  # a wall stands before the left half
    at = np.array([[[32.0, 30.0, 100.0], [50.0, 30.0, 100.0], [10.0, 30.0, 50.0], [10.0, 30.0, 100.0]]], np.float32)
    plain = np.ones((1, 4), np.float32)
    np.testing.assert_allclose(face_model._in_sight(at, depth)[0], [1, 1, 1, 0])
    np.testing.assert_allclose(face_model._safe(at, depth, plain, 3 * plain)[0, :3], [0, 1, 1])

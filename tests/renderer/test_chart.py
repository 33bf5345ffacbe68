import numpy as np
import pytest

from models.face_model import load_face_model
from renderer.chart import CENTER_MM, CHART_SIZE, to_cells, to_chart


@pytest.mark.parametrize("azimuth_deg", [-170, -90, -30, 0, 12, 60, 135])
def test_columns_are_denser_in_front_by_the_cubic_that_is_documented(azimuth_deg):
    a = np.radians(azimuth_deg)
    (s, elevation) = to_chart(CENTER_MM + 90 * np.array([np.sin(a), 0, -np.cos(a)]))
    assert (s + s**3) / 2 * 180 == pytest.approx(azimuth_deg, abs=1e-3)
    assert elevation == pytest.approx(0, abs=1e-5)


def test_rows_run_evenly_from_the_crown_to_the_neck():
    for degrees in (-89, -45, 0, 30, 80):
        e = np.radians(degrees)
        _, row = to_chart(CENTER_MM + 50 * np.array([0, np.sin(e), -np.cos(e)]))
        assert row * 90 == pytest.approx(degrees, abs=1e-3)


def test_the_mirror_image_of_a_point_has_the_mirrored_cell():
    points = load_face_model().mean[::97]
    cells = to_cells(to_chart(points))
    mirrored = to_cells(to_chart(points * [-1, 1, 1]))
    np.testing.assert_allclose(mirrored[:, 0], CHART_SIZE[1] - 1 - cells[:, 0], atol=1e-3)
    np.testing.assert_allclose(mirrored[:, 1], cells[:, 1], atol=1e-4)


def test_the_model_has_its_points_where_the_chart_says():
    model = load_face_model()
    points = model.on_chart(model.mean)
    rows, columns = CHART_SIZE
    here = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1)
    off = np.abs(to_cells(to_chart(points)) - here)[8:60, 20:76]
    assert off.max() < 0.1

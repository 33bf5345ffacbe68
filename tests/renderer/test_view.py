import numpy as np
import pytest

from fpn.rotations import rotation_from_angles
from models.face_model import load_face_model
from renderer import View, ViewError, parse_views, seed_views
from renderer.view import FIELD_MM, PIVOT_MM, check_size, view_geometry


def test_views_are_read_as_the_help_says():
    assert parse_views("0,40,-40:10") == (View(0), View(40), View(-40, 10))
    assert parse_views(" 22 ") == (View(22),)
    assert [str(view) for view in parse_views("0,-75,40:10")] == ["0", "-75", "40:10"]


@pytest.mark.parametrize("text", ["", "front", "0,", "10:", "1:2:3", "nan", "91", "0:61", "-1e9"])
def test_what_is_no_view_is_refused_in_one_line(text):
    with pytest.raises(ViewError, match=r"view"):
        parse_views(text)


@pytest.mark.parametrize("size", [-1, 0, 15, 5000])
def test_sizes_out_of_range_are_refused(size):
    with pytest.raises(ViewError, match="view size"):
        check_size(size)


@pytest.mark.parametrize(
    ("yaw", "wanted"),
    [
        (3, [0, 22, 40, 55, 75]),
        (-14, [0, -22, -40, -55, -75]),
        (20, [40, 55, 75]),
        (-39, [-40, -55, -75]),
        (60, [55, 75]),
        (-90, [-55, -75]),
    ],
)
def test_the_seeds_views_are_those_that_show_no_less_than_was_seen(yaw, wanted):
    assert [view.yaw_deg for view in seed_views(yaw)] == wanted


@pytest.mark.parametrize(("yaw", "pitch", "size"), [(0, 0, 224), (40, 0, 224), (-50, 20, 150), (75, 0, 448)])
def test_the_surface_of_a_view_goes_through_the_landmarks_it_shows(yaw, pitch, size):
    model = load_face_model()
    geometry = view_geometry(View(yaw, pitch), size)
    nose_and_cheeks = model.landmarks68[[27, 28, 29, 30, 36, 39, 42, 45]]
    posed = (model.mean[nose_and_cheeks] - PIVOT_MM) @ rotation_from_angles(yaw, pitch, 0).T
    first, second = geometry.along_mm[:2]
    column, row = np.rint((posed[:, :2] - first) / (second - first)).astype(int).T
    behind = posed[:, 2] - geometry.depth_mm[row, column]
    assert behind.min() > -3.5  # nothing stands before the surface ...
    assert (np.abs(behind) < 3.5).sum() >= 4  # ... and what is not hidden lies on it


@pytest.mark.parametrize("size", [64, 101, 224])
def test_a_view_shows_the_same_length_whatever_its_size(size):
    geometry = view_geometry(View(), size)
    mm_per_pixel = FIELD_MM / size
    left_edge = -FIELD_MM / 2
    nodes = len(geometry.along_mm)
    # Node j stands at pixel 2 j - 3.5, whose middle is half a pixel from its left edge.
    wanted = left_edge + (2 * np.arange(nodes) - 3.5 + 0.5) * mm_per_pixel
    np.testing.assert_allclose(geometry.along_mm, wanted, atol=1e-3)
    assert geometry.depth_mm.shape == geometry.cover.shape == (nodes, nodes)
    rough = 4 * np.arange(len(geometry.met_from_afar)) - 2.5
    np.testing.assert_allclose(geometry.rough_along_mm, left_edge + (rough + 0.5) * mm_per_pixel, atol=1e-3)


def test_the_pivot_stands_in_the_middle_of_every_view():
    for view in (View(), View(75), View(-40, 10)):
        geometry = view_geometry(view, 224)
        assert geometry.along_mm[57] + geometry.along_mm[58] == pytest.approx(0, abs=1e-3)


def test_mirrored_views_mirror_each_other():
    left, right = view_geometry(View(-40), 128), view_geometry(View(40), 128)
    on_head = (left.cover > 0.99) & (right.cover[:, ::-1] > 0.99)
    assert np.abs(left.depth_mm - right.depth_mm[:, ::-1])[on_head].mean() < 1.0
    np.testing.assert_allclose(left.cover.mean(), right.cover.mean(), rtol=0.02)

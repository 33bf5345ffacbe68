"""The overlay against projections worked out by hand: camera of 1000 pixels focal length, centre at (639.5, 359.5)."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fpn.camera import Camera
from fpn.pose import HeadPose
from fpn.roi import Box
from fpn.rotations import rotation_from_angles
from renderer.lettering import Lettering
from renderer.overlay import AXIS_COLOURS, AXIS_MM, HEAD_BOX_MM, OverlayFace, draw_overlay
from renderer.wireframe import dashes, project_lines

WIDTH, HEIGHT, FOCAL = 1280, 720, 1000.0
CENTRE = np.array([639.5, 359.5])


def from_centre(x, y):
    return CENTRE + np.array([x, y])


def camera(distortion=(), width=WIDTH, height=HEIGHT):
    K = np.array([[FOCAL, 0, (width - 1) / 2], [0, FOCAL, (height - 1) / 2], [0, 0, 1]])
    return Camera(K=K, distortion=np.array(distortion, float), width=width, height=height)


def face(yaw=0.0, pitch=0.0, roll=0.0, at=(0.0, 0.0, 1000.0), track=1, measured=True):
    pose = HeadPose(rotation_from_angles(yaw, pitch, roll), np.array(at, float), np.eye(3), np.eye(3))
    return OverlayFace(pose=pose, box=Box(600, 320, 80, 80), track=track, measured=measured)


def drawn(faces, level=0, width=WIDTH, height=HEIGHT, distortion=(), **options):
    picture = np.full((height, width, 3), level, np.uint8)
    draw_overlay(picture, faces, camera(distortion, width, height), **options)
    return picture


def pixels_of(picture, axis):
    """Pixels (n, 2) in the very colour of an axis: its core, without the edges."""
    rows, columns = np.nonzero((picture == AXIS_COLOURS[axis]).all(axis=2))
    return np.stack([columns, rows], axis=1)


def tip_of(picture, axis, origin):
    """The pixel of an axis that lies farthest from its origin."""
    pixels = pixels_of(picture, axis)
    assert len(pixels)
    return pixels[np.argmax(np.linalg.norm(pixels - origin, axis=1))]


X, Y, NOSE = 0, 1, 2
REACH = 3.0  # pixels: half a line's thickness and its round end


class TestAxes:
    def test_of_a_frontal_head_point_right_and_down(self):
        picture = drawn([face()])
        # 90 mm at 1000 mm with 1000 pixels focal length.
        np.testing.assert_allclose(tip_of(picture, X, CENTRE), from_centre(90, 0), atol=REACH)
        np.testing.assert_allclose(tip_of(picture, Y, CENTRE), from_centre(0, 90), atol=REACH)

    def test_the_nose_of_a_head_with_positive_yaw_points_to_the_pictures_left(self):
        tip = tip_of(drawn([face(yaw=30)]), NOSE, CENTRE)
        # The nose's axis ends at (-90 sin 30, 0, 1000 - 90 cos 30).
        np.testing.assert_allclose(tip, from_centre(-45 / 922.0577 * 1000, 0), atol=REACH)

    def test_the_nose_of_a_head_with_positive_pitch_points_up(self):
        tip = tip_of(drawn([face(pitch=30)]), NOSE, CENTRE)
        np.testing.assert_allclose(tip, from_centre(0, -45 / 922.0577 * 1000), atol=REACH)

    def test_a_head_with_positive_roll_is_turned_clockwise(self):
        tip = tip_of(drawn([face(roll=30)]), X, CENTRE)
        np.testing.assert_allclose(tip, from_centre(90 * np.cos(np.pi / 6), 90 * 0.5), atol=REACH)

    def test_away_from_the_centre_follow_the_line_of_sight(self):
        # The nose of a head whose rotation is the identity points along the optical axis, past the camera; seen from
        # there, at 400 mm to the side, it ends farther out: 400 / 910, not 400 / 1000.
        picture = drawn([face(at=(400, 0, 1000))])
        origin = from_centre(400, 0)
        np.testing.assert_allclose(tip_of(picture, NOSE, origin), from_centre(400 / 910 * 1000, 0), atol=REACH)

    def test_are_bent_with_the_lens(self):
        k1 = -0.25
        picture = drawn([face(at=(400, 200, 1000))], distortion=(k1, 0, 0, 0))
        origin, tip = (
            CENTRE + FOCAL * point * (1 + k1 * (point @ point))
            for point in (np.array([0.4, 0.2]), np.array([0.49, 0.2]))
        )
        np.testing.assert_allclose(tip_of(picture, X, origin), tip, atol=REACH)

    def test_grow_with_the_head(self):
        tip = tip_of(drawn([face()], head_scale=1.5), X, CENTRE)
        np.testing.assert_allclose(tip, from_centre(1.5 * AXIS_MM, 0), atol=REACH)

    def test_that_points_at_the_camera_lies_over_the_others(self):
        picture = drawn([face(yaw=2)])
        assert tuple(picture[359, 638]) == AXIS_COLOURS[NOSE]

    def test_that_points_away_lies_under_the_others(self):
        picture = drawn([face(yaw=180, at=(0, 0, 1000))])
        assert tuple(picture[359, 639]) != AXIS_COLOURS[NOSE]


class TestTheBox:
    def test_of_a_frontal_head_has_its_corners_where_the_head_ends(self):
        picture = drawn([face()])
        changed = np.argwhere(picture.any(axis=2))
        (left, top, front), (right, bottom, _) = HEAD_BOX_MM
        columns = np.flatnonzero(picture[np.abs(np.arange(HEIGHT) - 420) < 20].any(axis=(0, 2)))
        assert columns.min() == pytest.approx(CENTRE[0] + left / (1000 + front) * 1000, abs=4)
        assert columns.max() == pytest.approx(
            CENTRE[0] + right / (1000 + front) * 1000, abs=16
        )  # the red axis is longer
        assert changed[:, 0].max() == pytest.approx(CENTRE[1] + bottom / (1000 + front) * 1000, abs=4)
        assert top < 0

    def test_of_another_track_has_another_colour(self):
        first, second = (drawn([face(track=track)]) for track in (1, 2))
        corner = np.round(CENTRE + HEAD_BOX_MM[0, :2] / (1000 + HEAD_BOX_MM[0, 2]) * 1000).astype(int)[::-1]
        assert tuple(first[tuple(corner)]) != tuple(second[tuple(corner)])

    def test_of_a_track_that_only_coasts_is_grey_and_broken(self):
        seen, coasting = (drawn([face(measured=measured)])[300:460] for measured in (True, False))
        assert 0.3 < coasting.any(axis=2).sum() / seen.any(axis=2).sum() < 0.8
        column = round(CENTRE[0] + HEAD_BOX_MM[0, 0] / (1000 + HEAD_BOX_MM[0, 2]) * 1000)  # the left edge of the face
        line = coasting[:, column - 1 : column + 2].max(axis=1).astype(int)
        assert np.ptp(line, axis=1).max() <= 2
        assert (line.max(axis=1) > 150).any()
        assert (line.max(axis=1) == 0).any()


class TestLegibility:
    @pytest.fixture
    def places(self, monkeypatch):
        """Left, top and width of each line of words that is drawn."""
        drawn_at = []
        monkeypatch.setattr(
            Lettering, "draw", lambda self, picture, words, x, y, *colour: drawn_at.append((x, y, self.width(words)))
        )
        return drawn_at

    @pytest.mark.parametrize("level", [0, 128, 255])
    def test_every_axis_stands_out_from_any_background(self, level):
        picture = drawn([face(yaw=40, pitch=20)], level=level).astype(int)
        for axis in (X, Y, NOSE):
            tip = tip_of(picture, axis, CENTRE)
            around = picture[tip[1] - 6 : tip[1] + 7, tip[0] - 6 : tip[0] + 7].sum(axis=2)
            assert np.abs(around - sum(AXIS_COLOURS[axis])).max() > 250

    @pytest.mark.parametrize("level", [0, 255])
    def test_words_are_bright_with_a_dark_edge(self, level):
        picture = np.full((60, 300, 3), level, np.uint8)
        Lettering(1280, 720).draw(picture, "yaw +12", 10, 10)
        words = picture[10:40, 10:100].max(axis=2)
        assert (words > 150).sum() > 50
        assert (words < 30).sum() > 100

    @pytest.mark.parametrize(("size", "times"), [((400, 300), 0.7), ((1280, 720), 1.0), ((3840, 2160), 3.0)])
    def test_words_grow_with_the_picture_but_never_below_what_can_be_read(self, size, times):
        assert Lettering(*size).line_height == pytest.approx(times * Lettering(1280, 720).line_height, rel=0.15)
        assert Lettering(*size).line_height >= 12

    def test_a_label_leaves_the_head_free_where_there_is_room(self, places):
        drawn([face(at=(0, -250, 1000))])  # the top of its box touches the picture's
        below = CENTRE[1] + (HEAD_BOX_MM[1, 1] - 250) / (1000 + HEAD_BOX_MM[0, 2]) * 1000
        assert len(places) == 2
        assert all(y >= below - 2 for _, y, _ in places)

    def test_labels_of_neighbours_do_not_cover_each_other(self, places):
        drawn([face(at=(x, 0, 1500), track=number) for number, x in enumerate((-100, -40, 0, 50, 110))])
        labels = places
        assert len(labels) == 10
        height = Lettering(WIDTH, HEIGHT).line_height
        covered = sum(
            a[0] < b[0] + b[2] and b[0] < a[0] + a[2] and abs(a[1] - b[1]) < height
            for number, a in enumerate(labels)
            for b in labels[:number]
        )
        assert covered <= 1  # five heads on one another leave four places around them

    def test_labels_stay_inside_the_picture(self, places):
        for at in ((-620, -350, 1000), (620, -350, 1000), (620, 340, 1000), (0, 0, 150)):
            drawn([face(at=at)])
        assert all(0 <= x <= WIDTH - width and 0 <= y < HEIGHT for x, y, width in places)


class TestWords:
    def said(self, monkeypatch, faces, **options):
        words = []
        monkeypatch.setattr(Lettering, "draw", lambda self, picture, text, *_: words.append(text))
        drawn(faces, **options)
        return words

    def test_name_the_track_its_distance_and_its_angles(self, monkeypatch):
        words = self.said(monkeypatch, [face(yaw=12.4, pitch=-5.4, roll=3.4, at=(0, 300, 400), track=17)])
        assert words == ["17  50 cm", "yaw +12  pitch -5  roll +3"]

    def test_give_other_angles_than_the_drawn_ones_where_told_to(self, monkeypatch):
        seen = replace(face(yaw=12.4, at=(0, 0, 500)), angles_deg=(0.0, 7.0, -2.0))
        assert "yaw +0  pitch +7  roll -2" in self.said(monkeypatch, [seen])

    def test_have_no_negative_zero(self, monkeypatch):
        assert "yaw +0  pitch +0  roll +0" in self.said(
            monkeypatch, [face(yaw=-0.3, pitch=-0.2, roll=-0.1, at=(0, 0, 700))]
        )

    def test_are_short_beside_a_small_head(self, monkeypatch):
        assert "Y+12 P-5 R+3" in self.said(monkeypatch, [face(yaw=12, pitch=-5, roll=3, at=(0, 0, 4000))])

    def test_say_that_a_track_only_coasts(self, monkeypatch):
        assert "3  coasting" in self.said(monkeypatch, [face(track=3, measured=False)])

    def test_give_the_rate_once_it_is_known(self, monkeypatch):
        assert self.said(monkeypatch, [], rate_hz=59.6) == ["60 fps"]
        assert self.said(monkeypatch, [], rate_hz=0.0) == []


class TestAnyPose:
    def test_without_faces_and_rate_the_picture_stays_as_it_is(self):
        assert not drawn([]).any()

    @pytest.mark.parametrize("at", [(0, 0, -1000), (0, 0, 0), (0, 0, 30), (500, 0, 50), (1e7, 0, 10), (0, 0, 1e9)])
    @pytest.mark.parametrize("distortion", [(), (-0.3, 0.1, 0.001, 0.001, -0.02)])
    def test_is_drawn_as_far_as_it_can_be_seen(self, at, distortion):
        drawn([face(yaw=20, at=at)], distortion=distortion)

    @pytest.mark.parametrize("size", [(1, 1), (7, 5), (40, 30)])
    def test_is_drawn_into_pictures_of_any_size(self, size):
        assert drawn([face()], width=size[0], height=size[1]).any()


class TestLinesInSpace:
    def test_behind_the_camera_are_not_seen(self):
        assert project_lines(np.array([[[0.0, 0, -100], [50, 0, -900]]]), camera()) == [None]

    def test_are_cut_off_at_the_camera(self):
        # From (0, 0, 1000) to (100, 0, -1000); at z = 20 it is at x = 49, which is seen 2450 pixels to the right.
        (line,) = project_lines(np.array([[[0.0, 0, 1000], [100, 0, -1000]]]), camera())
        np.testing.assert_allclose(line, [CENTRE, from_centre(2450, 0)])
        (back,) = project_lines(np.array([[[100.0, 0, -1000], [0, 0, 1000]]]), camera())
        np.testing.assert_allclose(back, line[::-1])

    def test_that_are_no_numbers_are_left_out(self):
        lines = np.array(
            [[[np.nan, 0, 1000], [0, 0, 1000]], [[0, 0, 1000], [np.inf, 0, 1000]], [[0, 0, 500], [50, 0, 500]]]
        )
        first, second, third = project_lines(lines, camera())
        assert first is None
        assert second is None
        np.testing.assert_allclose(third, [CENTRE, from_centre(100, 0)])

    def test_stay_straight_without_distortion_and_bend_with_it(self):
        lines = np.array([[[-500.0, 300, 1000], [500, 300, 1000]]])
        (straight,) = project_lines(lines, camera())
        (bent,) = project_lines(lines, camera((-0.2, 0, 0, 0)))
        assert np.ptp(straight[:, 1]) < 1e-9
        slope = np.stack([np.linspace(-0.5, 0.5, len(bent)), np.full(len(bent), 0.3)], axis=1)
        expected = CENTRE + FOCAL * slope * (1 - 0.2 * (slope**2).sum(axis=1, keepdims=True))
        np.testing.assert_allclose(bent, expected, atol=1e-9)

    def test_far_to_the_side_do_not_fold_back_into_the_picture(self):
        # r (1 - 0.3 r^2) stops growing at r = 1.054; at r = 1.8 the formula would give 0.05: the picture's middle.
        (line,) = project_lines(np.array([[[1800.0, 0, 1000], [1900, 0, 1000]]]), camera((-0.3, 0, 0, 0)))
        assert line is None
        (part,) = project_lines(np.array([[[0.0, 0, 1000], [2000, 0, 1000]]]), camera((-0.3, 0, 0, 0)))
        assert (np.diff(part[:, 0]) > 0).all()

    def test_are_cut_into_dashes_with_one_at_each_end(self):
        line = np.array([[0.0, 0.0], [60.0, 0.0], [60.0, 40.0]])
        parts = dashes(line, 10.0)
        np.testing.assert_allclose(parts[0][0], line[0])
        np.testing.assert_allclose(parts[-1][-1], line[-1])
        drawn_length = sum(np.abs(np.diff(part, axis=0)).sum() for part in parts)
        assert 45 <= drawn_length <= 60


def test_drawing_needs_nothing_of_the_tracker():
    program = "import sys, renderer.overlay; sys.exit(any(name.split('.')[0] == 'tracker' for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", program], cwd=Path(__file__).parents[2]).returncode == 0

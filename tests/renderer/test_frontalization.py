import cv2
import numpy as np
import pytest

from fpn.camera import Camera
from models.face_model import load_face_model
from renderer import View, ViewError, frontalize
from renderer.chart import to_cells, to_chart
from renderer.view import FIELD_MM, PIVOT_MM
from tests.renderer.conftest import pose_of

SIZE = 160


def truth_of(photograph, view=View(), size=SIZE):  # noqa: B008 - a view is a value
    """The head drawn from the view's own side, and its face there: before the ears and above the jaw."""
    picture, covered, points = photograph.head.from_side(view, size, np.linalg.norm(photograph.pose.translation))
    return picture, covered & (points[..., 2] < 60) & (points[..., 1] < 105)


def view_of(photograph, view=View(), size=SIZE, **options):  # noqa: B008
    return frontalize(photograph.image, photograph.pose, photograph.camera, view, size, **options)


def error(view, truth, where):
    return np.abs(view.picture.astype(float) - truth).mean(-1)[where].mean()


@pytest.mark.parametrize(("yaw", "pitch", "roll"), [(0, 0, 0), (20, -8, 30), (-40, 10, -15)])
def test_the_frontal_view_is_what_a_camera_in_front_would_have_seen(take_photograph, yaw, pitch, roll):
    photograph = take_photograph(yaw, pitch, roll)
    truth, face = truth_of(photograph)
    view = view_of(photograph)
    seen = face & (view.visibility > 0.9)
    assert seen.sum() > 0.35 * face.sum()
    assert error(view, truth, seen) < 4
    assert error(view, truth, face) < 14  # the light comes from one side: the other is matched, not known


def test_a_face_close_to_the_camera_is_seen_from_as_close(take_photograph):
    photograph = take_photograph(translation=(0.0, -10.0, 215.0), camera=Camera.from_fov(640, 480, 100.0))
    truth, face = truth_of(photograph)
    assert error(view_of(photograph), truth, face) < 4


@pytest.mark.parametrize("yaw", [40, 75])
def test_views_from_the_side_are_what_a_camera_there_would_have_seen(take_photograph, yaw):
    photograph = take_photograph(30, 5, 0)
    truth, face = truth_of(photograph, View(yaw))
    view = view_of(photograph, View(yaw))
    assert error(view, truth, face & (view.visibility > 0.9)) < 5


def test_what_the_camera_did_not_see_is_neither_called_visible_nor_trusted_much(take_photograph):
    photograph = take_photograph(50)
    view = view_of(photograph)
    # The head turns its nose to the picture's left: the camera sees the side that is on the right in a frontal view.
    far, near = np.s_[60:100, 48:66], np.s_[60:100, 94:112]
    assert view.visibility[far].max() < 0.1
    assert view.confidence[far].max() < 0.6
    assert view.visibility[near].min() > 0.9
    assert view.confidence[near].min() > 0.9


def test_the_face_of_the_person_is_nearer_to_the_truth_than_the_mean_face(take_photograph):
    rng = np.random.default_rng(3)
    weights = rng.normal(0, 1, 50)
    photograph = take_photograph(-35, 5, 0, weights=weights)
    truth, face = truth_of(photograph)
    seen = face & (view_of(photograph).visibility > 0.9)
    assert error(view_of(photograph, shape=weights), truth, seen) < 0.7 * error(view_of(photograph), truth, seen)


def test_two_heads_that_differ_in_size_alone_have_the_same_view(take_photograph):
    photograph = take_photograph(20)
    pose = pose_of(20, translation=1.3 * photograph.pose.translation)
    larger = frontalize(photograph.image, pose, photograph.camera, size=SIZE, head_scale=1.3)
    assert np.abs(larger.picture.astype(int) - view_of(photograph).picture).mean() < 0.5


def test_a_lens_that_bends_the_picture_does_not_bend_the_view(take_photograph):
    straight = Camera.from_fov(640, 480)
    bent = Camera(straight.K, np.array([-0.3, 0.1, 0.0, 0.0]), 640, 480)
    place = (140.0, 90.0, 560.0)
    wanted = view_of(take_photograph(15, translation=place, camera=straight))
    found = view_of(take_photograph(15, translation=place, camera=bent))
    _, face = truth_of(take_photograph(15, translation=place, camera=straight))
    assert np.abs(found.picture.astype(int) - wanted.picture)[face].mean() < 2.5


def test_both_eyes_look_the_same_way_where_one_is_taken_from_the_other(take_photograph):
    model = load_face_model()
    texture = np.full_like(model.texture, 170)
    rows, columns = texture.shape[:2]
    y, x = np.mgrid[:rows, :columns]
    for marks in (slice(36, 42), slice(42, 48)):
        eye = model.mean[model.landmarks68[marks]].mean(0)
        at_x, at_y = to_cells(to_chart(eye + np.array([5.0, 0, 0])), (rows, columns))
        texture[np.hypot(x - at_x, y - at_y) < 7] = 0  # both irises to the picture's right of their eyes' middles
    photograph = take_photograph(65, texture=texture)
    view = view_of(photograph, size=224)
    scale = 224 / FIELD_MM
    offsets = []
    for marks in (slice(36, 42), slice(42, 48)):
        eye = (model.mean[model.landmarks68[marks]].mean(0) - PIVOT_MM)[:2] * scale + 111.5
        left, top = np.rint(eye).astype(int) - 12
        dark = np.clip(110.0 - view.picture[top + 4 : top + 21, left : left + 25, 0], 0, None)
        assert dark.max() > 50
        offsets.append((dark.sum(0) * np.arange(-12, 13)).sum() / dark.sum())
    assert view.visibility[int(eye[1]), 60:85].max() < 0.5  # the right eye is not seen by the camera
    assert min(offsets) > 1


def test_fine_patterns_of_a_face_much_larger_than_the_view_do_not_alias():
    y, x = np.mgrid[:2160, :3840]
    stripes = np.where((x + y) % 2, 255, 0).astype(np.uint8)[..., None].repeat(3, 2)
    view = frontalize(stripes, pose_of(10, 5, 3), Camera.from_fov(3840, 2160), size=64)
    assert view.picture[16:44, 20:44].std() < 12


def test_a_face_partly_outside_the_frame_is_completed_and_says_so(take_photograph):
    photograph = take_photograph(0, translation=(-335.0, -20.0, 600.0))
    view = view_of(photograph)
    outside, inside = np.s_[50:100, 48:68], np.s_[50:95, 88:110]
    assert view.visibility[outside].max() < 0.2
    assert view.visibility[inside].min() > 0.9
    truth, face = truth_of(photograph)
    assert error(view, truth, face) < 14


@pytest.mark.parametrize("translation", [(5000.0, 0.0, 600.0), (0.0, 0.0, -500.0), (0.0, 0.0, 20.0), (np.nan, 0, 0)])
def test_a_face_of_which_nothing_can_be_seen_gives_a_view_without_confidence(translation):
    image = np.zeros((480, 640, 3), np.uint8)
    view = frontalize(image, pose_of(translation=translation), Camera.from_fov(640, 480), size=SIZE)
    assert view.picture.shape == (SIZE, SIZE, 3)
    assert view.visibility.shape == view.confidence.shape == (SIZE, SIZE)
    assert view.confidence.max() == 0


@pytest.mark.parametrize(("yaw", "pitch"), [(100, 0), (180, 0), (-135, 20), (0, 80), (0, -85)])
def test_a_head_turned_beyond_profile_gives_a_view_with_little_confidence_in_the_face(take_photograph, yaw, pitch):
    view = view_of(take_photograph(yaw, pitch))
    assert view.picture.dtype == np.uint8
    assert view.confidence[60:110, 60:100].mean() < 0.75


def test_a_tiny_face_gives_a_smooth_view(take_photograph):
    photograph = take_photograph(20, translation=(0.0, 0.0, 9000.0))
    view = view_of(photograph)
    truth, face = truth_of(photograph)
    assert error(view, truth, face) < 25


@pytest.mark.parametrize("size", [16, 33, 101, 224])
def test_any_size_is_drawn_at_exactly_that_size_and_at_the_same_places(take_photograph, size):
    photograph = take_photograph(15)
    view = view_of(photograph, size=size)
    truth, face = truth_of(photograph, size=size)
    assert view.picture.shape == (size, size, 3)
    assert view.visibility.shape == (size, size)
    assert error(view, truth, face) < (8 if size > 40 else 18)


@pytest.mark.parametrize("options", [{"size": 0}, {"size": -5}, {"view": 120.0}, {"view": float("nan")}])
def test_a_view_that_cannot_be_made_is_refused(options):
    with pytest.raises(ViewError):
        frontalize(np.zeros((480, 640, 3), np.uint8), pose_of(), Camera.from_fov(640, 480), **options)


def test_the_picture_it_is_given_stays_as_it_is(take_photograph):
    photograph = take_photograph(50)
    before = photograph.image.copy()
    view_of(photograph)
    np.testing.assert_array_equal(photograph.image, before)


def test_nothing_of_the_head_is_drawn_out_above_the_crown(take_photograph):
    photograph = take_photograph(40, translation=(0.0, -20.0, 420.0))
    view = view_of(photograph, size=224)
    wall = np.array([150, 165, 140])
    above = view.picture[:3, 60:164].astype(int)
    assert np.abs(above - wall).max() < 25


def test_hair_that_nobody_saw_has_strands_and_skin_has_none(take_photograph):
    photograph = take_photograph(0)
    size = 224
    view = view_of(photograph, View(75), size)
    _, covered, points = photograph.head.from_side(View(75), size, np.linalg.norm(photograph.pose.translation))
    grey = view.picture.astype(np.float32).mean(-1)
    detail = grey - cv2.GaussianBlur(grey, (0, 0), 4)
    made_up = covered & (view.confidence < 0.02)
    _, y, z = np.moveaxis(points, -1, 0)
    hair = made_up & (z > 120) & (y < 40)
    skin = made_up & (y > 95) & (y < 115)
    assert hair.sum() > 500
    assert skin.sum() > 50
    assert detail[hair].std() / grey[hair].mean() > 0.02
    assert detail[skin].std() / grey[skin].mean() < 0.02

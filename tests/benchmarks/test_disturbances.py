from functools import partial

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from benchmarks.disturbances import (
    BOXES,
    PICTURES,
    SYMMETRIES,
    brightened,
    face_points,
    hidden,
    mirrored,
    noisy,
    reduced,
    scaled,
    shifted,
    turned,
)
from benchmarks.portraits import Portrait
from fpn.camera import Camera
from fpn.roi import Box, Roi
from fpn.rotations import rotation_from_angles
from tests.benchmarks.portrait_material import dot_at, seen_dot

WIDTH, HEIGHT = 330, 241
POINT_MM = np.array([-60.0, 35.0, 700.0])
TRUE = rotation_from_angles(20, -10, 5)


@pytest.fixture
def portrait():
    """A dot in space before a camera whose axis is off the picture's middle; the box is centred on the dot."""
    K = np.array([[400.0, 0, 150.3], [0, 400.0, 130.6], [0, 0, 1]])
    camera = Camera(K=K, distortion=np.zeros(0), width=WIDTH, height=HEIGHT)
    x, y = camera.project(POINT_MM)[0]
    box = Box(x - 40, y - 50, 80, 100)
    return Portrait(dot_at(np.array([x, y]), WIDTH, HEIGHT), box, Roi.around(box), camera, TRUE)


def in_plane(degrees):
    return Rotation.from_euler("z", degrees, degrees=True).as_matrix()


@pytest.mark.parametrize(
    ("apply", "world"),
    [
        (partial(reduced, face_px=60), np.eye(3)),
        (mirrored, np.diag([-1.0, 1, 1])),
        *[(partial(turned, degrees=angle), in_plane(angle)) for angle in (15, -30, 60, 90, -90)],
    ],
)
def test_the_new_camera_sees_the_changed_world_where_the_new_picture_shows_it(portrait, apply, world):
    changed = apply(portrait)
    assert changed.image.shape[:2] == (changed.camera.height, changed.camera.width)
    seen = seen_dot(changed.image)
    np.testing.assert_allclose(seen, changed.camera.project(world @ POINT_MM)[0], atol=0.1)
    np.testing.assert_allclose(seen, [changed.region.center_x, changed.region.center_y], atol=0.1)
    box = changed.box
    np.testing.assert_allclose(seen, [box.x + box.width / 2, box.y + box.height / 2], atol=0.1)


@pytest.mark.parametrize("disturbance", SYMMETRIES, ids=lambda each: each.label)
def test_a_pose_seen_in_the_changed_world_is_undone_to_the_one_before(portrait, disturbance):
    changed = disturbance.apply(portrait)
    if disturbance.label == "mirrored":
        flip = np.diag([-1.0, 1, 1])
        seen = flip @ TRUE @ flip
    else:
        seen = in_plane(turn_of(portrait, changed, disturbance)) @ TRUE
    np.testing.assert_allclose(disturbance.undo(seen), TRUE, atol=1e-6)


def turn_of(portrait, changed, disturbance):
    """Degrees by which a disturbance turns the picture clockwise, measured on where the region's centre went."""
    before = np.array([portrait.region.center_x, portrait.region.center_y]) - portrait.camera.K[:2, 2]
    after = np.array([changed.region.center_x, changed.region.center_y]) - changed.camera.K[:2, 2]
    return np.degrees(np.arctan2(after[1], after[0]) - np.arctan2(before[1], before[0]))


def test_a_quarter_turn_changes_no_pixel_but_its_place(portrait):
    np.testing.assert_array_equal(turned(portrait, 90).image, np.rot90(portrait.image, -1))


def test_boxes_move_by_shares_of_the_face(portrait):
    moved = shifted(portrait, 0.1, -0.1).region
    assert moved.center_x - portrait.region.center_x == pytest.approx(10)
    assert moved.center_y - portrait.region.center_y == pytest.approx(-10)
    assert scaled(portrait, 0.8).region.side == pytest.approx(0.8 * portrait.region.side)


def test_a_reduced_face_has_that_size_and_a_small_one_stays(portrait):
    box = reduced(portrait, 40).box
    assert max(box.width, box.height) == pytest.approx(40, rel=0.01)
    assert reduced(portrait, 100) is portrait


def test_noise_has_its_strength(portrait):
    grey = Portrait(np.full_like(portrait.image, 128), portrait.box, portrait.region, portrait.camera, TRUE)
    assert noisy(grey, 15).image.std() == pytest.approx(15, rel=0.02)


def test_gamma_over_one_darkens_and_keeps_black_and_white(portrait):
    levels = np.tile(np.arange(256, dtype=np.uint8)[None, :, None], (4, 1, 3))
    camera = Camera.from_fov(256, 4)
    dark = brightened(Portrait(levels, portrait.box, portrait.region, camera, TRUE), 2.0).image[0, :, 0]
    assert dark[0] == 0
    assert dark[255] == 255
    assert dark[128] == 64


def test_landmarks_fill_the_box_and_lie_as_the_head_is_turned(portrait):
    points = face_points(portrait)
    low, high = points.min(0), points.max(0)
    box = portrait.box
    np.testing.assert_allclose((low + high) / 2, [box.x + box.width / 2, box.y + box.height / 2], atol=1e-9)
    assert (high - low).max() == pytest.approx(100)
    # Yaw of 20 degrees: the nose tip is nearer to the jaw's end at the picture's left.
    assert points[30, 0] - points[0, 0] < points[16, 0] - points[30, 0]


def test_what_is_hidden_is_one_colour_and_the_rest_is_as_before(portrait):
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    textured = Portrait(picture, portrait.box, portrait.region, portrait.camera, TRUE)
    mouth = np.arange(48, 68)
    changed = hidden(textured, mouth, 0.05).image
    points = np.rint(face_points(textured)).astype(int)
    colour = changed[points[51, 1], points[51, 0]]
    for x, y in points[mouth]:
        np.testing.assert_array_equal(changed[y, x], colour)
    for x, y in points[17:48]:
        np.testing.assert_array_equal(changed[y, x], picture[y, x])


def test_every_disturbance_gives_a_picture_and_leaves_the_given_one_alone(portrait):
    before = portrait.image.copy()
    for each in (*BOXES, *PICTURES, *SYMMETRIES):
        image = each.apply(portrait).image
        assert image.dtype == np.uint8
        assert image.ndim == 3
    np.testing.assert_array_equal(portrait.image, before)

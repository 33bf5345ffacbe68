import os
import subprocess
import sys

import cv2
import numba
import numpy as np
import pytest
import scipy.ndimage

from fpn.camera import Camera
from fpn.pose import HeadPose
from renderer import View, frontalize
from renderer.grain import side_by_side
from renderer.loops import cells, compiled, lookup, mixing, nodes, pixels, pyramid, rows, tones, words
from renderer.words import Words, in_halves, in_quarters
from tests.renderer.conftest import pose_of

SIZE, ROUGH, NODES = 64, 18, 36
DISTANCE_MM = 600.0


def picture(height=90, width=120, seed=0):
    rng = np.random.default_rng(seed)
    return cv2.GaussianBlur(rng.integers(0, 256, (height, width, 3), np.uint8), (0, 0), 1.2)


def packed(image):
    return cv2.cvtColor(image, cv2.COLOR_BGR2BGRA).view(np.uint32)[..., 0]


def in_pairs(pixels):
    return np.ndarray(pixels.size - 1, np.uint64, np.ascontiguousarray(pixels), strides=(4,))


def colours_at(image, x, y):
    """Blue, green and red, (3, n), of places of a picture, looked up as in a patch."""
    at, (u, v), (upper, lower) = np.empty(300, np.uint32), np.empty((2, 300), np.float32), np.empty((2, 300), np.uint64)
    lookup.places_of(x, y, *image.shape[:2], at, u, v)
    lookup.fetch(in_pairs(packed(image)), at, 300, image.shape[1], upper, lower)
    return np.transpose([lookup.colour_of(*of_one) for of_one in zip(upper, lower, u, v, strict=True)])


@pytest.mark.parametrize("way", ["of a picture", "of pairs of channels", "of a patch"])
def test_lookups_agree_with_scipy(way):
    image = picture()
    rng = np.random.default_rng(1)
    x, y = (rng.uniform(-5, length + 5, 300).astype(np.float32) for length in (120, 90))
    for channel in range(3):
        plane = image[..., channel].astype(float)
        at = [np.clip(y, 0, 89), np.clip(x, 0, 119)]
        wanted = scipy.ndimage.map_coordinates(plane, at, order=1, mode="nearest")
        places = [lookup.place_of(a, b, 90, 120) for a, b in zip(x, y, strict=True)]
        if way == "of a picture":
            found = [lookup.value_at(image.astype(np.float32), place, channel) for place in places]
        elif way == "of pairs of channels":
            pairs = np.dstack([image, image[..., :1]]).astype(np.float32).view(np.uint64)
            found = [lookup.pair_at(pairs, place, channel // 2)[channel % 2] for place in places]
        else:
            found = colours_at(image, x, y)[channel]
        np.testing.assert_allclose(found, wanted, atol=0.02)


@pytest.mark.parametrize("nonsense", [np.nan, np.inf, -np.inf, 1e30])
def test_a_place_that_is_none_is_looked_up_inside_the_picture(nonsense):
    column, row, u, v = lookup.place_of(np.float32(nonsense), np.float32(nonsense), 90, 120)
    assert 0 <= column <= 118
    assert 0 <= row <= 88
    assert 0 <= u <= 1
    assert 0 <= v <= 1


def in_words(numbers, bits):
    """Pairs (h, w) of words that hold numbers (h, w, k) of that many bits each, the first one lowest."""
    words = Words.empty(*numbers.shape[:2])
    for place, layer in enumerate(np.rint(np.moveaxis(numbers, -1, 0)).astype(np.uint32)):
        words.words[:] |= layer << np.uint32(bits * place)
    return words.pairs


ROOM = 32  # lanes of rough nodes, more than there are


def draw_wall(patch, matrix, **changes):
    """A view of nothing but a wall at the depth of the middle, 1 mm to a pixel, seen by a camera: (n, n, 3), shares."""
    own, mirrored, around = changes.get("shares", (1, 0, 0))
    # Where the head stands the surroundings are not believed; tones of the surroundings and of the chart are the same
    # everywhere, as are the weights.
    beside = np.empty((4, 4, 4), np.float32)
    beside[..., :3], beside[..., 3] = changes.get("beside", 0), 255 * (1 - around)
    weights = np.zeros((72, 96, 4), np.float32)
    weights[..., 0], weights[..., 1], weights[..., 2] = own, mirrored, changes.get("confidence", own)
    on_chart = np.empty((36, 48, 6), np.float32)
    on_chart[..., :3], on_chart[..., 3:] = changes.get("fill", 0), changes.get("tone", 1)
    nowhere = np.zeros((2 * ROOM, 2 * ROOM))
    along, along_mm = (scale * (np.arange(ROOM) - (ROUGH - 1) / 2).astype(np.float32) for scale in (1, 4))
    side = nodes.Side(
        far_cells=np.zeros((ROOM, ROOM), np.uint64),
        far_surface=in_halves(nowhere, nowhere + 65535 * changes.get("cover", 1)),
        depth_mm=np.array([0, 1], np.float32),
        eyes=np.zeros((0, 2 * ROOM, 2 * ROOM, 1), np.float32),
        parts=np.array([[0, NODES, 0, NODES]] * 2),
        frame=np.eye(3, dtype=np.float32),
        along=along,
        along_mm=along_mm,
        fine_mm=2 * (np.arange(2 * ROOM) - (NODES - 1) / 2).astype(np.float32),
    )
    pixels = packed(patch)
    shown = nodes.Shown(
        deformation=in_words(np.full((36, 48, 3), nodes.TEN_ZERO), 10),
        step_mm=1.0,
        weights=in_words(255 * weights, 8),
        fill=in_words(nodes.FILL_STEPS * on_chart[..., :3], 10),
        tone=in_words(nodes.FACTOR_STEPS * on_chart[..., 3:], 10),
        around=in_words(beside, 8),
        to_small=np.zeros((2, 3), np.float32),
        patch=in_pairs(pixels),
        size=pixels.shape,
        offsets=changes.get("offsets", np.zeros((0, 0, 2), np.float32)).view(np.uint64),
        grid=np.array([[-1000, -1000], [1000, 1000]], np.float32),
    )
    mirror = np.array(matrix) @ np.diag([-1.0, 1, 1, 1])
    stand = nodes.Stand(
        camera=np.array([0, 1 / DISTANCE_MM, 0], np.float32),
        sheet=np.zeros(3, np.float32),
        matrices=np.array([matrix, mirror], np.float32),
        same=0.0,
        near=0.0,
        steps=1,
    )
    shares, picture_drawn = np.empty((ROUGH, ROUGH, 2), np.float32), np.empty((SIZE, SIZE), np.uint32)
    for first, last in changes.get("parts", [(0, ROUGH)]):
        met = np.zeros((ROUGH, 3, ROOM), np.float32)
        strands = side_by_side(np.full((288, 768), changes.get("brightness", 1.0), np.float32))
        rows.draw(side, shown, stand, strands, first, last, met, shares, picture_drawn)
    return picture_drawn.view(np.uint8).reshape(SIZE, SIZE, 4)[..., :3], shares


MATRIX = np.array([[1.2, 0.3, 0, 60.0], [-0.2, 1.1, 0, 45.0], [0.001, -0.0005, 0, 1.0]])
TO_PATCH = MATRIX[:, [0, 1, 3]] @ np.array([[1, 0, -(SIZE - 1) / 2], [0, 1, -(SIZE - 1) / 2], [0, 0, 1]])


def warped(patch, to_patch):
    return cv2.warpPerspective(
        patch, to_patch, (SIZE, SIZE), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
    ).astype(int)


def test_a_wall_is_drawn_as_opencv_warps_it():
    found, shares = draw_wall(picture(), MATRIX, confidence=0.6)
    assert np.abs(found - warped(picture(), TO_PATCH)).max() <= 4
    np.testing.assert_allclose(shares[..., 0], 1, atol=1e-6)
    np.testing.assert_allclose(shares[..., 1], 0.6, atol=1e-6)


def test_a_view_drawn_in_parts_is_the_same():
    whole, whole_shares = draw_wall(picture(), MATRIX)
    parts, shares = draw_wall(picture(), MATRIX, parts=[(10, ROUGH), (0, 3), (3, 10)])
    np.testing.assert_array_equal(parts, whole)
    np.testing.assert_array_equal(shares, whole_shares)


def test_the_mirror_image_takes_the_tone_of_its_place():
    found, _ = draw_wall(picture(), MATRIX, shares=(0, 1, 0), tone=0.5)
    mirrored = TO_PATCH @ np.array([[-1, 0, SIZE - 1], [0, 1, 0], [0, 0, 1]])
    assert np.abs(found - warped(picture(), mirrored) / 2).max() <= 3


def test_a_lens_moves_what_is_looked_up():
    offsets = np.full((3, 3, 2), (3.0, -2.0), np.float32)
    found, _ = draw_wall(picture(), MATRIX, offsets=offsets)
    moved = np.array([[1, 0, 3.0], [0, 1, -2.0], [0, 0, 1]]) @ TO_PATCH
    assert np.abs(found - warped(picture(), moved)).max() <= 4


def test_shares_of_what_was_seen_and_what_was_not_add_up():
    found, _ = draw_wall(np.full_like(picture(), 200), MATRIX, shares=(0.25, 0.25, 0), tone=0.8, fill=100)
    np.testing.assert_allclose(found, 0.25 * 200 + 0.25 * 0.8 * 200 + 0.5 * 100, atol=1)
    beside, _ = draw_wall(picture(), MATRIX, shares=(1, 0, 0), cover=0, beside=70)
    np.testing.assert_allclose(beside, 70, atol=1)


def test_strands_change_the_brightness_of_what_was_not_seen_and_of_nothing_else():
    found, _ = draw_wall(np.full_like(picture(), 200), MATRIX, shares=(0.5, 0, 0), fill=100, brightness=0.75)
    np.testing.assert_allclose(found, 0.5 * 200 + 0.5 * 0.75 * 100, atol=1)


def test_strands_are_looked_up_between_their_places():
    factors = np.random.default_rng(4).uniform(0, 1.9, (288, 768)).astype(np.float32)
    columns, rows = np.float32([10.3, 47.9, 90.0]), np.float32([0.2, 35.5, 70.9])
    at = [4 * (rows + 0.5) - 0.5, 8 * (columns + 0.5) - 0.5]
    shares = np.ones(3, np.float32)
    mixing.strand(columns, rows, side_by_side(factors), shares)
    np.testing.assert_allclose(shares, scipy.ndimage.map_coordinates(factors, at, order=1), atol=1 / 128)


def test_an_undeformed_head_seen_from_very_far_is_met_where_the_far_view_shows_it():
    rng = np.random.default_rng(0)
    steps = np.array([nodes.CELL_STEPS, nodes.CELL_STEPS, 1000])  # of what can be kept
    far = np.rint(rng.uniform(5, 60, (ROUGH + 4, ROUGH + 4, 3)) * steps) / steps
    wanted = np.moveaxis(far[2:-2, 2:-2], -1, 1).astype(np.float32)
    along = (np.arange(ROUGH) - (ROUGH - 1) / 2).astype(np.float32)
    side = nodes.Side(
        far_cells=in_quarters(*((far[..., :2] + 1) * nodes.CELL_STEPS).transpose(2, 0, 1), far[..., 2] * 1000),
        far_surface=np.zeros((4, 4), np.uint64),
        depth_mm=np.array([0, 1 / 1000], np.float32),
        eyes=np.zeros((0, 4, 4, 1), np.float32),
        parts=np.zeros((2, 4), np.int64),
        frame=np.eye(3, dtype=np.float32),
        along=along,
        along_mm=4 * along,
        fine_mm=along,
    )
    camera = np.array([0, 1e-9, 2], np.float32)
    shown = nodes.Shown(in_words(np.full((36, 48, 3), nodes.TEN_ZERO), 10), 0.01, *[None] * 9)
    for row in range(ROUGH):
        met, found = np.empty((3, ROUGH), np.float32), np.empty((3, ROUGH), np.float32)
        before = np.ascontiguousarray(wanted[row])
        nodes.meet(side, shown, camera, row, before, met, found)
        np.testing.assert_allclose(met, wanted[row], atol=1e-3)
        np.testing.assert_allclose(found[0], np.arange(ROUGH) + 2, atol=1e-4)
        np.testing.assert_allclose(found[1], row + 2, atol=1e-4)


@pytest.mark.parametrize("times", [1, 2])
def test_packed_pixels_are_means_of_those_they_cover(times):
    image = np.random.default_rng(3).integers(0, 256, (83, 121, 3), np.uint8)
    left, top, height, width = 5, 3, 32, 48
    found = np.empty((height, width), np.uint32)
    pixels.pack_halved(image.reshape(83, -1), left, top, found)
    part = image[top : top + 2 * height, left : left + 2 * width].astype(float)
    for _ in range(1, times):
        half = np.empty((height // 2, width // 2), np.uint32)
        pixels.halve(found, half)
        found = half
    across = 2**times
    wanted = part.reshape(2 * height // across, across, 2 * width // across, across, 3).mean((1, 3))
    assert np.abs(found.view(np.uint8).reshape(*found.shape, 4)[..., :3] - wanted).max() <= 0.5 * times


def test_whatever_is_drawn_each_loop_is_compiled_for_one_kind_of_arguments(take_photograph):
    photograph = take_photograph(30)
    bent = Camera(photograph.camera.K, np.array([-0.2, 0.05, 0, 0]), 640, 480)
    strange = photograph.image[:, ::-1][:, ::-1]
    strange.flags.writeable = False
    for image, camera, view, size, shape in (
        (photograph.image, photograph.camera, View(), 64, None),
        (strange, bent, View(75), 33, np.ones(50)),
        (photograph.image, photograph.camera, View(-40, 20), 101, [0.5] * 50),
    ):
        frontalize(image, photograph.pose, camera, view, size, shape=shape)
    of_tones = (tones.pool, tones.show_both, tones.show_skin, tones.show_hair, tones.fill_in, pyramid.spread)
    of_words = (words.deform, words.settle_weights, words.settle_tones, words.pack_bytes)
    for loop in (rows.draw, pixels.pack_halved, cells.show, cells.dim, cells.weigh, *of_tones, *of_words):
        assert len(loop.signatures) == 1


@pytest.mark.parametrize("spoilt", ["shape", "rotation"])
def test_numbers_that_are_none_give_a_picture_all_the_same(take_photograph, spoilt):
    photograph = take_photograph(20)
    pose, shape = photograph.pose, None
    if spoilt == "shape":
        shape = np.full(50, np.nan)
    else:
        pose = HeadPose(np.full((3, 3), np.nan), pose_of().translation, np.eye(3), np.eye(3))
    view = frontalize(photograph.image, pose, photograph.camera, size=64, shape=shape)
    assert view.picture.shape == (64, 64, 3)


def test_where_nothing_can_be_kept_loops_are_compiled_all_the_same(monkeypatch):
    compile_ = numba.njit

    def without_folder(function, cache=False, **options):
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return compile_(function, **options)

    monkeypatch.setattr(numba, "njit", without_folder)

    @compiled.compiled
    def doubled(x):
        return 2 * x

    assert doubled(3) == 6


def test_poses_alone_do_not_load_the_compiler():
    code = "import sys, renderer, tracker, tracker.app, tracker.sinks; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], env=os.environ, check=False).returncode == 0

import numpy as np
import pytest

from renderer.appearance import SettledAppearance, Sight, chart_surface, observe, sight
from renderer.chart import CHART_SIZE, to_cells, to_chart

ROWS, COLUMNS = CHART_SIZE


def cell_of(point):
    x, y = np.rint(to_cells(to_chart(np.array(point, float)))).astype(int)
    return y, x


def camera_at(yaw_deg, elevation_deg=0.0):
    yaw, elevation = np.radians([yaw_deg, elevation_deg])
    return np.array([np.sin(yaw) * np.cos(elevation), np.sin(elevation), -np.cos(yaw) * np.cos(elevation)])


def seen_from(yaw_deg, elevation_deg=0.0):
    found = sight(camera_at(yaw_deg, elevation_deg))
    return found.cosine * found.safe


LEFT_CHEEK, RIGHT_CHEEK = (48, 40, 8), (-48, 40, 8)
FOREHEAD, BACK_OF_THE_HEAD, CHIN_BELOW = (0, -50, -15), (12, 0, 190), (0, 118, 20)


def test_from_the_front_the_face_is_seen_and_the_back_of_the_head_is_not():
    seen = seen_from(0)
    for place in (LEFT_CHEEK, RIGHT_CHEEK, FOREHEAD):
        assert seen[cell_of(place)] > 0.5
    assert seen[cell_of(BACK_OF_THE_HEAD)] == 0


def test_from_behind_only_the_back_of_the_head_is_seen():
    seen = seen_from(180)
    assert seen[cell_of(BACK_OF_THE_HEAD)] > 0.8
    for place in (LEFT_CHEEK, RIGHT_CHEEK, FOREHEAD):
        assert seen[cell_of(place)] == 0


def test_from_the_side_the_near_cheek_is_seen_and_the_far_one_is_not():
    seen = seen_from(75)
    assert seen[cell_of(LEFT_CHEEK)] > 0.5
    assert seen[cell_of(RIGHT_CHEEK)] == 0


def test_the_nose_hides_the_cheek_beside_it_that_would_face_the_camera_well_enough():
    beside_the_nose = (-19, 27, -12)
    assert seen_from(0)[cell_of(beside_the_nose)] > 0.5
    assert seen_from(40)[cell_of(beside_the_nose)] < 0.05


def test_from_below_more_is_seen_under_the_chin():
    assert seen_from(0, 60)[cell_of(CHIN_BELOW)] > seen_from(0, 0)[cell_of(CHIN_BELOW)] + 0.3


def test_the_other_side_sees_the_mirror_image():
    np.testing.assert_allclose(seen_from(-33, 10), seen_from(33, 10)[:, ::-1])


@pytest.mark.parametrize("yaw", [0.0, 33.0, 52.4])
def test_what_is_seen_changes_little_with_a_small_turn(yaw):
    assert np.abs(seen_from(yaw + 0.5) - seen_from(yaw)).max() < 0.1


def colours(left, right):
    """A picture of the chart, its left half in one colour and its right half in another."""
    picture = np.empty((ROWS // 2, COLUMNS // 2, 3), np.uint8)
    picture[:, : COLUMNS // 4] = left
    picture[:, COLUMNS // 4 :] = right
    return picture


def plainly(cosine):
    return Sight(cosine, np.ones_like(cosine))


def observe_before(shown, seen, behind=(0, 255, 0)):
    return observe(shown, np.full(shown.shape, behind, np.float32), seen)


def test_what_is_well_seen_is_taken_from_its_own_place():
    found = observe_before(colours(100, 100), plainly(np.full(CHART_SIZE, 0.9, np.float32)))
    np.testing.assert_allclose(found.weights[..., 0], 1, atol=1e-3)
    np.testing.assert_allclose(found.weights[..., 1], 0, atol=1e-3)
    np.testing.assert_allclose(found.weights[..., 2], 1, atol=1e-3)


def test_what_only_its_mirror_image_shows_is_taken_from_there_and_half_trusted():
    seen = np.zeros(CHART_SIZE, np.float32)
    seen[:, COLUMNS // 2 :] = 0.9
    found = observe_before(colours(0, 120), plainly(seen))
    hidden = found.weights[10:60, 10:40]
    np.testing.assert_allclose(hidden[..., 1], 1, atol=1e-3)
    np.testing.assert_allclose(hidden[..., 2], 0.5, atol=1e-3)


def test_what_is_seen_nowhere_is_filled_from_around_it_and_not_trusted():
    seen = np.full(CHART_SIZE, 0.9, np.float32)
    seen[20:40] = 0
    found = observe_before(colours(90, 90), plainly(seen))
    assert found.weights[24:36].max() < 1e-3
    np.testing.assert_allclose(found.fill[12:18], 90, atol=2)


def test_a_picture_that_shows_nothing_gives_a_fill_all_the_same():
    found = observe_before(colours(90, 90), plainly(np.zeros(CHART_SIZE, np.float32)))
    assert found.weights.max() == 0
    assert np.isfinite(found.fill).all()
    assert np.isfinite(found.tone).all()


def test_a_mirrored_part_takes_the_brightness_of_the_side_it_stands_on():
    seen = np.zeros(CHART_SIZE, np.float32)
    seen[:, 30:] = 0.9  # both sides near the middle, and all of the right side
    found = observe_before(colours((50, 60, 70), (100, 120, 140)), plainly(seen))
    np.testing.assert_allclose(found.tone[10:26, 15:19], 0.57, atol=0.03)
    np.testing.assert_allclose(found.tone[10:26, 29:33], 1.75, atol=0.06)


def test_settling_keeps_the_shares_that_are_asked_for():
    bright = observe_before(colours(200, 200), plainly(np.full(CHART_SIZE, 0.9, np.float32)))
    dark = observe_before(colours(100, 100), plainly(np.zeros(CHART_SIZE, np.float32)))
    settled = SettledAppearance()
    settled.follow(bright, 0.0, 0.0)
    settled.follow(dark, 0.25, 0.5)
    mixed = settled.seen
    np.testing.assert_allclose(mixed.weights[..., 0], 0.25, atol=1e-3)
    np.testing.assert_allclose(mixed.fill, (bright.fill + dark.fill) / 2, atol=0.5)


def test_a_crown_that_looks_like_what_is_behind_the_head_is_filled_with_hair():
    shown = colours(60, 60)
    crown = np.s_[1:4, 19:29]
    shown[crown] = (200, 210, 190)
    well = plainly(np.full(CHART_SIZE, 0.45, np.float32))
    before_such_a_wall = observe_before(shown, well, behind=(195, 205, 195))
    before_another = observe_before(shown, well, behind=(0, 0, 255))
    at = np.s_[3:7, 42:54]
    assert before_such_a_wall.weights[at][..., :2].sum(-1).max() < 0.3
    assert before_another.weights[at][..., 0].min() > 0.9
    np.testing.assert_array_equal(before_such_a_wall.weights[30:], before_another.weights[30:])


def test_a_high_hairline_does_not_make_hair_that_was_not_seen_look_like_skin():
    hair = chart_surface().hair > 0.5
    skin, brown = (110, 140, 190), (30, 40, 55)
    shown = np.full((*hair.shape, 3), skin, np.uint8)
    crown = chart_surface().points[..., 1] < -88
    shown[hair & crown] = brown
    in_front = np.zeros(CHART_SIZE, np.float32)
    in_front[:, COLUMNS // 3 : -COLUMNS // 3] = 0.6
    found = observe_before(shown, plainly(in_front))
    row, column = (index // 2 for index in cell_of(BACK_OF_THE_HEAD))
    assert np.linalg.norm(found.fill[row, column] - brown) < 0.3 * np.linalg.norm(np.subtract(skin, brown))
    bald = observe_before(np.full_like(shown, skin), plainly(in_front))
    np.testing.assert_allclose(bald.fill[row, column], skin, rtol=0.1)


def with_hair_over_the_temples(brown, skin):
    """A face from in front, hair before the model's hairline, none seen where the model has it."""
    surface = chart_surface()
    shown = np.full((*surface.hair.shape, 3), skin, np.uint8)
    y = surface.points[..., 1]
    shown[(surface.temple > 0.5) & (y > -60) & (y < -10)] = brown
    sight_ = np.zeros(CHART_SIZE, np.float32)
    sight_[16:60, 20:-20] = 0.6
    return observe_before(shown, plainly(sight_))


def test_hair_that_hangs_over_the_temples_tells_of_the_hair_that_was_not_seen():
    skin, brown = np.array([110, 140, 190]), np.array([30, 34, 40])
    found = with_hair_over_the_temples(brown, skin)
    row, column = (index // 2 for index in cell_of(BACK_OF_THE_HEAD))
    assert np.linalg.norm(found.fill[row, column] - brown) < 0.3 * np.linalg.norm(skin - brown)


def test_a_shadow_on_the_temples_is_no_hair():
    skin = np.array([110, 140, 190])
    row, column = (index // 2 for index in cell_of(BACK_OF_THE_HEAD))
    shaded, plain = (with_hair_over_the_temples(light * skin, skin).fill[row, column] for light in (0.65, 1.0))
    np.testing.assert_allclose(shaded, plain, rtol=0.08)

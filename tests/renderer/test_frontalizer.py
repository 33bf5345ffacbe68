import tracemalloc

import numpy as np
import pytest

from renderer import Frontalizer, TrackedFace, View, ViewError, frontalize
from renderer.view import view_geometry
from tests.renderer.conftest import pose_of

SIZE = 128


def faces_of(photograph, shape=None, track=1):
    return [TrackedFace(track, photograph.pose, shape)]


def test_the_first_views_of_a_track_are_those_of_the_picture_alone(take_photograph):
    photograph = take_photograph(30)
    frontalizer = Frontalizer((View(), View(40)), SIZE)
    ((front, side),) = frontalizer.render(photograph.image, faces_of(photograph), photograph.camera, 0.0)
    for found, view in ((front, View()), (side, View(40))):
        wanted = frontalize(photograph.image, photograph.pose, photograph.camera, view, SIZE)
        assert np.abs(found.picture.astype(int) - wanted.picture).max() <= 3


def test_every_face_gets_its_views_in_order(take_photograph):
    left = take_photograph(30, translation=(-130.0, 0.0, 700.0))
    right = pose_of(-20, translation=(130.0, 0.0, 700.0))
    frontalizer = Frontalizer((View(), View(22)), SIZE)
    faces = [TrackedFace(4, right), TrackedFace(2, left.pose)]
    shown = frontalizer.render(left.image, faces, left.camera, 0.0)
    assert [len(views) for views in shown] == [2, 2]
    wanted = frontalize(left.image, left.pose, left.camera, 0.0, SIZE)
    np.testing.assert_allclose(shown[1][0].picture.astype(int), wanted.picture, atol=3)
    assert np.abs(shown[0][0].picture.astype(int) - wanted.picture).mean() > 10


def test_no_faces_give_no_views():
    assert Frontalizer().render(np.zeros((48, 64, 3), np.uint8), [], None, 0.0) == []


def test_pictures_of_earlier_frames_stay_as_they_were(take_photograph):
    photograph = take_photograph(30)
    frontalizer = Frontalizer(size=SIZE)
    ((first,),) = frontalizer.render(photograph.image, faces_of(photograph), photograph.camera, 0.0)
    kept = first.picture.copy()
    frontalizer.render(np.zeros_like(photograph.image), faces_of(photograph), photograph.camera, 0.03)
    np.testing.assert_array_equal(first.picture, kept)


def test_views_of_a_still_head_change_less_than_the_noisy_picture_does(take_photograph):
    photograph = take_photograph(45)
    rng = np.random.default_rng(0)
    frontalizer = Frontalizer(size=SIZE)
    pictures, inputs = [], []
    for number in range(12):
        noisy = np.clip(photograph.image + rng.normal(0, 4, photograph.image.shape), 0, 255).astype(np.uint8)
        ((view,),) = frontalizer.render(noisy, faces_of(photograph), photograph.camera, number / 30)
        pictures.append(view.picture.astype(float))
        inputs.append(noisy.astype(float))
    change, noise = (np.abs(np.diff(np.stack(stack[4:]), axis=0)).mean() for stack in (pictures, inputs))
    assert change < 0.7 * noise


def test_tones_follow_a_change_of_light_over_time_and_not_at_once(take_photograph):
    photograph = take_photograph(50)
    darker = (photograph.image * 0.5).astype(np.uint8)
    frontalizer = Frontalizer((View(-75),), SIZE)
    on_head = view_geometry(View(-75), SIZE).cover[2:-2, 2:-2].repeat(2, 0).repeat(2, 1) > 0.99

    def brightness(image, time_s):
        ((view,),) = frontalizer.render(image, faces_of(photograph), photograph.camera, time_s)
        filled = (view.confidence < 0.02) & on_head
        assert filled.sum() > 100
        return view.picture[filled].mean()

    before = brightness(photograph.image, 0.0)
    soon = brightness(darker, 0.04)
    later = [brightness(darker, 0.04 + 0.1 * step) for step in range(1, 30)][-1]
    assert later == pytest.approx(0.5 * before, rel=0.1)
    assert soon > later + 0.6 * (before - later)


def test_expression_is_there_at_once_and_identity_settles(take_photograph):
    photograph = take_photograph(40)
    frontalizer = Frontalizer(size=SIZE)

    def shown(shape, time_s, renderer=frontalizer):
        ((view,),) = renderer.render(photograph.image, faces_of(photograph, shape), photograph.camera, time_s)
        return view.picture.astype(float)

    neutral, smile, other = np.zeros(50), np.zeros(50), np.zeros(50)
    smile[30], other[0] = 2.0, 2.0
    for shape, least, most in ((smile, 0.75, 1.01), (other, 0.0, 0.35)):
        frontalizer.reset()
        before = shown(neutral, 0.0)
        after = shown(shape, 0.1)
        wanted = shown(shape, 0.1, Frontalizer(size=SIZE))
        share = np.abs(after - before).mean() / np.abs(wanted - before).mean()
        assert least <= share <= most


@pytest.mark.parametrize("gap_s", [-1.0, 5.0])
def test_time_that_jumps_begins_anew(take_photograph, gap_s):
    photograph = take_photograph(50)
    frontalizer = Frontalizer(size=SIZE)
    frontalizer.render(np.zeros_like(photograph.image), faces_of(photograph), photograph.camera, 10.0)
    ((view,),) = frontalizer.render(photograph.image, faces_of(photograph), photograph.camera, 10.0 + gap_s)
    wanted = frontalize(photograph.image, photograph.pose, photograph.camera, 0.0, SIZE)
    assert np.abs(view.picture.astype(int) - wanted.picture).max() <= 3


def test_a_face_that_leaves_the_frame_gives_a_view_without_confidence(take_photograph):
    photograph = take_photograph(10)
    frontalizer = Frontalizer(size=SIZE)
    frontalizer.render(photograph.image, faces_of(photograph), photograph.camera, 0.0)
    gone = [TrackedFace(1, pose_of(translation=(4000.0, 0.0, 600.0)))]
    ((view,),) = frontalizer.render(photograph.image, gone, photograph.camera, 0.1)
    assert view.confidence.max() == 0


def test_a_size_out_of_range_is_refused_at_once():
    with pytest.raises(ViewError):
        Frontalizer(size=0)


def test_warm_frames_take_hardly_any_memory_but_for_their_views(take_photograph):
    photograph = take_photograph(30)
    frontalizer = Frontalizer((View(), View(40)))

    def render(number):
        pose = pose_of(30 + np.sin(number / 5), 0.2 * number)
        face = TrackedFace(1, pose, np.sin(number / 7 + np.arange(50)).astype(np.float32))
        return frontalizer.render(photograph.image, [face], photograph.camera, number / 30)

    for number in range(10):
        render(number)
    taken = []
    tracemalloc.start()
    try:
        for number in range(10, 30):
            before = tracemalloc.get_traced_memory()[0]
            tracemalloc.reset_peak()
            (views,) = render(number)
            handed_out = sum(view.picture.nbytes + view.shares.nbytes for view in views)
            taken.append(tracemalloc.get_traced_memory()[1] - before - handed_out)
            del views
    finally:
        tracemalloc.stop()
    assert max(taken) < 60_000
    assert sorted(taken)[len(taken) // 2] < 20_000

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from tracker.scene_cut import SceneCut

Picture = npt.NDArray[np.uint8]


def scenery(seed: int, width: int = 640, height: int = 480) -> Picture:
    coarse = np.random.default_rng(seed).integers(0, 255, (6, 8, 3), np.uint8)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def cuts(*pictures: Picture) -> list[bool]:
    watched = SceneCut()
    return [watched.is_cut(picture) for picture in pictures]


def test_another_scene_is_a_cut_and_the_first_picture_is_none() -> None:
    assert cuts(scenery(0), scenery(0), scenery(1), scenery(1)) == [False, False, True, False]


def test_neither_noise_nor_light_nor_a_pan_is_a_cut() -> None:
    scene = scenery(0, 800)
    noise = np.random.default_rng(1).normal(scale=12, size=scene.shape)
    noisy = np.clip(scene + noise, 0, 255).astype(np.uint8)
    brighter = np.clip(scene * 0.5 + 100, 0, 255).astype(np.uint8)
    assert cuts(scene, noisy, brighter, scene) == [False] * 4
    assert not any(cuts(*(np.ascontiguousarray(scene[:, x : x + 640]) for x in range(0, 160, 20))))


def test_a_large_thing_that_comes_into_the_picture_is_no_cut() -> None:
    scene = scenery(0)
    covered = scene.copy()
    covered[100:400, 200:420] = 180
    assert cuts(scene, covered, scene) == [False] * 3


def test_black_pictures_are_alike_and_a_scene_after_them_is_a_cut() -> None:
    rng = np.random.default_rng(2)
    black = [rng.integers(0, 6, (480, 640, 3), np.uint8) for _ in range(2)]
    assert cuts(*black, scenery(0)) == [False, False, True]


def test_a_lens_that_is_covered_for_a_moment_is_no_cut_but_another_scene_after_it_is() -> None:
    rng = np.random.default_rng(2)
    covered = [rng.integers(0, 12, (480, 640, 3), np.uint8), np.full((480, 640, 3), 200, np.uint8)]
    assert cuts(scenery(0), *covered, scenery(0)) == [False] * 4
    assert cuts(scenery(0), *covered, scenery(1)) == [False, False, False, True]


def test_after_a_reset_there_is_nothing_to_compare_with() -> None:
    watched = SceneCut()
    watched.is_cut(scenery(0))
    watched.reset()
    assert not watched.is_cut(scenery(1))

import numpy as np
import pytest

pytest.importorskip("numba")

from fpn.head import FACE_CENTER_MM, LANDMARKS_MM
from fpn.rotations import rotation_from_angles
from training.augment import MIRROR_68, Placement, photograph, place, restyle
from training.turning import PICTURE_SIZE, PIXELS_PER_MM


def posed_landmarks(rotation: np.ndarray) -> np.ndarray:
    """Far-camera picture coordinates of the average landmarks, face centre in the middle of a stored picture."""
    points = (LANDMARKS_MM - FACE_CENTER_MM) @ rotation.T * PIXELS_PER_MM
    points[:, :2] += (PICTURE_SIZE - 1) / 2
    return points.astype(np.float32)


def dotted(points: np.ndarray) -> np.ndarray:
    """A picture with one soft dot at the nose tip (landmark 30)."""
    rows, columns = np.mgrid[:PICTURE_SIZE, :PICTURE_SIZE]
    x, y = points[30, :2]
    return (255 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 8)).astype(np.uint8)


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("angle", [0, 37, -90])
def test_labels_follow_the_picture_through_mirror_turn_scale_and_shift(mirrored, angle):
    rotation = rotation_from_angles(25, -12, 8).astype(np.float32)
    points = posed_landmarks(rotation)
    placement = Placement(angle_deg=angle, side=1.15, shift=(0.06, -0.09), mirrored=mirrored)
    sample = place(dotted(points), rotation, points, placement, 112, border=0)

    mass = sample.crop.astype(float)
    rows, columns = np.mgrid[:112, :112]
    seen = np.array([(columns * mass).sum(), (rows * mass).sum()]) / mass.sum()
    np.testing.assert_allclose(seen, sample.landmarks[30, :2] * 112 + 55.5, atol=0.3)

    # The new rotation must put the model's landmarks where the new labels say (up to the model's own asymmetry).
    scale = np.exp(sample.log_side) / 200
    again = (LANDMARKS_MM - FACE_CENTER_MM) @ sample.rotation.T * scale
    again[:, :2] += sample.center
    np.testing.assert_allclose(again, sample.landmarks, atol=0.006)
    assert np.linalg.det(sample.rotation) == pytest.approx(1, abs=1e-5)


def test_mirroring_twice_is_nothing():
    np.testing.assert_array_equal(MIRROR_68[MIRROR_68], np.arange(68))


def test_camera_effects_keep_the_shape_and_type():
    rng = np.random.default_rng(0)
    crop = rng.integers(0, 256, (112, 112), np.uint8)
    for _ in range(60):
        changed = photograph(rng, crop.copy())
        assert changed.shape == (112, 112)
        assert changed.dtype == np.uint8


def test_another_style_changes_tones_but_leaves_shapes_where_they_are():
    rows, columns = np.mgrid[:80, :80]
    disc = np.where((rows - 36) ** 2 + (columns - 44) ** 2 < 300, 190, 70).astype(np.uint8)
    rim = np.zeros((80, 80), bool)
    rim[:, 1:] |= disc[:, 1:] != disc[:, :-1]
    rim[1:] |= disc[1:] != disc[:-1]
    rng = np.random.default_rng(0)
    changed = 0
    for _ in range(100):
        styled = restyle(rng, disc).astype(float)
        assert styled.shape == disc.shape
        changed += bool((styled != disc).any())
        steps = np.hypot(*np.gradient(styled))
        # The strongest edges stay at the disc's rim (within the two pixels a 5x5 filter reaches).
        strongest = np.argwhere(steps >= np.quantile(steps, 0.99))
        distance = np.abs(np.hypot(strongest[:, 0] - 36, strongest[:, 1] - 44) - np.sqrt(300))
        assert np.median(distance) < 2.5
    assert 30 < changed < 90

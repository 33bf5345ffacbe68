"""Poses as a network with noise would measure them, and a filter that has seen some."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from scipy.spatial.transform import Rotation

from fpn.pose import HeadPose
from tracker.smoothing import PoseFilter

RATE_HZ = 30.0
TURN_STD_DEG, PLACE_STD_MM = 0.3, np.array([1.0, 1.0, 3.0])
AXIS = np.array([0.2, 0.95, 0.1]) / np.linalg.norm([0.2, 0.95, 0.1])


def pose(
    rotation: Rotation,
    translation: Iterable[float] = (0.0, 0.0, 600.0),
    turn_std_deg: float = TURN_STD_DEG,
    place_std_mm: np.ndarray = PLACE_STD_MM,
) -> HeadPose:
    return HeadPose(
        rotation.as_matrix(),
        np.asarray(translation, float),
        np.eye(3) * np.radians(turn_std_deg) ** 2,
        np.diag(np.square(place_std_mm)),
    )


def trembling(truth: Rotation, translation: Iterable[float], rng: np.random.Generator, claim: float = 1.0) -> HeadPose:
    turn = Rotation.from_rotvec(np.radians(TURN_STD_DEG) * rng.normal(size=3))
    place = np.asarray(translation) + PLACE_STD_MM * rng.normal(size=3)
    return pose(turn * truth, place, claim * TURN_STD_DEG, claim * PLACE_STD_MM)


def error_deg(estimate: HeadPose, truth: Rotation) -> float:
    return float(np.degrees((Rotation.from_matrix(estimate.rotation) * truth.inv()).magnitude()))


def run(
    truth: Iterable[Rotation],
    places: np.ndarray | None = None,
    smoothing: str = "default",
    rate_hz: float = RATE_HZ,
    claim: float = 1.0,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray, list[HeadPose]]:
    """Rotation errors in degrees, raw and filtered, and the filtered poses, of a noisy recording of the truth."""
    rng = np.random.default_rng(seed)
    tracked = PoseFilter(smoothing)
    raw, filtered, poses = [], [], []
    for index, rotation in enumerate(truth):
        measured = trembling(rotation, (0, 0, 600.0) if places is None else places[index], rng, claim)
        tracked.predict(1 / rate_hz if index else 0.0)
        assert tracked.update(measured)
        raw.append(error_deg(measured, rotation))
        filtered.append(error_deg(tracked.pose, rotation))
        poses.append(tracked.pose)
    return np.array(raw), np.array(filtered), poses


def rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


def spin(angles_deg: np.ndarray, axis: np.ndarray = AXIS, start: Rotation | None = None) -> list[Rotation]:
    return [Rotation.from_rotvec(np.radians(angle) * axis) * (start or Rotation.identity()) for angle in angles_deg]


def settled(smoothing: str = "default") -> PoseFilter:
    rng = np.random.default_rng(0)
    tracked = PoseFilter(smoothing)
    for index in range(60):
        tracked.predict(1 / RATE_HZ if index else 0)
        tracked.update(trembling(Rotation.identity(), (0, 0, 600), rng))
    tracked.predict(1 / RATE_HZ)
    return tracked

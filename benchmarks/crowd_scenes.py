"""Scenes in which IDs are easily confused: heads that cross, hide one another, leave, enter, and a cut."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.scene_clips import Placed, Scene

Path = Callable[[float], "Placed | None"]


def walk(start: tuple[float, float, float], velocity: tuple[float, float, float], yaw_deg: float = 0.0) -> Path:
    """A head on a straight line, millimetres and millimetres a second, that looks about a little."""

    def place(t: float) -> Placed:
        x, y, z = (s + t * v for s, v in zip(start, velocity, strict=True))
        bob = 6 * float(np.sin(2 * np.pi * 1.7 * t + start[0]))
        return (yaw_deg + 6 * float(np.sin(1.9 * t + start[0])), 4 * float(np.sin(2.3 * t)), 0.0), (x, y + bob, z)

    return place


def stand(x: float, y: float, z: float, yaw_deg: float = 0.0) -> Path:
    """A head that stays and looks about a little."""
    return walk((x, y, z), (0.0, 0.0, 0.0), yaw_deg)


def there_and_back(
    start: tuple[float, float, float], end: tuple[float, float, float], period_s: float, wait_s: float
) -> Path:
    """A head that goes to a place within a period, waits there, and goes back."""

    def place(t: float) -> Placed:
        share = min(max(t / period_s, 0.0), 1.0, max((2 * period_s + wait_s - t) / period_s, 0.0))
        smooth = share * share * (3 - 2 * share)
        x, y, z = (a + smooth * (b - a) for a, b in zip(start, end, strict=True))
        return (5 * float(np.sin(1.7 * t)), 0.0, 0.0), (x, y, z)

    return place


def only(path: Path, from_s: float, to_s: float) -> Path:
    """A head that is there from one time to another."""
    return lambda t: path(t) if from_s <= t < to_s else None


def wandering(seed: int, depth_mm: float) -> Path:
    """A head that goes to and fro and turns, at about one depth."""
    rng = np.random.default_rng(seed)
    reach = 0.42 * depth_mm
    rates, phases = rng.uniform(0.4, 1.1, 4), rng.uniform(0, 2 * np.pi, 4)

    def place(t: float) -> Placed:
        across, up, turn, nod = np.sin(rates * t + phases).tolist()
        return (28 * turn, 10 * nod, 8 * up), (reach * across, 0.06 * depth_mm * up, depth_mm)

    return place


def dense(number: int) -> Scene:
    """Four or five that wander, 12 or 23 cm behind one another, and hide one another again and again."""
    heads, apart_mm = 5 if number % 3 == 1 else 4, 120 if number % 3 == 2 else 230
    return Scene(
        4.0,
        {f"head {index}": wandering(5000 + 100 * number + index, 850 + apart_mm * index) for index in range(heads)},
        seed=300 + number,
    )


def _board(t: float) -> tuple[float, float] | None:
    """From the left to the right edge in two seconds, a fifth of the picture wide."""
    left = -0.2 + 0.6 * (t - 0.8)
    return (left, left + 0.2) if 0.8 <= t < 2.8 else None


CROWDS = {
    "crossing": Scene(
        4.5,
        {
            "near": walk((-420, 0, 900), (230, 0, 0), 10),
            "far": walk((420, -30, 1150), (-230, 0, 0), -10),
            "still": stand(-520, -150, 1500),
        },
        seed=1,
    ),
    "quick crossing": Scene(
        3.0,
        {"near": walk((-450, 10, 900), (550, 0, 0), -10), "far": walk((480, -20, 1100), (-550, 0, 0), 10)},
        seed=2,
    ),
    "passing before another": Scene(
        4.5,
        {
            "passing": walk((-480, 0, 800), (260, 0, 0), -15),
            "sitting": stand(60, -10, 1150),
            "other": stand(430, 0, 1250),
        },
        seed=3,
    ),
    "meeting and turning back": Scene(
        4.5,
        {
            "left": there_and_back((-380, 0, 850), (-60, 0, 850), 1.6, 0.6),
            "right": there_and_back((420, -20, 1100), (0, -20, 1100), 1.6, 0.6),
        },
        seed=4,
    ),
    "leaving and entering": Scene(
        5.0,
        {
            "leaves": only(walk((150, 0, 950), (420, 0, 0), -30), 0.0, 1.6),
            "enters": only(walk((720, 0, 1000), (-330, 0, 0), 20), 1.9, 9.0),
            "also enters": only(lambda t: walk((-600, -20, 800), (330, 0, 0), -20)(t - 2.4), 2.4, 9.0),
            "stays": stand(-180, -30, 1300),
        },
        seed=5,
    ),
    "board and covered lens": Scene(
        5.0,
        {"a": stand(-300, 0, 900, 8), "b": stand(20, -40, 1100), "c": walk((330, 20, 950), (-25, 0, 0), -12)},
        seed=6,
        boards=_board,
        covered=(3.2, 4.1),
    ),
    "cut": Scene(
        3.0,
        {"a": stand(-260, 0, 900), "b": stand(60, -40, 1000, 15), "c": walk((380, 0, 1000), (-60, 0, 0))},
        seed=7,
        cut_s=1.5,
    ),
    "wandering": Scene(
        4.0, {f"head {index}": wandering(100 + index, 850 + 230 * index) for index in range(4)}, seed=11
    ),
    "wandering, kept aside": Scene(
        4.0, {f"head {index}": wandering(1000 + index, 850 + 230 * index) for index in range(4)}, seed=21
    ),
    **{f"dense {number}": dense(number) for number in range(6)},
    "dense 6, kept aside": dense(6),
}
"""All scenes by name; those kept aside are not for making the tracker with."""

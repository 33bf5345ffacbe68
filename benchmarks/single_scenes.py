"""Clips of one head each, of many people, distances and lights, to measure how large the network's errors are."""

from __future__ import annotations

import numpy as np

from benchmarks.scene_clips import Placed, Scene

_SECONDS = 1.5


def single_scene(seed: int) -> Scene:
    """A person chosen by `seed` who turns to and fro, somewhere in the picture, far or near."""
    rng = np.random.default_rng([20, seed])
    depth = rng.uniform(480, 1300)
    middle = np.array([rng.uniform(-0.3, 0.3), rng.uniform(-0.12, 0.08), 1.0]) * depth
    center = np.array([rng.uniform(-40, 40), rng.uniform(-12, 12), rng.uniform(-12, 12)])
    reach = rng.uniform(0.2, 1.0, 3) * (25, 12, 10)
    rates, phases = rng.uniform(1.5, 5.0, 3), rng.uniform(0, 2 * np.pi, 3)

    def place(t: float) -> Placed:
        swing = np.sin(rates * t + phases)
        yaw, pitch, roll = (center + reach * swing).tolist()
        x, y, z = (middle + 0.03 * depth * swing).tolist()
        return (yaw, pitch, roll), (x, y, z)

    return Scene(_SECONDS, {"head": place}, seed=1000 + seed, size=(640, 480), variety=1.0)


HALVES = (
    {f"single {seed}": single_scene(seed) for seed in range(14)},
    {f"single {seed}": single_scene(seed) for seed in range(100, 114)},
)
"""Clips of two halves of the people: what is fitted on one is checked on the other."""

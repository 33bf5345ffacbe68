"""How much people differ in what their expressions do, found in people who differ by a known amount."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.own_effects import fit_own_effects

PEOPLE, PICTURES, DIRECTIONS = 100, 8, 2


def expressions(rng: np.random.Generator) -> np.ndarray:
    """The first of each person rests; the others are of all sizes, and far from each other."""
    ways = rng.normal(size=(PEOPLE, PICTURES, DIRECTIONS))
    ways /= np.linalg.norm(ways, axis=-1, keepdims=True) / np.sqrt(DIRECTIONS)
    sizes = rng.uniform(0.1, 2.5, (PEOPLE, PICTURES, 1))
    sizes[:, 0] = 0
    return np.asarray(ways * sizes)


def test_effects_in_proportion_are_told_from_a_remainder_that_levels_off() -> None:
    rng = np.random.default_rng(0)
    moved = expressions(rng)
    own = rng.normal(size=(PEOPLE, DIRECTIONS, 1)) * [[0.02], [0.01]]
    size = np.linalg.norm(moved, axis=-1) / np.sqrt(DIRECTIONS)
    # One drawn for each picture and nothing at rest; half of what it becomes at a size of 0.29.
    remainder = 0.01 * rng.normal(size=(PEOPLE, PICTURES)) * np.minimum(size / 0.5, 1)
    constant = rng.normal(size=(PEOPLE, 1))
    found = fit_own_effects(moved, (moved @ own)[..., 0][..., np.newaxis] + (remainder + constant)[..., np.newaxis])
    np.testing.assert_allclose(np.sqrt(np.diag(found.spread[0])), [0.02, 0.01], rtol=0.2)
    assert found.remainder == pytest.approx(0.01, rel=0.2)
    assert found.levels_off <= 0.7


def test_what_grows_in_proportion_does_not_level_off_early() -> None:
    rng = np.random.default_rng(1)
    moved = expressions(rng)
    size = np.linalg.norm(moved, axis=-1, keepdims=True) / np.sqrt(DIRECTIONS)
    found = fit_own_effects(moved, 0.01 * size * rng.normal(size=(PEOPLE, PICTURES, 1)))
    assert found.levels_off >= 1.5
    assert found.remainder == pytest.approx(0.01, rel=0.25)

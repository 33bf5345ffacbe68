"""What is told of claims, fitted on faces of two kinds whose claims are wrong by known factors."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.told_claims import Seen, ToldClaims, fit_told, held_out_shares


def seen(count: int, claimed_deg: float, right: float, seed: int) -> Seen:
    """Faces that claim about so much, and whose errors are `right` times what they claim."""
    rng = np.random.default_rng(seed)
    claimed = claimed_deg * np.exp(0.1 * rng.normal(size=count))
    return Seen(claimed, right**2 * rng.chisquare(3, count))


def test_both_kinds_are_told_as_they_ask() -> None:
    drawn, photographs = seen(4000, 1.5, 0.8, seed=0), seen(4000, 3.0, 1.3, seed=1)
    told = fit_told(drawn, photographs)
    assert told.sure == pytest.approx(0.8, rel=0.03)
    assert told.unsure == pytest.approx(1.3, rel=0.03)
    assert drawn.claimed_deg.mean() < told.sure_deg < told.unsure_deg < photographs.claimed_deg.mean()
    assert told.share_inside(drawn) == pytest.approx(0.95, abs=0.02)
    assert told.share_inside(photographs) == pytest.approx(0.95, abs=0.02)


def test_of_few_photographs_more_is_asked_and_never_that_they_be_surer_than_they_claim() -> None:
    drawn = seen(4000, 1.5, 0.8, seed=0)
    few = [fit_told(drawn, seen(20, 3.0, 1.3, seed)).unsure for seed in range(40)]
    assert np.mean(few) > 1.35
    assert fit_told(drawn, seen(400, 3.0, 0.5, seed=1)).unsure == 1.0


def test_shares_are_of_faces_that_were_not_fitted() -> None:
    halves = [seen(1000, 1.5, 0.8, seed=0), seen(1000, 1.5, 0.8, seed=1)]
    far_off = Seen(np.full(10, 3.0), np.array([1.0] * 9 + [1000.0]))
    faces, photographs = held_out_shares(*halves, far_off)
    assert faces == pytest.approx(0.95, abs=0.02)
    assert photographs == 0.9  # the others know nothing of the one that is far off


def test_what_was_told_can_be_undone() -> None:
    told, before = ToldClaims(1.5, 2.0, 0.8, 1.3), seen(100, 1.8, 1.0, seed=0)
    scales = told.scales(before.claimed_deg)
    after = told.undone(Seen(scales * before.claimed_deg, before.surprise / scales**2))
    np.testing.assert_allclose(after.claimed_deg, before.claimed_deg, rtol=1e-4)
    np.testing.assert_allclose(after.surprise, before.surprise, rtol=1e-3)

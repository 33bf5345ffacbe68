"""What `tracker.claims.told` makes of claims: fitted on drawn faces and on photographs of real people together.

Drawn faces are easier than photographs, and the network mostly knows which it sees: it claims less for them. So the
scale of what is told goes from that of drawn faces, up to a claim that three in five of them stay below, to that of
photographs, from one on that nine in ten of these exceed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import chi2

from benchmarks.steadiness import share_inside

Float = npt.NDArray[np.float64]

LEVEL = 0.95
_DRAWN, _PHOTOGRAPHS = 0.6, 0.1  # quantiles of their claims between which the scale changes
_LEAST_RATIO = 1.05  # between the two claims: a scale does not jump


@dataclass(frozen=True)
class Seen:
    """Rotations of faces: standard deviations of an axis that were claimed (n,), degrees, and squared Mahalanobis
    lengths (n,) of the errors.
    """

    claimed_deg: Float
    surprise: Float

    def __getitem__(self, chosen: npt.NDArray[np.bool_]) -> Seen:
        return Seen(self.claimed_deg[chosen], self.surprise[chosen])

    def __add__(self, other: Seen) -> Seen:
        return Seen(*(np.concatenate(pair) for pair in zip(vars(self).values(), vars(other).values(), strict=True)))

    def scaled(self, scale: float) -> Seen:
        """With all claims multiplied."""
        return Seen(scale * self.claimed_deg, self.surprise / scale**2)


@dataclass(frozen=True)
class ToldClaims:
    """The scale that claims of up to `sure_deg` and from `unsure_deg` on are multiplied by; evenly in between, on
    logarithmic scales.
    """

    sure_deg: float
    unsure_deg: float
    sure: float
    unsure: float

    def __str__(self) -> str:
        return (
            f"SURE_DEG, UNSURE_DEG = {self.sure_deg:.2f}, {self.unsure_deg:.2f}; "
            f"TOLD_SURE, TOLD_UNSURE = {self.sure:.2f}, {self.unsure:.2f}"
        )

    def scales(self, claimed_deg: Float) -> Float:
        """Of claims (n,)."""
        ends = np.log([self.sure_deg, self.unsure_deg])
        return np.asarray(np.exp(np.interp(np.log(claimed_deg), ends, np.log([self.sure, self.unsure]))))

    def share_inside(self, seen: Seen, level: float = LEVEL) -> float:
        """Share of true rotations inside the region that is told to hold `level` of them."""
        return share_inside(seen.surprise / self.scales(seen.claimed_deg) ** 2, level)

    def undone(self, told: Seen) -> Seen:
        """Claims as they were before they were told so."""
        before = np.geomspace(0.01, 100.0, 100_000)
        claimed = np.exp(np.interp(np.log(told.claimed_deg), np.log(before * self.scales(before)), np.log(before)))
        return Seen(claimed, told.surprise * self.scales(claimed) ** 2)


def asked_scale(surprise: Float) -> float:
    """What standard deviations must be multiplied by, so that the region of 95 % holds 95 % of these (n,)."""
    return float(np.sqrt(np.quantile(surprise, LEVEL) / chi2.ppf(LEVEL, 3)))


def fit_told(drawn: Seen, photographs: Seen) -> ToldClaims:
    """Of claims as they are before they are told.

    Few photographs: so many of them are inside that as many of others can be expected to be (split conformal
    prediction; Vovk et al. 2005, "Algorithmic Learning in a Random World"), and none is told to be surer than claimed.
    """
    sure_deg = float(np.quantile(drawn.claimed_deg, _DRAWN))
    unsure_deg = max(float(np.quantile(photographs.claimed_deg, _PHOTOGRAPHS)), _LEAST_RATIO * sure_deg)
    count = len(photographs.surprise)
    rank = min(np.ceil((count + 1) * LEVEL) / count, 1.0)
    unsure = np.sqrt(np.quantile(photographs.surprise, rank, method="higher") / chi2.ppf(LEVEL, 3))
    return ToldClaims(sure_deg, unsure_deg, asked_scale(drawn.surprise), max(float(unsure), 1.0))


def held_out_shares(one: Seen, other: Seen, photographs: Seen) -> tuple[float, float]:
    """Shares in the region of 95 %: of each half of the drawn people as the other half asks, of each photograph as all
    others do.
    """
    inside = [fit_told(a, photographs).share_inside(b) * len(b.surprise) for a, b in ((one, other), (other, one))]
    every = np.arange(len(photographs.surprise))
    drawn = one + other
    left_out = [fit_told(drawn, photographs[every != i]).share_inside(photographs[every == i]) for i in every]
    return sum(inside) / (len(one.surprise) + len(other.surprise)), float(np.mean(left_out))

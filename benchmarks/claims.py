"""Whether the network is as sure as it is right: claimed rotation uncertainty against the errors made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation
from scipy.stats import chi2, spearmanr

from benchmarks.markdown import table
from benchmarks.portraits import Float
from benchmarks.steadiness import share_inside, squared_surprise
from fpn.metrics import bootstrap_mean
from fpn.pose import HeadPose

LEVELS = (0.5, 0.9, 0.95)
_BINS = 4
_LEAST_IN_A_BIN = 5


@dataclass(frozen=True)
class Claims:
    """Errors made and uncertainties claimed.

    errors: (n, 3) float64 rotation vectors in radians, camera frame, from the estimate to the truth. covariances:
    (n, 3, 3) float64, radians squared, that were claimed for them.
    """

    errors: Float
    covariances: Float

    @classmethod
    def of(cls, poses: Sequence[HeadPose], truth: Float) -> Claims:
        """Of estimated poses and true rotations (n, 3, 3)."""
        estimated = np.array([pose.rotation for pose in poses])
        errors = Rotation.from_matrix(truth @ np.swapaxes(estimated, -1, -2)).as_rotvec()
        return cls(errors, np.array([pose.rotation_covariance for pose in poses]))

    @property
    def claimed_deg(self) -> Float:
        """Standard deviation of an axis (n,), degrees: the root of the three axes' mean variance."""
        return np.degrees(np.sqrt(np.trace(self.covariances, axis1=1, axis2=2) / 3))

    @property
    def made_deg(self) -> Float:
        """Error of an axis (n,), degrees: the root of the three axes' mean square."""
        return np.degrees(np.sqrt(np.mean(self.errors**2, axis=1)))

    @property
    def surprise(self) -> Float:
        """Squared Mahalanobis lengths (n,) of the errors; of honest claims chi-square with 3 degrees of freedom."""
        return squared_surprise(self.errors, self.covariances)

    def rank_correlation(self) -> float:
        """Spearman's, of claimed and made: 1 where the less sure answers are always the worse ones."""
        return float(spearmanr(self.claimed_deg, self.made_deg).statistic)


def bins_table(claims: Claims) -> str:
    """Markdown: portraits sorted by what is claimed, in bins of equal count; claimed and made as root mean squares."""
    order = np.argsort(claims.claimed_deg)
    count = max(1, min(_BINS, len(order) // _LEAST_IN_A_BIN))
    rows = []
    for chosen in np.array_split(order, count):
        claimed, made = (float(np.sqrt(np.mean(v[chosen] ** 2))) for v in (claims.claimed_deg, claims.made_deg))
        low, high = claims.claimed_deg[chosen[[0, -1]]]
        rows.append(
            [f"{low:.1f} to {high:.1f}", f"{len(chosen)}", f"{claimed:.2f}", f"{made:.2f}", f"{made / claimed:.2f}"]
        )
    return table(["claimed std, degrees", "images", "claimed, RMS", "made, RMS", "made / claimed"], rows)


def coverage_table(claims: Claims) -> str:
    """Markdown: the share of truths inside the claimed regions."""
    inside = {level: claims.surprise <= chi2.ppf(level, 3) for level in LEVELS}
    cells = [bootstrap_mean(100.0 * values) for values in inside.values()]
    return table(
        ["region that should hold", *(f"{100 * level:.0f} %" for level in LEVELS)],
        [["holds", *(f"{cell.value:.0f} % [{cell.low:.0f}, {cell.high:.0f}]" for cell in cells)]],
    )


def plot_claims(claims: Claims, path: Path) -> None:
    """Draw made against claimed errors, and actual against claimed shares, into a PNG."""
    from matplotlib.figure import Figure  # late: only plots need it

    figure = Figure(figsize=(9, 4), layout="constrained")
    errors, shares = figure.subplots(1, 2)
    claimed, made = claims.claimed_deg, claims.made_deg
    most = 1.05 * float(max(claimed.max(), made.max()))
    errors.plot([0, most], [0, most], color="grey", linewidth=1)
    errors.plot(claimed, made, ".")
    errors.set(xlabel="claimed standard deviation of an axis, degrees", ylabel="error made, an axis, degrees (RMS)")
    errors.set(xlim=(0, most), ylim=(0, most), title=f"rank correlation {claims.rank_correlation():.2f}")
    levels = np.linspace(0.02, 0.98, 49)
    shares.plot([0, 1], [0, 1], color="grey", linewidth=1)
    shares.plot(levels, [share_inside(claims.surprise, float(level)) for level in levels])
    shares.set(xlabel="share that the region should hold", ylabel="share that it holds", xlim=(0, 1), ylim=(0, 1))
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)

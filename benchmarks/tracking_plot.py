"""Jitter against lag, for every filter compared: what a preset is a choice of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SMALL_DEG, SMALL_HZ = 1.0, 0.5
"""The swing of a head that hardly moves."""


@dataclass(frozen=True)
class Point:
    """A filter at one setting: jitter at rest in degrees, mean lag in frames, lag in frames on a small swing."""

    setting: str
    jitter_deg: float
    lag: float
    small_lag: float


def plot(folder: Path, points: dict[str, list[Point]]) -> None:
    """Draw jitter_lag.png into a folder: jitter against the lag of the movements, and against that of a small one."""
    from matplotlib.figure import Figure  # late: only plots need it

    folder.mkdir(parents=True, exist_ok=True)
    figure = Figure(figsize=(9, 4), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    left.set_xlabel("mean lag of swings and a quick turn, frames of 1/30 s")
    right.set_xlabel(f"lag of a swing of {SMALL_DEG:g} degree at {SMALL_HZ:g} Hz, frames of 1/30 s")
    for (family, settings), marker in zip(points.items(), "o*xs", strict=True):
        style = {"marker": marker, "linestyle": "-" if family in ("ours", "moving average") else "", "label": family}
        turn = [point.jitter_deg for point in settings]
        left.plot([point.lag for point in settings], turn, **style)
        right.plot([point.small_lag for point in settings], turn, **style)
    for point in points["ours"]:
        for axes, late in ((left, point.lag), (right, point.small_lag)):
            beside = (6, 5) if point.setting == "off" else (6, -5)  # "low" may lie next to it
            axes.annotate(point.setting, (late, point.jitter_deg), textcoords="offset points", xytext=beside)
    left.set_ylim(0, 1.15 * max(point.jitter_deg for settings in points.values() for point in settings))
    left.set_ylabel("jitter at rest, degrees (RMS)")
    right.legend()
    figure.savefig(folder / "jitter_lag.png")

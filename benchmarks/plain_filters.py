"""Filters that head trackers commonly use, on poses, to compare ours with: One-Euro and the moving average."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

Float = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Path6D:
    """Poses over time: times (n,) seconds, rotations of n poses, translations (n, 3) millimetres."""

    times_s: Float
    rotations: Rotation
    translations: Float


def one_euro(raw: Path6D, min_cutoff_hz: float, beta_turn: float, beta_move: float, d_cutoff_hz: float = 1.0) -> Path6D:
    """The 1-Euro filter (Casiez, Roussel, Vogel 2012), on SO(3) with spherical interpolation, and on positions.

    beta_turn: cutoff in Hz gained for each rad/s of speed. beta_move: for each mm/s.
    """
    rotation, place = raw.rotations[0], raw.translations[0]
    turn_rate, move_rate = np.zeros(3), np.zeros(3)
    rotations, places = [rotation], [place]
    steps = np.diff(raw.times_s)
    for index, step_s in enumerate(steps, start=1):
        slow = _smoothing_factor(d_cutoff_hz, step_s)
        turn = (raw.rotations[index] * raw.rotations[index - 1].inv()).as_rotvec() / step_s
        move = (raw.translations[index] - raw.translations[index - 1]) / step_s
        turn_rate, move_rate = turn_rate + slow * (turn - turn_rate), move_rate + slow * (move - move_rate)
        turn_share = _smoothing_factor(min_cutoff_hz + beta_turn * float(np.linalg.norm(turn_rate)), step_s)
        move_share = _smoothing_factor(min_cutoff_hz + beta_move * float(np.linalg.norm(move_rate)), step_s)
        ahead = (raw.rotations[index] * rotation.inv()).as_rotvec()
        rotation = Rotation.from_rotvec(turn_share * ahead) * rotation
        place = place + move_share * (raw.translations[index] - place)
        rotations.append(rotation)
        places.append(place)
    return Path6D(raw.times_s, Rotation.concatenate(rotations), np.array(places))


def moving_average(raw: Path6D, frames: int) -> Path6D:
    """The mean of the last poses, this one among them; rotations by their chordal mean (Markley et al. 2007)."""
    spans = [slice(max(0, index + 1 - frames), index + 1) for index in range(len(raw.times_s))]
    rotations = Rotation.concatenate([raw.rotations[span].mean() for span in spans])
    return Path6D(raw.times_s, rotations, np.array([raw.translations[span].mean(0) for span in spans]))


def _smoothing_factor(cutoff_hz: float, step_s: float) -> float:
    turned = 2 * np.pi * cutoff_hz * step_s
    return float(turned / (turned + 1))


ONE_EURO_SETTINGS: Sequence[tuple[float, float, float]] = tuple(
    (cutoff, beta, beta * 0.003) for cutoff in (0.2, 0.5, 1.0, 2.0) for beta in (1.0, 4.0, 12.0)
)
"""(min_cutoff_hz, beta_turn, beta_move) over the range in which people set them."""
AVERAGED_FRAMES = (2, 3, 4, 6, 8, 12)

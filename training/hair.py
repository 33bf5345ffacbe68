"""Hair for drawn heads: a scalp that swells and takes another tone, so that no bald outline gives the pose away."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.head_model import HeadModel

Float32 = npt.NDArray[np.float32]

_SKULL_MIDDLE_MM = np.array([0.0, -10.0, 85.0], np.float32)
_EAR_MM = np.array([82.0, 18.0, 90.0], np.float32)
_EAR_RADII_MM = np.array([22.0, 36.0, 24.0], np.float32)
_BARE_PARTS = ("mouth_socket", "eyeball_left", "eyeball_right")


@dataclass(frozen=True)
class Hair:
    """Where hair grows, in the head frame, and what it looks like.

    fringe_mm: how far above the eyes it begins on the forehead. side_mm: how far behind them at the sides. length_mm:
    how far below them it ends. thickness_mm: how far it stands off the skull at most. tone: grey level, None for the
    photograph's own. covers: hides what the photograph shows there. ears: they are free of it. seed: of
    its waves.
    """

    fringe_mm: float = 62.0
    side_mm: float = 55.0
    length_mm: float = 100.0
    thickness_mm: float = 0.0
    tone: float | None = None
    covers: bool = False
    ears: bool = True
    seed: int = 0


def hairiness(hair: Hair, model: HeadModel, shape: Float32) -> Float32:
    """How far (V,) 0..1 each vertex of `shape` (V, 3) mm lies under hair: down from the fringe, back from the sides."""
    behind = (shape[:, 2] - hair.side_mm) / 12
    above = (-shape[:, 1] - hair.fringe_mm) / 10
    hairy = 1 / (1 + np.exp(-np.maximum(np.minimum(behind, (hair.length_mm - shape[:, 1]) / 12), above)))
    if hair.ears:
        from_ear = (np.abs(shape * [1, 0, 0]) + shape * [0, 1, 1] - _EAR_MM) / _EAR_RADII_MM
        hairy *= np.clip((np.linalg.norm(from_ear, axis=1) - 0.9) / 0.3, 0, 1)
    for part in _BARE_PARTS:
        hairy[model.part(part)] = 0
    return hairy.astype(np.float32)


def swollen(hair: Hair, shape: Float32, hairy: Float32) -> Float32:
    """`shape` (V, 3) mm with its hair standing off the skull, thicker here and thinner there."""
    if hair.thickness_mm == 0:
        return shape
    out = shape - _SKULL_MIDDLE_MM
    out /= np.linalg.norm(out, axis=1, keepdims=True) + 1e-6
    # Hair lies flat at its rim and falls outwards where it is long.
    out[:, 1] += 0.5 * np.clip(shape[:, 1] / 80, 0, 1)
    amount = hair.thickness_mm * hairy**2 * (0.75 + 0.25 * _waves(hair, shape, 0.03))
    return (shape + amount[:, None] * out).astype(np.float32)


def shade(hair: Hair, shape: Float32) -> Float32:
    """Factor (V,) on the tone of hair: streaks that run down from the crown."""
    return (1 + 0.3 * _waves(hair, shape, 0.25)).clip(0.4, 1.6).astype(np.float32)


def _waves(hair: Hair, shape: Float32, per_mm: float) -> Float32:
    """Smooth noise (V,) of about unit size over the scalp, `per_mm` radians to a millimetre, slower downwards."""
    rng = np.random.default_rng(hair.seed)
    directions = rng.normal(0, per_mm, (6, 3)) * [1.0, 0.25, 1.0]
    phases = rng.uniform(0, 2 * np.pi, 6)
    return (np.sin(shape @ directions.T + phases).sum(1) / np.sqrt(3)).astype(np.float32)

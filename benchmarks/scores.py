"""Tables of rotation errors: by yaw range and group, angle by angle, with and without a constant rotation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from benchmarks.markdown import table
from benchmarks.portraits import Float
from fpn.metrics import (
    GIMBAL_LOCK_DEG,
    angle_errors_deg,
    bootstrap_mean,
    bootstrap_median,
    without_constant_rotation,
)
from fpn.rotations import angles_from_rotation, geodesic_deg

_YAW_RANGES = ((0, 30), (30, 60), (60, 90))

Mask = npt.NDArray[np.bool_]


def errors_table(estimated: Float, truth: Float, groups: Sequence[str]) -> str:
    """Markdown: geodesic errors in degrees of rotations (n, 3, 3), all, by true yaw, and by group where there are some.

    The constant rotation of the last column is the one that explains all rows best.
    """
    error = geodesic_deg(estimated, truth)
    left = geodesic_deg(without_constant_rotation(estimated, truth), truth)
    yaw = np.abs(angles_from_rotation(truth)[0])
    chosen: dict[str, Mask] = {"all": np.ones(len(truth), bool)}
    for low, high in _YAW_RANGES:
        chosen[f"yaw {low} to {high}"] = (yaw >= low) & ((yaw < high) | (high == _YAW_RANGES[-1][1]))
    chosen["yaw 30 to 90"] = yaw >= 30
    chosen |= {group: np.array([each == group for each in groups]) for group in dict.fromkeys(groups) if group}
    rows = [
        [
            name,
            f"{mask.sum()}",
            str(bootstrap_mean(error[mask])),
            str(bootstrap_median(error[mask])),
            f"{error[mask].max():.1f}",
            str(bootstrap_mean(left[mask])),
        ]
        for name, mask in chosen.items()
        if mask.any()
    ]
    return table(["images", "count", "mean", "median", "worst", "mean, constant rotation removed"], rows)


def angles_table(estimated: Float, truth: Float) -> str:
    """Markdown: mean absolute errors of yaw, pitch and roll in degrees, rows near gimbal lock apart.

    The constant rotation is the one that explains all rows best, the same as in `errors_table`.
    """
    yaw, pitch, _ = angles_from_rotation(truth)
    plain = (np.abs(pitch) < GIMBAL_LOCK_DEG) & (np.abs(yaw) < GIMBAL_LOCK_DEG)
    kinds = {"": estimated, ", constant rotation removed": without_constant_rotation(estimated, truth)}
    rows = []
    for name, mask in (("away from gimbal lock", plain), ("near it", ~plain)):
        if not mask.any():
            continue
        for kind, rotations in kinds.items():
            angles = angle_errors_deg(rotations[mask], truth[mask])
            figures = [f"{value:.2f}" for value in angles.mean(0)]
            rows.append([name + kind, f"{mask.sum()}", *figures, str(bootstrap_mean(angles.mean(1)))])
    return table(["images", "count", "yaw", "pitch", "roll", "mean of the three (MAE)"], rows)

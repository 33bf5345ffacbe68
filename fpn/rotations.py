"""Rotations: the angles people read, the six numbers the network predicts, and the distance between two poses.

Everything inside the program is a rotation matrix `R` of `x_camera = R x_head + t`; angles appear at the user's edge
only, and are built and read here and nowhere else.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

FloatArray = npt.NDArray[np.floating[Any]]

# Mirroring a picture left to right takes camera x to -x and, heads being symmetric, head x to -x.
_MIRROR = np.diag([-1.0, 1.0, 1.0])
_NEXT, _AFTER = np.array([1, 2, 0]), np.array([2, 0, 1])


def rotation_from_angles(
    yaw_deg: npt.ArrayLike, pitch_deg: npt.ArrayLike, roll_deg: npt.ArrayLike
) -> npt.NDArray[np.float64]:
    """Rotation matrices (..., 3, 3) from the angles of the head-pose literature, in degrees.

    `R = Rx(-pitch) Ry(yaw) Rz(roll)`: yaw > 0 turns the nose to the picture's left, pitch > 0 lifts it, roll > 0 turns
    the head clockwise as seen in the picture (300W-LP, Zhu et al. 2016; Hopenet, Ruiz et al. 2018).
    """
    yaw, pitch, roll = np.broadcast_arrays(
        np.asarray(yaw_deg, float), np.asarray(pitch_deg, float), np.asarray(roll_deg, float)
    )
    euler = np.stack([-pitch, yaw, roll], axis=-1)
    matrices = Rotation.from_euler("XYZ", euler.reshape(-1, 3), degrees=True).as_matrix()
    return np.asarray(matrices.reshape(*yaw.shape, 3, 3), np.float64)


def angles_from_rotation(rotation: FloatArray) -> tuple[npt.NDArray[np.float64], ...]:
    """Yaw, pitch, roll in degrees, each of shape (...), from rotation matrices (..., 3, 3).

    The inverse of `rotation_from_angles`; yaw in [-90, 90], pitch and roll in [-180, 180]. At yaw = +-90 pitch and roll
    are not separable (gimbal lock): roll is then 0 and pitch carries both. Written out because scipy warns there.
    """
    R = np.asarray(rotation, float)
    yaw = np.arctan2(R[..., 0, 2], np.hypot(R[..., 0, 0], R[..., 0, 1]))
    locked = np.hypot(R[..., 0, 0], R[..., 0, 1]) < 1e-9
    pitch = -np.where(locked, np.arctan2(R[..., 2, 1], R[..., 1, 1]), np.arctan2(-R[..., 1, 2], R[..., 2, 2]))
    roll = np.where(locked, 0.0, np.arctan2(-R[..., 0, 1], R[..., 0, 0]))
    return np.degrees(yaw), np.degrees(pitch), np.degrees(roll)


def rotation_from_six(six: FloatArray) -> npt.NDArray[np.float64]:
    """Rotation matrices (..., 3, 3) from six numbers (..., 6), the first two columns before orthonormalisation.

    Zhou et al. 2019, "On the Continuity of Rotation Representations in Neural Networks", eq. 15.
    """
    six = np.asarray(six, float)
    a, b = six[..., 0:3], six[..., 3:6]
    R = np.empty((*six.shape[:-1], 3, 3))
    R[..., 0] = x = a / np.sqrt((a * a).sum(-1, keepdims=True))
    b = b - (x * b).sum(-1, keepdims=True) * x
    R[..., 1] = y = b / np.sqrt((b * b).sum(-1, keepdims=True))
    R[..., 2] = x[..., _NEXT] * y[..., _AFTER] - x[..., _AFTER] * y[..., _NEXT]  # np.cross takes five times as long
    return R


def geodesic_deg(first: FloatArray, second: FloatArray) -> npt.NDArray[np.float64]:
    """Angle in degrees, shape (...), of the rotation that takes one of two rotations (..., 3, 3) to the other.

    From the chord `||A - B||_F = 2 sqrt(2) sin(angle / 2)`, which keeps its precision near 0 where arccos does not;
    beyond 90 degrees from the trace (Hartley et al. 2013, "Rotation Averaging").
    """
    A, B = np.asarray(first, float), np.asarray(second, float)
    half_sine = np.linalg.norm(A - B, axis=(-2, -1)) / (2 * np.sqrt(2))
    cosine = (np.sum(A * B, axis=(-2, -1)) - 1) / 2
    near = 2 * np.arcsin(np.clip(half_sine, 0, 1))
    return np.asarray(np.degrees(np.where(cosine > 0, near, np.arccos(np.clip(cosine, -1, 1)))), np.float64)


def mirror_rotation(rotation: FloatArray) -> npt.NDArray[np.float64]:
    """The rotation (..., 3, 3) of the same head in the picture mirrored left to right."""
    return np.asarray(_MIRROR @ np.asarray(rotation, float) @ _MIRROR)


def tilt_deg(rotation: FloatArray) -> float:
    """The in-plane rotation nearest to `rotation` (3, 3), degrees clockwise in the picture.

    The angle that maximises trace(Rz(-angle) rotation): the roll of an unturned head, and smooth up to profile and
    beyond, where roll as an Euler angle means little.
    """
    r = np.asarray(rotation, float)
    return float(np.degrees(np.arctan2(r[1, 0] - r[0, 1], r[0, 0] + r[1, 1])))


def rotation_towards(direction: FloatArray) -> npt.NDArray[np.float64]:
    """The smallest rotation (..., 3, 3) that takes the optical axis (0, 0, 1) to `direction` (..., 3), z > 0.

    It turns a pose relative to the line of sight into one in the camera's frame, and gives the orientation of the
    virtual camera that looks straight at a face.
    """
    d = np.asarray(direction, float)
    d = d / np.sqrt((d * d).sum(-1, keepdims=True))
    across, z = d[..., :2], d[..., 2]
    R = np.empty((*d.shape, 3))
    R[..., :2, :2] = np.eye(2) - across[..., None] * (across / (1 + z)[..., None])[..., None, :]
    R[..., 2] = d
    R[..., 2, :2] = -across
    return R

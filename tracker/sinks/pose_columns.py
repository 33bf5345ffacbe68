"""What a pose log says of one face in one frame: the columns, their order and their digits."""

from __future__ import annotations

import math
from collections.abc import Iterator

from scipy.spatial.transform import Rotation

from fpn.pose import HeadPose
from tracker.frame import Frame, TrackedFrame, TrackedPose

COLUMNS: dict[str, int | None] = {
    "frame": None,
    "time_s": 6,
    "image": None,
    "track": None,
    "state": None,
    "yaw_deg": 4,
    "pitch_deg": 4,
    "roll_deg": 4,
    "qx": 8,
    "qy": 8,
    "qz": 8,
    "qw": 8,
    "tx_mm": 3,
    "ty_mm": 3,
    "tz_mm": 3,
    "rotation_std_deg": 4,
    "position_std_mm": 3,
    "score": 4,
    "box_x": 2,
    "box_y": 2,
    "box_w": 2,
    "box_h": 2,
}
"""Names in the order of the columns, with the digits after the point of those that are not whole numbers or text. The
quaternion has eight, so that the rotation read back is good to 1e-7 radians."""

Value = int | float | str | None


def pose_rows(result: TrackedFrame) -> Iterator[dict[str, Value]]:
    """One row for each face, keys as in `COLUMNS`; numbers rounded to their digits, None for what is not finite.

    frame: `Frame.index`. image: `Frame.name`. Angles: `fpn.rotations`. qx..qw: the rotation `R` of
    `x_camera = R x_head + t` as scipy orders it, with the sign that makes qw positive. tx..tz: `t`, millimetres in the
    camera frame, or in that of the neutral pose (`TrackedFrame.told`). box: pixels of the full frame, upper left
    corner and size.
    """
    for face in result.poses:
        yield _row(result.frame, face, result.told(face))


def _row(frame: Frame, face: TrackedPose, pose: HeadPose) -> dict[str, Value]:
    box = face.box
    quaternion = Rotation.from_matrix(pose.rotation).as_quat(canonical=True)
    exact: list[int | float | str] = [
        frame.index,
        frame.time_s,
        frame.name,
        face.track,
        face.state.value,
        *pose.angles_deg,
        *(float(part) for part in quaternion),
        *(float(part) for part in pose.translation),
        pose.rotation_std_deg,
        pose.position_std_mm,
        face.score,
        box.x,
        box.y,
        box.width,
        box.height,
    ]
    return {name: _rounded(value, digits) for (name, digits), value in zip(COLUMNS.items(), exact, strict=True)}


def _rounded(value: int | float | str, digits: int | None) -> Value:
    if digits is None:
        return value
    number = float(value)
    if not math.isfinite(number):
        return None
    return round(number, digits) + 0.0  # adding 0 makes a rounded -0.0 plain

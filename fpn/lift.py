"""From what the network says of a crop to a pose in the camera, with its uncertainty and the next region to look at."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fpn.camera import Camera
from fpn.crop import Crop
from fpn.head import FACE_CENTER_MM, LANDMARKS_MM, ROI_MM
from fpn.network import OUTPUTS, bounded_logs
from fpn.pose import FaceEstimate, HeadPose
from fpn.roi import Box, Roi
from fpn.rotations import rotation_from_six, rotation_towards, tilt_deg

Float64 = npt.NDArray[np.float64]

_LOG_SIDE_LIMIT = 2.0
"""The network was never shown a face more than a few times larger or smaller than its region; further is nonsense."""


def lift(output: npt.NDArray[np.float32], crop: Crop, camera: Camera, head_scale: float = 1.0) -> FaceEstimate:
    """Lift one output vector (OUTPUT_SIZE,) float32 of the network to the camera that took the frame.

    The rotation the network sees is relative to the line of sight to the face centre; turning it by that line, within
    the virtual camera and then with it, gives the camera's frame. Distance follows from the region's size: `ROI_MM`
    times `head_scale` is as wide as the network says.
    """
    values = output.astype(np.float64)
    size = crop.pixels.shape[0]
    offset = values[OUTPUTS["center"]] * size / crop.focal
    log_side = float(np.clip(values[OUTPUTS["log_side"]][0], -_LOG_SIDE_LIMIT, _LOG_SIDE_LIMIT))
    sight = np.array([offset[0], offset[1], 1.0])
    distance = crop.focal * ROI_MM * head_scale / (np.exp(log_side) * size)

    turn = crop.orientation @ rotation_towards(sight)
    rotation = turn @ rotation_from_six(values[OUTPUTS["rotation"]])
    center = crop.orientation @ (distance * sight)
    arm = head_scale * rotation @ FACE_CENTER_MM
    rotation_covariance = turn @ _rotation_covariance(values[OUTPUTS["rotation_scale"]]) @ turn.T
    deviations = np.exp(-bounded_logs(values[OUTPUTS["position_scale"]]))
    in_crop = distance * np.array([deviations[0] * size / crop.focal, deviations[1] * size / crop.focal, deviations[2]])
    lever = _cross_matrix(arm)
    position_covariance = (
        crop.orientation @ np.diag(in_crop**2) @ crop.orientation.T + lever @ rotation_covariance @ lever.T
    )
    pose = HeadPose(
        rotation=rotation,
        translation=center - arm,
        rotation_covariance=rotation_covariance,
        position_covariance=position_covariance,
    )
    logit = float(values[OUTPUTS["presence"]][0])
    return FaceEstimate(
        pose=pose,
        presence=float(1 / (1 + np.exp(-np.clip(logit, -30, 30)))),
        roi=region_of(pose, camera, head_scale),
        box=face_box(pose, camera, head_scale),
        shape=output[OUTPUTS["shape"]].copy(),
    )


def region_of(pose: HeadPose, camera: Camera, head_scale: float = 1.0) -> Roi:
    """The region to look at for a head in that pose: `ROI_MM` wide around the face centre, tilted as the head is."""
    center = pose.translation + head_scale * pose.rotation @ FACE_CENTER_MM
    across = rotation_towards(center)
    half = ROI_MM * head_scale / 2
    points = np.stack([center, *(center + sign * half * across[:, axis] for axis in (0, 1) for sign in (-1, 1))])
    pixels = camera.project(points)
    side = 2 * float(np.linalg.norm(pixels[1:] - pixels[0], axis=1).mean())
    tilt = tilt_deg(across.T @ pose.rotation)
    return Roi(center_x=float(pixels[0, 0]), center_y=float(pixels[0, 1]), side=side, tilt_deg=tilt)


def face_box(pose: HeadPose, camera: Camera, head_scale: float = 1.0) -> Box:
    """The upright box around the projected landmarks of an average face in that pose."""
    pixels = camera.project(head_scale * LANDMARKS_MM @ pose.rotation.T + pose.translation)
    low, high = pixels.min(0), pixels.max(0)
    return Box(float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1]))


def _rotation_covariance(scale: Float64) -> Float64:
    """Covariance (3, 3), radians squared, from the six numbers of its inverse Cholesky factor (see `fpn.network`)."""
    a, b, c = np.exp(bounded_logs(scale[:3]))
    d, e, f = scale[3:6]
    # The inverse of [[a, 0, 0], [d, b, 0], [e, f, c]], written out: LAPACK would wake its threads for it, which takes
    # more processor time than the network.
    factor = np.array(
        [[1 / a, 0, 0], [-d / (a * b), 1 / b, 0], [(d * f - b * e) / (a * b * c), -f / (b * c), 1 / c]], np.float64
    )
    return np.asarray(factor @ factor.T)


def _cross_matrix(vector: Float64) -> Float64:
    x, y, z = vector
    return np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])

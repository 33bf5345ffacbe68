"""Values that travel through the loop: a frame from a source, a tracked pose, and both together for the sinks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

from fpn.camera import Camera
from fpn.pose import HeadPose
from fpn.roi import Box


@dataclass(frozen=True)
class Frame:
    """One picture and when it was taken.

    image: (H, W, 3) uint8 BGR, upright (rotation metadata already applied).
    time_s: seconds as the source gives them: presentation time for files, the monotonic clock since opening for cameras
        and streams, 0 for stills.
    index: 0 for the first frame of the source, counting dropped and unreadable ones too.
    name: the picture's file name, or its ID in a list; the recording's file name or the camera's name for video.
    boxes: faces given with the picture (list files); None where they are to be detected.
    """

    image: npt.NDArray[np.uint8]
    time_s: float
    index: int
    name: str
    boxes: tuple[Box, ...] | None = None


class TrackState(str, Enum):
    """How the pose of this frame came about."""

    DETECTED = "detected"
    """Measured in a region that the detector, or a list, gave in this frame."""
    TRACKED = "tracked"
    """Measured in a region that the track itself predicted."""
    COASTING = "coasting"
    """Not measured: predicted from the track's motion while the face cannot be seen."""


@dataclass(frozen=True)
class TrackedPose:
    """The pose of one face in one frame, smoothed, under the ID that the face keeps.

    track: positive, never used again for another face in the same run.
    score: probability in 0..1 that a face is there.
    box: upright box around the face, pixels of the full frame.
    shape: (50,) float32 weights of the face model as last measured, not smoothed; None where they are not known.
    """

    track: int
    state: TrackState
    pose: HeadPose
    score: float
    box: Box
    shape: npt.NDArray[np.float32] | None = None


@dataclass(frozen=True)
class TrackedFrame:
    """A frame with everything found in it, as sinks receive it.

    poses: in the camera frame.
    camera: the intrinsics in force for this frame.
    rate_hz: frames a second through the loop, a running average; 0 before it is known.
    neutral: the pose that the person calls zero, in the camera frame; None for poses told in the camera frame.
    """

    frame: Frame
    poses: tuple[TrackedPose, ...]
    camera: Camera
    rate_hz: float
    neutral: HeadPose | None = None

    def told(self, face: TrackedPose) -> HeadPose:
        """A face's pose as outputs tell it: in the camera frame, or in that of the neutral pose, if there is one.

        The latter is the frame of the head when it had the neutral pose: `R = R_neutral^T R_camera`,
        `t = R_neutral^T (t_camera - t_neutral)`.
        """
        if self.neutral is None:
            return face.pose
        back, pose = self.neutral.rotation.T, face.pose
        return HeadPose(
            rotation=back @ pose.rotation,
            translation=back @ (pose.translation - self.neutral.translation),
            rotation_covariance=back @ pose.rotation_covariance @ back.T,
            position_covariance=back @ pose.position_covariance @ back.T,
        )

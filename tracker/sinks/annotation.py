"""The picture with everything found in it drawn in."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from renderer.overlay import OverlayFace, draw_overlay
from tracker.frame import TrackedFrame, TrackState


def annotated(result: TrackedFrame, *, head_scale: float = 1.0) -> npt.NDArray[np.uint8]:
    """A copy (H, W, 3) uint8 BGR of the frame's image with the overlay of its poses; the image stays as it is.

    head_scale: size of these heads over the average adult's, as the poses were computed with.
    """
    picture = result.frame.image.copy()
    faces = [
        OverlayFace(
            pose=face.pose,
            box=face.box,
            track=face.track,
            measured=face.state is not TrackState.COASTING,
            angles_deg=result.told(face).angles_deg,
        )
        for face in result.poses
    ]
    draw_overlay(picture, faces, result.camera, result.rate_hz, head_scale=head_scale)
    return picture

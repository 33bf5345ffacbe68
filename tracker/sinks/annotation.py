"""The picture with everything found in it drawn in."""

from __future__ import annotations

from collections.abc import Callable, Collection

import numpy as np
import numpy.typing as npt

from fpn.camera import Camera
from renderer.mesh_overlay import MeshFace, draw_landmarks, draw_surface, draw_wireframe
from renderer.overlay import OverlayFace, draw_overlay
from tracker.frame import TrackedFrame, TrackedPose, TrackState

Picture = npt.NDArray[np.uint8]

_MODEL: dict[str, Callable[[Picture, MeshFace, Camera, float], None]] = {
    "surface": lambda picture, face, camera, scale: draw_surface(picture, face, camera, head_scale=scale),
    "mesh": lambda picture, face, camera, scale: draw_wireframe(picture, face, camera, head_scale=scale),
    "points": lambda picture, face, camera, scale: draw_landmarks(
        picture, face, camera, all_points=True, head_scale=scale
    ),
    "landmarks": lambda picture, face, camera, scale: draw_landmarks(picture, face, camera, head_scale=scale),
}
"""What is drawn of the face model, from the first to the last."""

USUAL = ("box", "axes")
"""What is drawn if nothing else is asked for."""


def annotated(result: TrackedFrame, *, head_scale: float = 1.0, parts: Collection[str] = USUAL) -> Picture:
    """A copy (H, W, 3) uint8 BGR of the frame's image with the overlay of its poses; the image stays as it is.

    head_scale: size of these heads over the average adult's, as the poses were computed with.
    parts: of `axes`, `box`, `mesh`, `surface`, `landmarks` and `points`, those to draw.
    """
    picture = result.frame.image.copy()
    _draw_model(picture, result, head_scale, parts)
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
    draw_overlay(
        picture,
        faces,
        result.camera,
        result.rate_hz,
        head_scale=head_scale,
        axes="axes" in parts,
        box="box" in parts,
    )
    return picture


def _draw_model(picture: Picture, result: TrackedFrame, head_scale: float, parts: Collection[str]) -> None:
    for face in sorted(result.poses, key=_farthest_first):
        for name, draw in _MODEL.items():
            if name in parts:
                draw(picture, MeshFace(face.pose, face.shape), result.camera, head_scale)


def _farthest_first(face: TrackedPose) -> float:
    return -float(face.pose.translation[2])

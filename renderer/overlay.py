"""Drawing head poses into the picture: axes, a box around the head, the track's ID, angles, the rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fpn.camera import Camera
from fpn.pose import HeadPose
from fpn.roi import Box
from renderer.lettering import Colour, Lettering, draw_lines, stroke_scale
from renderer.wireframe import dashes, project_lines

AXIS_MM = 90.0
"""Length of the axes in the average adult's head: the one out of the face reaches half a nose beyond its tip."""

HEAD_BOX_MM = np.array([[-78.0, -108.0, -30.0], [78.0, 118.0, 160.0]])
"""Corners of the box around an average adult's head, head frame: ears, crown to chin, brow to the back of the head."""

AXIS_COLOURS: tuple[Colour, Colour, Colour] = ((70, 70, 255), (80, 230, 80), (255, 150, 50))
"""Of the head's x (red, towards the picture's right when it looks at the camera), y (green, down) and of the
direction in which the nose points (blue), which is -z."""

_TRACK_COLOURS: tuple[Colour, ...] = (
    (80, 220, 255),
    (255, 220, 90),
    (255, 130, 240),
    (120, 255, 160),
    (110, 170, 255),
    (255, 180, 190),
    (200, 255, 255),
    (160, 120, 255),
)
_COASTING_COLOUR: Colour = (190, 190, 190)
_DASH = 10.0  # length of a dash over the thickness of the line
_WIDE_WORDS = 1.2  # words wider than this times the head are shortened

_AXES = np.array([[[0, 0, 0], [1, 0, 0]], [[0, 0, 0], [0, 1, 0]], [[0, 0, 0], [0, 0, -1]]], np.float64)
_CORNERS = np.array([[x, y, z] for z in (0, 1) for x, y in ((0, 0), (1, 0), (1, 1), (0, 1))])
_EDGES = np.array([[0, 1], [1, 2], [2, 3], [3, 0], [4, 5], [5, 6], [6, 7], [7, 4], [0, 4], [1, 5], [2, 6], [3, 7]])
_FACE_EDGES = 4  # the first edges are those around the face


@dataclass(frozen=True)
class OverlayFace:
    """One face to draw.

    pose: in the camera frame.
    box: around the face, pixels of the picture; words stand beside it where the head's own box cannot be seen.
    track: the ID to show, which also chooses the colour.
    measured: False for a pose that was only predicted; it is drawn grey and dashed.
    angles_deg: yaw, pitch and roll to write beside the head, where they are not those of `pose` (a zero of one's own).
    """

    pose: HeadPose
    box: Box
    track: int
    measured: bool = True
    angles_deg: tuple[float, float, float] | None = None


def draw_overlay(
    picture: npt.NDArray[np.uint8],
    faces: Sequence[OverlayFace],
    camera: Camera,
    rate_hz: float = 0.0,
    *,
    head_scale: float = 1.0,
    axes: bool = True,
    box: bool = True,
) -> None:
    """Draw faces and the rate into `picture`, (H, W, 3) uint8 BGR, in place.

    camera: the intrinsics, with distortion, that hold for the picture's size.
    rate_hz: frames a second, shown in the corner; 0 where it is not known.
    head_scale: size of these heads over the average adult's, the same that the poses were computed with.
    axes, box: whether these are drawn; words are in any case.
    """
    height, width = picture.shape[:2]
    thickness = max(2, round(2 * stroke_scale(width, height)))
    lettering = Lettering(width, height)
    farthest_first = sorted(faces, key=lambda face: -face.pose.translation[2])
    bounds = [_draw_head(picture, face, camera, thickness, head_scale, axes, box) for face in farthest_first]
    taken: list[tuple[float, float, float, float]] = []
    for face, bound in zip(reversed(farthest_first), reversed(bounds), strict=True):
        _draw_words(picture, face, bound, lettering, taken)
    if rate_hz > 0:
        margin = lettering.line_height / 3
        lettering.draw(picture, f"{rate_hz:.0f} fps", margin, margin)


_Rectangle = tuple[float, float, float, float]  # left, top, right, bottom


def _draw_head(
    picture: npt.NDArray[np.uint8],
    face: OverlayFace,
    camera: Camera,
    thickness: int,
    head_scale: float,
    draw_axes: bool,
    draw_box: bool,
) -> _Rectangle:
    """Draw box and axes, as asked; gives the rectangle of the picture that the box fills."""
    low, high = HEAD_BOX_MM
    corners = low + _CORNERS * (high - low)
    in_head = np.concatenate([corners[_EDGES], _AXES * AXIS_MM]) * head_scale
    lines = project_lines(in_head @ face.pose.rotation.T + face.pose.translation, camera)
    colour = _colour(face)
    around_face, behind = lines[:_FACE_EDGES], lines[_FACE_EDGES : len(_EDGES)]
    if draw_box:
        _stroke(picture, behind, colour, max(1, thickness // 2), face.measured)
        _stroke(picture, around_face, colour, thickness, face.measured)
    axes = list(zip(lines[len(_EDGES) :], AXIS_COLOURS, strict=True))
    nose_towards_camera = face.pose.rotation[2, 2] > 0
    in_front_last = axes if nose_towards_camera else axes[::-1]
    for line, axis_colour in in_front_last if draw_axes else ():
        _stroke(picture, [line], axis_colour, round(1.5 * thickness), face.measured)
    seen = [line for line in lines[: len(_EDGES)] if line is not None]
    if not seen:
        return face.box.x, face.box.y, face.box.x + face.box.width, face.box.y + face.box.height
    points = np.concatenate(seen)
    left, top = points.min(axis=0)
    right, bottom = points.max(axis=0)
    return float(left), float(top), float(right), float(bottom)


def _colour(face: OverlayFace) -> Colour:
    return _TRACK_COLOURS[face.track % len(_TRACK_COLOURS)] if face.measured else _COASTING_COLOUR


def _stroke(
    picture: npt.NDArray[np.uint8],
    lines: Sequence[npt.NDArray[np.float64] | None],
    colour: Colour,
    thickness: int,
    solid: bool,
) -> None:
    seen = [line for line in lines if line is not None]
    if not solid:
        seen = [dash for line in seen for dash in dashes(line, _DASH * thickness)]
    draw_lines(picture, seen, colour, thickness)


def _draw_words(
    picture: npt.NDArray[np.uint8],
    face: OverlayFace,
    bounds: _Rectangle,
    lettering: Lettering,
    taken: list[_Rectangle],
) -> None:
    """Write ID, distance and angles above the head, or where there is room; `taken` grows by the place."""
    distance_cm = round(float(np.linalg.norm(face.pose.translation)) / 10)
    head = f"{face.track}  {distance_cm} cm" if face.measured else f"{face.track}  coasting"
    yaw, pitch, roll = (round(angle) for angle in face.angles_deg or face.pose.angles_deg)
    angles = f"yaw {yaw:+d}  pitch {pitch:+d}  roll {roll:+d}"
    if lettering.width(angles) > _WIDE_WORDS * (bounds[2] - bounds[0]):
        angles = f"Y{yaw:+d} P{pitch:+d} R{roll:+d}"
    width = max(lettering.width(head), lettering.width(angles))
    size = (width, 2 * lettering.line_height)
    left, top, right, bottom = _free_place((picture.shape[1], picture.shape[0]), size, bounds, taken)
    taken.append((left, top, right, bottom))
    lettering.draw(picture, head, left, top, _colour(face))
    lettering.draw(picture, angles, left, top + lettering.line_height)


def _free_place(
    picture_size: tuple[int, int], size: tuple[int, int], bounds: _Rectangle, taken: Sequence[_Rectangle]
) -> _Rectangle:
    """Where a label of `size` goes: above, below, right or left of `bounds`, the first place inside the picture that is
    free; above, where none is.
    """
    (width, height), (left, top, right, bottom) = size, bounds
    taken = [bounds, *taken]
    places = []
    for x, y in ((left, top - height), (left, bottom), (right, top), (left - width, top)):
        x = min(max(x, 0), max(picture_size[0] - width, 0))
        y = min(max(y, 0), max(picture_size[1] - height, 0))
        places.append((x, y, x + width, y + height))
    free = (place for place in places if not any(_overlap(place, other) for other in taken))
    return next(free, places[0])


def _overlap(first: _Rectangle, second: _Rectangle) -> bool:
    return first[0] < second[2] and second[0] < first[2] and first[1] < second[3] and second[1] < first[3]

"""A contact sheet of the pictures whose pose came out worst, with the true axes and the estimated ones.

The pictures may show real people, so the sheet is never written into the repository.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from benchmarks.disturbances import face_points
from benchmarks.portraits import Float, Picture, Portrait
from fpn.rotations import angles_from_rotation
from renderer.lettering import Colour
from renderer.overlay import AXIS_COLOURS

TILE_PX = 240
_WORDS_PX = 54
_COLUMNS = 6
_AXIS_SHARE = 0.33  # length of an axis over the tile
_FRAME_SHARE = 1.8  # side of what is shown over the longer side of the box
_AXES = np.array([[1.0, 0, 0], [0, 1, 0], [0, 0, -1]])
_REPOSITORY = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Case:
    """A portrait, what was estimated (3, 3), and the error in degrees."""

    name: str
    portrait: Portrait
    estimated: Float
    error_deg: float


def write_sheet(cases: Sequence[Case], path: Path) -> None:
    """Write the cases, in their order, as one PNG.

    Thick axes with black rims are the truth, thin ones with white rims the estimate; x red, y green, and blue the way
    the nose points.
    Raises ValueError for a path inside the repository, and for no cases.
    """
    if path.resolve().is_relative_to(_REPOSITORY):
        raise ValueError(f"{path}: pictures of real people do not go into the repository; name another folder")
    if not cases:
        raise ValueError("no cases to show")
    tiles = [_tile(case) for case in cases]
    columns = min(_COLUMNS, len(tiles))
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % columns)
    rows = [np.hstack(tiles[start : start + columns]) for start in range(0, len(tiles), columns)]
    path.parent.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(path), np.vstack(rows)):
        raise OSError(f"{path}: cannot be written")


def _tile(case: Case) -> Picture:
    portrait = case.portrait
    points = face_points(portrait)
    low, high = points.min(0), points.max(0)
    center = (low + high) / 2
    zoom = TILE_PX / (_FRAME_SHARE * float((high - low).max()))
    affine = np.column_stack([zoom * np.eye(2), TILE_PX / 2 - zoom * center])
    picture = cv2.warpAffine(portrait.image, affine, (TILE_PX, TILE_PX))
    _draw_axes(picture, portrait.rotation, 7, rim=(0, 0, 0))
    _draw_axes(picture, case.estimated, 2, rim=(255, 255, 255))
    words = np.zeros((_WORDS_PX, TILE_PX, 3), np.uint8)
    lines = [
        f"{case.name}: {case.error_deg:.1f} deg",
        f"true {_angles(portrait.rotation)}",
        f"seen {_angles(case.estimated)}",
    ]
    for number, line in enumerate(lines):
        cv2.putText(words, line, (4, 15 + 17 * number), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (255, 255, 255), 1, cv2.LINE_AA)
    return np.vstack([picture, words]).astype(np.uint8)


def _draw_axes(picture: Picture, rotation: Float, thickness: int, rim: Colour) -> None:
    middle = np.array([TILE_PX / 2, TILE_PX / 2])
    ends = middle + _AXIS_SHARE * TILE_PX * (_AXES @ rotation.T)[:, :2]
    start = (round(middle[0]), round(middle[1]))
    for width, colours in ((thickness + 2, (rim,) * 3), (thickness, AXIS_COLOURS)):
        for colour, end in zip(colours, ends, strict=True):
            cv2.line(picture, start, (round(float(end[0])), round(float(end[1]))), colour, width, cv2.LINE_AA)


def _angles(rotation: Float) -> str:
    yaw, pitch, roll = (float(angle) for angle in angles_from_rotation(rotation))
    return f"yaw {yaw:.0f} pitch {pitch:.0f} roll {roll:.0f}"

"""Views of the faces beside the picture: a row a face, a column a view, in places that faces keep."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from renderer import View
from renderer.lettering import Lettering
from renderer.view import SEED_YAWS_DEG
from tracker.face_views import FaceViews, ViewChoice
from tracker.frame import TrackedFrame, TrackedPose, TrackState

Picture = npt.NDArray[np.uint8]

CHOICES: dict[str, ViewChoice] = {
    "0": ViewChoice(None),
    **{str(number): ViewChoice((View(yaw),)) for number, yaw in enumerate(SEED_YAWS_DEG, start=1)},
    **{str(number): ViewChoice((View(-yaw),)) for number, yaw in enumerate(SEED_YAWS_DEG[1:], start=6)},
}
"""What the number keys of the window choose: the front and the sides to the left, to the right, 0 by the head's yaw."""

_BACKGROUND = 24  # grey level
_SMALLEST_TILE = 32


class Places:
    """Gives each track a place that it keeps as long as it is there; the longest known come first."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._of_track: dict[int, int] = {}

    def update(self, tracks: list[int]) -> dict[int, int]:
        """The place, from 0, of each of the tracks that has one."""
        kept = {track: place for track, place in self._of_track.items() if track in tracks and place < self._count}
        free = [place for place in range(self._count) if place not in kept.values()]
        newcomers = [track for track in sorted(tracks) if track not in kept]
        kept.update(zip(newcomers, free, strict=False))
        self._of_track = kept
        return kept


class ViewPanel:
    """A strip of views at the picture's right side, of a width that does not change with the faces.

    A face that is not seen for a moment keeps its last views, dark.

    choice: which views; may be set anew at any time.
    """

    def __init__(self, face_views: FaceViews, choice: ViewChoice) -> None:
        self.choice = choice
        self._face_views = face_views
        self._places = Places(1)
        self._row_count = 1
        self._last: dict[int, Picture] = {}

    def make_ready(self) -> bool:
        """Whether views can be drawn at once; see `FaceViews.make_ready`."""
        return self._face_views.make_ready()

    def beside(self, picture: Picture, result: TrackedFrame) -> Picture:
        """The picture (H, W, 3) with the strip beside it, a new one; `result` is what was found in its frame."""
        height, width = picture.shape[:2]
        tile = max(min(self._face_views.size, height, width // self.choice.most), min(_SMALLEST_TILE, height))
        row_count = max(height // tile, 1)
        if row_count != self._row_count:
            self._places, self._row_count = Places(row_count), row_count
        shown = np.empty((height, width + tile * self.choice.most, 3), np.uint8)
        shown[:, :width] = picture
        strip = shown[:, width:]
        strip[:] = _BACKGROUND
        lettering = Lettering(2 * tile, 2 * tile)
        faces = {face.track: face for face in result.poses}
        for track, row in self._places.update(list(faces)).items():
            part = strip[row * tile : (row + 1) * tile]
            if faces[track].state is TrackState.COASTING:
                if track in self._last and self._last[track].shape == part.shape:
                    part[:] = self._last[track] // 2
            else:
                self._draw_row(part, result, faces[track])
                self._last[track] = part.copy()
            lettering.draw(strip, str(track), lettering.line_height / 4, row * tile + lettering.line_height / 6)
        self._last = {track: row for track, row in self._last.items() if track in faces}
        return shown

    def _draw_row(self, row: Picture, result: TrackedFrame, face: TrackedPose) -> None:
        tile = len(row)
        for column, shown in enumerate(self._face_views.of(result, face, self.choice.of(face.pose))):
            row[:, column * tile : (column + 1) * tile] = fitted(shown.picture, tile)


def fitted(picture: Picture, side: int) -> Picture:
    """A square picture at `side` pixels."""
    if len(picture) == side:
        return picture
    way = cv2.INTER_AREA if len(picture) > side else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, (side, side), interpolation=way), np.uint8)

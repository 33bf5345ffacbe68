"""The video of the frontal view: of one face, or of all in a grid."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from renderer import View
from tracker.face_views import FaceViews
from tracker.frame import TrackedFrame, TrackedPose, TrackState
from tracker.sinks.video import VideoSink
from tracker.sinks.view_panel import Places
from tracker.sources.base import Source

Picture = npt.NDArray[np.uint8]

LARGEST, ALL = "largest", "all"
GRID = (2, 3)
"""Rows and columns of the video of all faces."""

_LOG = logging.getLogger(__name__)
_BACKGROUND = 24  # grey level
_LARGER_BY = 1.4  # a face must be this much larger than the one shown to take its place


class FrontalVideoSink(VideoSink):
    """Writes the frontal view as H.264, at the frames' own times, with the recording's audio copied.

    track: an ID, `largest` for the face that is largest (and stays chosen until it is gone or another is clearly
    larger), or `all` for a grid of up to six, each in a place that it keeps. In frames without the face its last view
    is shown dark. An ID that never appears is named in a warning at the end.
    """

    needs_picture = False
    needs_image = True

    def __init__(
        self,
        path: str | Path,
        source: Source,
        face_views: FaceViews,
        *,
        track: int | str = LARGEST,
        overwrite: bool = False,
        inputs: Sequence[Path] = (),
    ) -> None:
        """Check that `path` (.mp4 or .mkv) can be written, as `VideoSink` does, whose options these are."""
        super().__init__(path, source, overwrite=overwrite, inputs=inputs)
        self._path = Path(path)
        self._face_views = face_views
        self._track = track
        self._shown: int | None = None
        self._seen_tracks: set[int] = set()
        rows, columns = GRID if track == ALL else (1, 1)
        size = face_views.size
        self._places = Places(rows * columns)
        self._picture: Picture = np.full((rows * size, columns * size, 3), _BACKGROUND, np.uint8)
        self._said = False

    def write(self, result: TrackedFrame, picture: Picture | None) -> None:
        """Add the view of the frame's face; `picture` is not used. ValueError once closed."""
        self._seen_tracks.update(face.track for face in result.poses)
        chosen = self._choose(result.poses)
        places = self._places.update([face.track for face in chosen])
        shown: Picture = np.asarray(self._picture // 3, np.uint8)
        size = self._face_views.size
        columns = shown.shape[1] // size
        for face in chosen:
            if face.track in places and face.state is not TrackState.COASTING:
                row, column = divmod(places[face.track], columns)
                part = np.s_[row * size : (row + 1) * size, column * size : (column + 1) * size]
                (view,) = self._face_views.of(result, face, (View(),))
                self._picture[part] = view.picture
                shown[part] = view.picture
        super().write(result, shown)

    def close(self) -> None:
        """Finish the file, and say so if the track that was asked for never came."""
        super().close()
        if isinstance(self._track, int) and self._track not in self._seen_tracks and not self._said:
            self._said = True
            found = ", ".join(map(str, sorted(self._seen_tracks))) or "none"
            _LOG.warning("%s: track %d never appeared; tracks seen: %s", self._path, self._track, found)

    def _choose(self, faces: Sequence[TrackedPose]) -> list[TrackedPose]:
        if self._track == ALL:
            return list(faces)
        if self._track == LARGEST:
            self._shown = _largest(faces, self._shown)
        else:
            self._shown = int(self._track)
        return [face for face in faces if face.track == self._shown]


def _largest(faces: Sequence[TrackedPose], present: int | None) -> int | None:
    """The track of the largest face; `present`, if it is there and none is clearly larger."""
    if not faces:
        return present
    sizes = {face.track: face.box.width * face.box.height for face in faces}
    largest = max(sizes, key=lambda track: sizes[track])
    if present in sizes and sizes[largest] < _LARGER_BY * sizes[present]:
        return present
    return largest

"""Views of pictures as files, in the folders and under the names that FacePoseNet's renderer gave them."""

from __future__ import annotations

import logging
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from renderer import View
from tracker.errors import SinkError
from tracker.face_views import FaceViews, ViewChoice
from tracker.frame import TrackedFrame
from tracker.sinks.base import Sink

_LOG = logging.getLogger(__name__)
_JPEG_QUALITY = 95
_UNFIT = '<>:"/\\|?*'


class ViewFolderSink(Sink):
    """Writes `FOLDER/ID/ID_rendered_YAW.jpg` for every view of the face of every picture.

    ID is the picture's in a list, or its file name without extension; further faces of one picture get `ID_2`, `ID_3`,
    from the largest down. A pitch other than 0 follows the yaw: `ID_rendered_40_10.jpg`.
    """

    needs_image = True

    def __init__(
        self, folder: str | Path, face_views: FaceViews, choice: ViewChoice, *, overwrite: bool = False
    ) -> None:
        """Check that `folder` is there or can be made.

        Raises SinkError for a folder whose parent is missing, and for a file in its place.
        """
        self._folder = Path(folder)
        if self._folder.exists() and not self._folder.is_dir():
            raise SinkError(f"{folder}: a file, not a folder; give another name")
        if not self._folder.parent.is_dir():
            raise SinkError(f"{folder}: the folder above it does not exist; create it first")
        self._face_views = face_views
        self._choice = choice
        self._overwrite = overwrite
        self._written: set[Path] = set()

    def write(self, result: TrackedFrame, picture: npt.NDArray[np.uint8] | None) -> None:
        """Write the views of the frame's faces. Raises SinkError for a file that exists or cannot be written."""
        faces = sorted(result.poses, key=lambda face: -face.box.width * face.box.height)
        if not faces:
            _LOG.warning("%s: no face found, no views written", result.frame.name)
        for number, face in enumerate(faces, start=1):
            name = _file_name(result.frame.name) + (f"_{number}" if number > 1 else "")
            views = self._choice.of(face.pose)
            for view, shown in zip(views, self._face_views.of(result, face, views), strict=True):
                self._write(self._folder / name / f"{name}_rendered_{_angles(view)}.jpg", shown.picture)

    def close(self) -> None:
        """Nothing is left open."""

    def _write(self, path: Path, picture: npt.NDArray[np.uint8]) -> None:
        if path in self._written:
            _LOG.warning("%s: a second picture of that name; its views replace the first one's", path)
        elif path.exists() and not self._overwrite:
            raise SinkError(f"{path}: exists already; --overwrite replaces it")
        encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])[1].tobytes()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encoded)
        except OSError as error:
            raise SinkError(f"{path}: cannot be written: {error.strerror}; make room or give another place") from error
        self._written.add(path)


def _file_name(name: str) -> str:
    """The name of a picture as that of a file without extension."""
    stem = Path(name).stem if Path(name).suffix.lower() in _PICTURES else name
    return "".join("_" if letter in _UNFIT or ord(letter) < 32 else letter for letter in stem).strip(" .") or "_"


def _angles(view: View) -> str:
    return f"{view.yaw_deg:g}" + (f"_{view.pitch_deg:g}" if view.pitch_deg else "")


_PICTURES = {".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".pgm", ".jp2"}

"""Finding faces: the short-range face detector that comes with mediapipe, shown one square of the picture at a time."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from fpn.roi import Box, Roi
from tracker.errors import DetectorError
from tracker.search import search_looks

Picture = npt.NDArray[np.uint8]

_BUNDLED = "modules/face_detection/face_detection_short_range.tflite"
_INPUT_SIZE = 128  # pixels: the input of the bundled model; others resize what they are shown
_SAME_FACE_IOU = 0.35  # boxes of one face found twice, on two scales or in two squares
_SAME_FACE_INSIDE = 0.65  # share of the smaller box inside the other: a forehead taken for a face
_EDGE = 0.02  # of the square's side: a box so near to the edge was cut off by it


@dataclass(frozen=True)
class Detection:
    """A face found in a picture.

    box: upright, about from the forehead to the chin, pixels of the full frame; it may lie partly outside.
    score: the detector's confidence, 0..1.
    """

    box: Box
    score: float


class FaceDetector:
    """mediapipe's face detector. A context manager: the loaded model is released on closing.

    The model is loaded at the first use, or by `load`: importing mediapipe takes a second.
    """

    def __init__(self, model: Path | None = None, min_score: float = 0.5) -> None:
        """
        model: a face detector for mediapipe's Tasks API (.tflite); by default the one inside the mediapipe package.
        min_score: faces of lower confidence are not reported.

        Raises DetectorError if there is no such file.
        """
        self._model = _bundled_model() if model is None else Path(model)
        if not self._model.is_file():
            raise DetectorError(f"{self._model}: no such detector model; give a .tflite file with --detector-model")
        self._min_score = min_score
        self._detector: Any = None
        self._mediapipe: Any = None

    def load(self) -> None:
        """Load the model now. Raises DetectorError if it is not a face detector that mediapipe can run."""
        if self._detector is not None:
            return
        with _documentation_tools_hidden():
            import mediapipe
            from mediapipe.tasks.python import BaseOptions, vision

        self._mediapipe = mediapipe
        try:
            # The bytes, not the path: mediapipe cannot open every path that Python can (Windows, non-ASCII).
            options = vision.FaceDetectorOptions(
                base_options=BaseOptions(model_asset_buffer=self._model.read_bytes()),
                min_detection_confidence=self._min_score,
            )
            self._detector = vision.FaceDetector.create_from_options(options)
            self._run(np.zeros((_INPUT_SIZE, _INPUT_SIZE, 3), np.uint8))  # some models fail only when they run
        except (OSError, RuntimeError, ValueError) as error:
            self._detector = None  # not closed: closing one that failed fails again
            raise DetectorError(
                f"{self._model}: mediapipe cannot run it as a face detector ({_first_line(error)}); "
                "give another model with --detector-model, or leave the option out"
            ) from error

    def detect(self, image: Picture, looks: Sequence[Roi] | None = None) -> list[Detection]:
        """Faces in a picture (H, W, 3) uint8 BGR, the most certain first, each once.

        looks: the squares to look at, which may reach beyond the picture; by default all that are needed to find faces
            from 1/32 of the picture's longer side up to ones that fill it.

        Raises DetectorError if the model cannot be loaded.
        """
        self.load()
        height, width = image.shape[:2]
        if looks is None:
            looks = search_looks(width, height)
        found = [detection for look in looks for detection in self._look(image, look)]
        return merge_detections(found)

    def close(self) -> None:
        """Release the model; it is loaded again if needed."""
        if self._detector is not None:
            self._detector.close()
            self._detector = None

    def __enter__(self) -> FaceDetector:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _look(self, image: Picture, look: Roi) -> list[Detection]:
        scale = look.side / _INPUT_SIZE
        left, top = look.center_x - look.side / 2, look.center_y - look.side / 2
        # Pixel i of the square shows the middle of `scale` pixels of the picture; black where the picture ends.
        to_picture = np.array([[scale, 0, left + scale / 2], [0, scale, top + scale / 2]])
        square = cv2.warpAffine(
            image, to_picture, (_INPUT_SIZE, _INPUT_SIZE), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        )
        height, width = image.shape[:2]
        faces = []
        for found in self._run(cv2.cvtColor(square, cv2.COLOR_BGR2RGB)):
            relative = found.bounding_box
            box = Box(
                left + scale * relative.origin_x,
                top + scale * relative.origin_y,
                scale * relative.width,
                scale * relative.height,
            )
            if relative.width > 0 and not _is_cut_off(box, look, width, height):
                faces.append(Detection(box, float(found.categories[0].score)))
        return faces

    def _run(self, rgb: npt.NDArray[Any]) -> Any:
        picture = self._mediapipe.Image(image_format=self._mediapipe.ImageFormat.SRGB, data=rgb)
        return self._detector.detect(picture).detections


def merge_detections(found: Sequence[Detection]) -> list[Detection]:
    """Detections of which no two are of the same face, the most certain first and kept."""
    kept: list[Detection] = []
    for detection in sorted(found, key=lambda each: -each.score):
        if not any(_same_face(detection.box, other.box) for other in kept):
            kept.append(detection)
    return kept


def _same_face(first: Box, second: Box) -> bool:
    width = min(first.x + first.width, second.x + second.width) - max(first.x, second.x)
    height = min(first.y + first.height, second.y + second.height) - max(first.y, second.y)
    common = max(width, 0.0) * max(height, 0.0)
    areas = first.width * first.height, second.width * second.height
    return common > _SAME_FACE_IOU * (sum(areas) - common) or common > _SAME_FACE_INSIDE * min(areas)


def _is_cut_off(box: Box, look: Roi, width: int, height: int) -> bool:
    """Whether a square's edge cuts through a face that goes on in the picture: another square shows all of it."""
    margin = _EDGE * look.side
    left, right = look.center_x - look.side / 2, look.center_x + look.side / 2
    top, bottom = look.center_y - look.side / 2, look.center_y + look.side / 2
    return (
        (left > 0 and box.x < left + margin)
        or (top > 0 and box.y < top + margin)
        or (right < width - 1 and box.x + box.width > right - margin)
        or (bottom < height - 1 and box.y + box.height > bottom - margin)
    )


@contextmanager
def _documentation_tools_hidden() -> Iterator[None]:
    """While entered, importing TensorFlow's documentation tools fails as if they were not installed.

    mediapipe tries to import them, for its own documentation only, and that loads the whole of TensorFlow: most of the
    time and memory that importing mediapipe takes.
    """
    name = "tensorflow.tools.docs"
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]  # how Python notes that there is no such module
    try:
        yield
    finally:
        del sys.modules[name]


def _bundled_model() -> Path:
    package = find_spec("mediapipe")
    if package is None or package.origin is None:
        raise DetectorError("the mediapipe package is not installed; install the project's requirements")
    model = Path(package.origin).parent / _BUNDLED
    if not model.is_file():
        raise DetectorError(
            f"this release of mediapipe brings no {model.name}: install mediapipe 0.10.21, "
            "or give a face detector (.tflite) with --detector-model"
        )
    return model


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__

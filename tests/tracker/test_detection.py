from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from fpn.roi import Box, Roi
from tests.tracker.drawn_face import picture_with_faces
from tracker.detection import Detection, FaceDetector, merge_detections
from tracker.errors import DetectorError


@pytest.fixture(scope="module")
def detector() -> Iterator[FaceDetector]:
    with FaceDetector() as loaded:
        yield loaded


def is_found(box: Box, detections: list[Detection]) -> bool:
    """Whether exactly one detection has its middle in the middle third of a face, at about its size."""
    middle = np.array([box.x + box.width / 2, box.y + box.height / 2])
    near = [
        each
        for each in detections
        if np.abs(np.array([each.box.x + each.box.width / 2, each.box.y + each.box.height / 2]) - middle).max()
        < box.width / 3
        and 0.6 < each.box.width / box.width < 1.6
    ]
    return len(near) == 1


@pytest.mark.parametrize("face_width", [40, 55, 80, 120, 180, 300, 450, 600])
@pytest.mark.parametrize(("x", "y"), [(640, 360), (330, 250), (1010, 480)])
def test_faces_from_40_pixels_of_1280_up_to_filling_the_picture_are_found_once(
    detector: FaceDetector, face_width: int, x: int, y: int
) -> None:
    if face_width >= 450:
        x, y = 640, 360
    picture, (box,) = picture_with_faces(1280, 720, [(x, y, face_width)])
    found = detector.detect(picture)
    assert is_found(box, found)
    assert all(0.5 <= each.score <= 1 for each in found)


def test_several_faces_of_all_sizes_are_found_together(detector: FaceDetector) -> None:
    picture, boxes = picture_with_faces(
        1280, 720, [(320, 400, 330), (660, 150, 60), (760, 330, 90), (900, 560, 140), (1150, 200, 48), (1150, 500, 70)]
    )
    found = detector.detect(picture)
    assert [is_found(box, found) for box in boxes] == [True] * 6
    scores = [each.score for each in found]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize(("width", "height"), [(512, 512), (480, 640), (400, 300), (90, 120)])
def test_a_face_that_fills_a_picture_of_any_shape_is_found(detector: FaceDetector, width: int, height: int) -> None:
    picture, (box,) = picture_with_faces(width, height, [(width / 2, height / 2, 0.8 * min(width, height))])
    assert is_found(box, detector.detect(picture))


def test_a_face_cut_off_by_the_edge_is_found(detector: FaceDetector) -> None:
    picture, (box,) = picture_with_faces(1280, 720, [(80, 360, 250)])
    found = detector.detect(picture)
    assert is_found(box, found)
    assert min(each.box.x for each in found) < 0


def test_an_empty_picture_has_no_face(detector: FaceDetector) -> None:
    assert detector.detect(np.full((480, 640, 3), 90, np.uint8)) == []


def test_only_the_squares_asked_for_are_looked_at(detector: FaceDetector) -> None:
    picture, (left, right) = picture_with_faces(1280, 720, [(320, 360, 100), (960, 360, 100)])
    found = detector.detect(picture, [Roi(330, 350, 300)])
    assert is_found(left, found)
    assert not is_found(right, found)
    assert detector.detect(picture, []) == []


def test_a_face_that_a_square_cuts_in_two_is_left_to_the_squares_that_show_it_whole(detector: FaceDetector) -> None:
    picture, _ = picture_with_faces(1280, 720, [(640, 360, 100)])
    assert detector.detect(picture, [Roi(560, 360, 200)]) == []


def test_a_closed_detector_loads_again(detector: FaceDetector) -> None:
    picture, (box,) = picture_with_faces(320, 240, [(160, 120, 80)])
    detector.close()
    detector.close()
    assert is_found(box, detector.detect(picture))


def test_a_model_that_is_not_there_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(DetectorError, match=r"nothing\.tflite: no such detector model.*--detector-model"):
        FaceDetector(tmp_path / "nothing.tflite")


@pytest.mark.parametrize("content", [b"", b"not a model at all, but long enough to look at" * 10])
def test_a_file_that_is_no_model_is_an_error_that_names_it(tmp_path: Path, content: bytes) -> None:
    model = tmp_path / "face.tflite"
    model.write_bytes(content)
    with pytest.raises(DetectorError, match=r"face\.tflite: mediapipe cannot run it as a face detector"):
        FaceDetector(model).load()


def test_the_users_own_model_file_is_used(tmp_path: Path) -> None:
    import mediapipe

    bundled = Path(mediapipe.__file__).parent / "modules/face_detection/face_detection_short_range.tflite"
    model = tmp_path / "mein Gesicht äöü.tflite"
    model.write_bytes(bundled.read_bytes())
    picture, (box,) = picture_with_faces(320, 240, [(160, 120, 80)])
    with FaceDetector(model) as own:
        assert is_found(box, own.detect(picture))


def test_a_detector_of_another_kind_is_refused_on_loading() -> None:
    import mediapipe

    other = Path(mediapipe.__file__).parent / "modules/face_detection/face_detection_full_range_sparse.tflite"
    with pytest.raises(DetectorError, match="cannot run it"):
        FaceDetector(other).load()


def test_constructing_a_detector_does_not_import_mediapipe() -> None:
    code = "import sys; from tracker.detection import FaceDetector; FaceDetector(); print('mediapipe' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_of_boxes_of_one_face_the_most_certain_is_kept() -> None:
    face = Detection(Box(100, 100, 100, 100), 0.8)
    twice = Detection(Box(110, 95, 95, 105), 0.9)
    forehead = Detection(Box(120, 90, 40, 40), 0.7)
    neighbour = Detection(Box(190, 100, 100, 100), 0.6)
    assert merge_detections([face, twice, forehead, neighbour]) == [twice, neighbour]


def test_a_certain_small_face_stands_against_an_uncertain_large_one() -> None:
    small, large = Detection(Box(120, 120, 40, 40), 0.95), Detection(Box(100, 100, 200, 200), 0.55)
    assert merge_detections([large, small]) == [small]

"""Heads in a sequence of pictures: the per-frame path from a picture to poses under lasting IDs."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from fpn.camera import Camera
from fpn.pose import FaceEstimate
from fpn.roi import Box, Roi
from tracker.claims import HonestEstimator
from tracker.detection import Detection, FaceDetector
from tracker.errors import UsageError
from tracker.frame import TrackedPose
from tracker.leakage import Leakage, load_leakage
from tracker.scene_cut import SceneCut
from tracker.search import SearchSchedule
from tracker.smoothing import SMOOTHING_NAMES
from tracker.tracks import KEEP_PRESENCE, Candidate, Tracks, is_plausible

Picture = npt.NDArray[np.uint8]

DETECT_EVERY = 30
"""Frames over which a search of the whole picture for new faces is spread, by default."""

_LOCAL_LOOK = 3.0  # side of the square in which the detector looks for a lost face, over the face's size


class Estimator(Protocol):
    """What the tracker needs of a pose network; `fpn.estimator.FacePoseEstimator` is ours."""

    def estimate(self, image: Picture, rois: Sequence[Roi], camera: Camera) -> list[FaceEstimate]:
        """What is in each region, in order."""


class Detector(Protocol):
    """What the tracker needs of a face detector; `FaceDetector` is ours."""

    def detect(self, image: Picture, looks: Sequence[Roi] | None = None) -> list[Detection]:
        """Faces in the picture, or only in the squares to look at, each once."""


class HeadPoseTracker:
    """Tracks the heads of one recording or camera, frame by frame. A context manager: it holds a detector.

    Most frames need no detection: a face that is tracked is found in the region where it is expected. The detector
    searches the picture a few squares a frame, and near a face that was lost.

        with HeadPoseTracker() as tracker:
            for image, seconds in my_frames:
                for face in tracker.update(image, seconds): ...
    """

    def __init__(
        self,
        camera: Camera | None = None,
        *,
        smoothing: str = "default",
        detect_every: int = DETECT_EVERY,
        device: str = "auto",
        detector_model: Path | None = None,
        weights: Path | None = None,
        head_scale: float = 1.0,
        estimator: Estimator | None = None,
        detector: Detector | None = None,
        leakage: Leakage | None = None,
    ) -> None:
        """
        camera: intrinsics of the frames to come; by default 60 degrees are assumed across their width.
        smoothing: off, low, default or high; with "off" poses come out as measured.
        detect_every: frames over which a search of the whole picture for new faces is spread; 1 searches it in every
            frame. While nobody is tracked the search is quicker.
        device: auto, cpu or gpu, for the pose network.
        detector_model, weights: files to use in place of those that come with the program.
        head_scale: size of the heads over that of an average adult; distances grow with it.
        estimator, detector: a pose network and a face detector to use in place of the program's own, whose options
            then have no effect. They remain the caller's to close.
        leakage: what expressions do to the poses of `estimator`; the program's own network brings its own.

        Raises UsageError for a bad option, DetectorError, WeightsError and DeviceError as their parts do.
        """
        if smoothing not in SMOOTHING_NAMES:
            raise UsageError(f"smoothing {smoothing!r}: choose one of {', '.join(SMOOTHING_NAMES)}")
        if detect_every < 1:
            raise UsageError(f"detect_every is {detect_every}: give a number of frames, at least 1")
        self._given_camera = camera
        self._camera = camera
        self._resources = ExitStack()
        self._detector = self._resources.enter_context(FaceDetector(detector_model)) if detector is None else detector
        self._estimator = _own_estimator(device, weights, head_scale) if estimator is None else estimator
        self.leakage = load_leakage(weights) if estimator is None else leakage
        """What is known of how expressions change the poses that the network sees; None for nothing."""
        self._tracks = Tracks(smoothing, self.leakage)
        self._schedule = SearchSchedule(detect_every)
        self._scene_cut = SceneCut()
        self._last_time_s: float | None = None
        self._size: tuple[int, int] | None = None
        self._stage_seconds = {"detect": 0.0, "network": 0.0, "track": 0.0}

    @property
    def camera(self) -> Camera:
        """The intrinsics in force: of the last frame, or those given for frames to come.

        May be set between two frames, where the next one was taken with another camera. Raises ValueError before the
        first frame if none were given.
        """
        if self._camera is None:
            raise ValueError("no camera was given, and no frame has come from which to assume one")
        return self._camera

    @camera.setter
    def camera(self, camera: Camera) -> None:
        self._given_camera = self._camera = camera

    @property
    def stage_seconds(self) -> Mapping[str, float]:
        """Seconds spent so far on detection, the pose network, and tracking: "detect", "network", "track"."""
        return MappingProxyType(self._stage_seconds)

    def update(
        self, image: npt.NDArray[Any], time_s: float, boxes: Sequence[Box] | None = None
    ) -> tuple[TrackedPose, ...]:
        """Poses of the faces in the next frame, the longest known first.

        image: (H, W, 3) uint8 BGR; grey (H, W) or (H, W, 1) and BGRA (H, W, 4) pictures are converted. Not modified.
        time_s: when it was taken, seconds from any beginning. A time before the last one, as after winding back, and
            pictures of another size begin a new recording: all tracks end as by `reset`. The same time again is a
            second picture of the same moment.
        boxes: faces to be taken as they are, in place of detection in this frame; an empty sequence: no new faces.
            Every box becomes a track unless a track has that face already, however doubtful the face is.

        Raises ValueError for other images and for times that are not finite, DetectorError and DeviceError from the
        first frame if the networks cannot be loaded.
        """
        picture = _as_bgr(image)
        if not math.isfinite(time_s):
            raise ValueError(f"time_s is {time_s}: give the seconds at which the frame was taken")
        height, width = picture.shape[:2]
        with self._stage("track"):
            time_step_s = self._advance(picture, time_s)
            camera = self._camera_for(width, height)
            rois = self._tracks.predict(time_step_s, camera)
            if self._scene_cut.nothing_seen:
                self._tracks.miss()
                self._tracks.prune(width, height)
                return self._tracks.poses
        estimates = self._look(picture, rois, camera)
        with self._stage("track"):
            self._tracks.measure(estimates, camera)
        candidates = self._detect(picture) if boxes is None else self._tracks.candidates(boxes, trusted=True)
        fresh = self._look_twice(picture, candidates, camera)
        with self._stage("track"):
            self._tracks.adopt(candidates, fresh, camera)
            self._tracks.prune(width, height)
            return self._tracks.poses

    def reset(self) -> None:
        """Forget all tracks, as between unrelated pictures: the next frame is the first. IDs are not used again."""
        self._tracks.clear()
        self._schedule.restart()
        self._scene_cut.reset()
        self._last_time_s = None

    def close(self) -> None:
        """Release the detector. Closing twice is allowed."""
        self._resources.close()

    def __enter__(self) -> HeadPoseTracker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _advance(self, picture: Picture, time_s: float) -> float:
        """Seconds since the last frame; where this one does not follow on it, the tracks have been ended."""
        size = picture.shape[1], picture.shape[0]
        if size != self._size or (self._last_time_s is not None and time_s < self._last_time_s):
            self.reset()
        self._size = size
        if self._scene_cut.is_cut(picture):
            self._tracks.clear()
            self._schedule.restart()
        last, self._last_time_s = self._last_time_s, time_s
        return 0.0 if last is None else time_s - last

    def _camera_for(self, width: int, height: int) -> Camera:
        if self._given_camera is not None:
            self._camera = self._given_camera.resized(width, height)
        elif self._camera is None or (self._camera.width, self._camera.height) != (width, height):
            self._camera = Camera.from_fov(width, height)
        return self._camera

    def _look(self, picture: Picture, rois: Sequence[Roi], camera: Camera) -> list[FaceEstimate]:
        with self._stage("network"):
            return self._estimator.estimate(picture, rois, camera) if rois else []

    def _look_twice(self, picture: Picture, candidates: Sequence[Candidate], camera: Camera) -> list[FaceEstimate]:
        """What is in the candidates' boxes: boxes are drawn in many ways, so the network looks again at what it found
        in its own, which leaves little of the box in the result.
        """
        found = self._look(picture, [Roi.around(candidate.box) for candidate in candidates], camera)
        again = [
            index
            for index, (candidate, estimate) in enumerate(zip(candidates, found, strict=True))
            if is_plausible(estimate) and (candidate.trusted or estimate.presence >= KEEP_PRESENCE)
        ]
        second = self._look(picture, [found[index].roi for index in again], camera)
        for index, estimate in zip(again, second, strict=True):
            if is_plausible(estimate) and estimate.presence >= min(KEEP_PRESENCE, found[index].presence):
                found[index] = estimate
        return found

    def _detect(self, picture: Picture) -> list[Candidate]:
        height, width = picture.shape[:2]
        checked = self._tracks.to_check(width, height)
        looks = list(self._schedule.looks(width, height, anybody=self._tracks.anybody_seen))
        if checked is not None:
            looks.append(_around(checked.box))
        if not looks:
            return []
        with self._stage("detect"):
            found = self._detector.detect(picture, looks)
        with self._stage("track"):
            return self._tracks.candidates([detection.box for detection in found], trusted=False, checked=checked)

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            self._stage_seconds[name] += time.perf_counter() - started


def _around(box: Box) -> Roi:
    """The square in which the detector looks for a face that is expected there."""
    return Roi(box.x + box.width / 2, box.y + box.height / 2, _LOCAL_LOOK * max(box.width, box.height))


def _own_estimator(device: str, weights: Path | None, head_scale: float) -> Estimator:
    from fpn.estimator import FacePoseEstimator  # late: it may load a network engine

    return HonestEstimator(FacePoseEstimator(device=device, weights=weights, head_scale=head_scale))


def _as_bgr(image: npt.NDArray[Any]) -> Picture:
    """The picture as (H, W, 3) uint8 BGR in contiguous memory; ValueError for what is no picture."""
    shape = getattr(image, "shape", None)
    if shape is None or image.dtype != np.uint8 or len(shape) not in (2, 3) or 0 in shape:
        got = f"shape {shape}, {image.dtype}" if shape is not None else type(image).__name__
        raise ValueError(f"the image must be (height, width, 3) uint8 in BGR order, not {got}")
    channels = shape[2] if len(shape) == 3 else 1
    contiguous = np.ascontiguousarray(image)
    if channels == 3:
        return contiguous
    if channels not in (1, 4):
        raise ValueError(f"the image must have 1, 3 or 4 channels, not {channels} (shape {shape})")
    code = cv2.COLOR_GRAY2BGR if channels == 1 else cv2.COLOR_BGRA2BGR
    return np.asarray(cv2.cvtColor(contiguous, code), np.uint8)

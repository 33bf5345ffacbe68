"""`run_live.py calibrate`: the camera's calibration, from a chessboard or guessed from a face at a known distance."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TextIO

import cv2
import numpy as np
import numpy.typing as npt

from fpn.camera import DEFAULT_FOV_DEG, Camera
from fpn.chessboard import MOST_VIEWS, Chessboard, Points
from renderer.lettering import Lettering
from tracker.calibrate_options import CalibrateOptions
from tracker.errors import DisplayError, SinkError
from tracker.face_distance import FaceDistance
from tracker.frame import Frame, TrackedFrame
from tracker.head_pose_tracker import HeadPoseTracker
from tracker.interruption import Interrupted, SignalGuard
from tracker.report import Report
from tracker.shared_options import AVERAGE_IPD_MM
from tracker.sinks import WindowSink
from tracker.sinks.output_file import OutputFile
from tracker.sources import open_source
from tracker.sources.base import Source

_LOG = logging.getLogger(__name__)

_INTERVAL_S = 0.25  # between the frames in which the board is looked for: neighbours show the same view


def calibrate(options: CalibrateOptions, terminal: TextIO, signals: SignalGuard) -> int:
    """Make the calibration that `options` ask for and write it; gives the exit code.

    Raises FpnLiveError for what the person can mend; then no file is written.
    """
    with Report(terminal, verbose=options.verbose) as report, ExitStack() as resources:
        try:
            output = OutputFile(
                options.output,
                suffixes=(".yml", ".yaml"),
                overwrite=options.overwrite,
                inputs=[Path(options.source)],
            )
            source = resources.enter_context(
                open_source(options.source, camera_size=options.camera_size, camera_fps=None)
            )
            window = _window(source, options, resources)
            report.begin_waiting(f"looking at {source.name}")
            if options.face_distance is None:
                camera, lines = _from_chessboard(source, options, window, signals)
            else:
                camera, lines = _from_face(source, options, options.face_distance, window, signals)
            with signals.deferred():
                _write(output, camera)
        except Interrupted as interrupted:
            return interrupted.exit_code
        report.end_progress()
        print(*lines, f"wrote          {options.output}", sep="\n", flush=True)
    return 0


def _window(source: Source, options: CalibrateOptions, resources: ExitStack) -> WindowSink | None:
    """A window for people who hold a board before a camera; files need none."""
    if not (source.is_live and options.display):
        return None
    try:
        window = WindowSink()
    except DisplayError as error:
        _LOG.warning("%s; going on without a window", error)
        return None
    resources.enter_context(window)
    return window


def _from_chessboard(
    source: Source, options: CalibrateOptions, window: WindowSink | None, signals: SignalGuard
) -> tuple[Camera, list[str]]:
    board = Chessboard(*options.board)
    for frame in _frames(source, _INTERVAL_S if window is None else 0.0):
        with signals.deferred():
            corners = board.look(frame.image)
        if window is not None:
            words = f"{board.views} of {MOST_VIEWS} views: tilt the board, near and far, all corners; q ends"
            _show(window, frame, words, corners, options.board)
        if board.views == MOST_VIEWS or (window is not None and window.stop_requested):
            break
    found = board.calibrate()
    return found.camera, [
        f"views          {found.views} different ones, in {board.seen} pictures of the board",
        f"error          {found.error_px:.2f} pixels (root mean square, seen against projected corners)",
        f"focal length   {found.camera.K[0, 0]:.1f} pixels, give or take {found.focal_std_px:.1f}",
        f"field of view  {_fov_deg(found.camera):.1f} degrees across",
    ]


def _from_face(
    source: Source, options: CalibrateOptions, distance_mm: float, window: WindowSink | None, signals: SignalGuard
) -> tuple[Camera, list[str]]:
    faces = FaceDistance(distance_mm)
    assumed: Camera | None = None
    with HeadPoseTracker(smoothing="off", head_scale=options.ipd / AVERAGE_IPD_MM) as tracker:
        for frame in _frames(source, 0.0):
            with signals.deferred():
                if not source.is_sequence:
                    tracker.reset()
                height, width = frame.image.shape[:2]
                assumed = tracker.camera = Camera.from_fov(width, height, DEFAULT_FOV_DEG)
                faces.add(tracker.update(frame.image, frame.time_s), assumed)
            if window is not None:
                _show(window, frame, f"keep your face {distance_mm:.0f} mm from the camera; q ends")
            if faces.is_enough or (window is not None and window.stop_requested):
                break
    camera = faces.camera()
    return camera, [
        f"faces          in {faces.count} pictures, {distance_mm:g} mm away",
        f"focal length   {camera.K[0, 0]:.1f} pixels: a guess, as good as the distance and the head's size (--ipd)",
        f"field of view  {_fov_deg(camera):.1f} degrees across, without lens distortion",
    ]


def _frames(source: Source, interval_s: float) -> Iterator[Frame]:
    """The source's frames, of recordings only some."""
    last_s: float | None = None
    for frame in source:
        if source.is_sequence and last_s is not None and frame.time_s - last_s < interval_s:
            continue
        last_s = frame.time_s
        yield frame


def _show(
    window: WindowSink,
    frame: Frame,
    words: str,
    corners: Points | None = None,
    board: tuple[int, int] = (0, 0),
) -> None:
    picture: npt.NDArray[np.uint8] = frame.image.copy()
    if corners is not None:
        cv2.drawChessboardCorners(picture, board, corners.reshape(-1, 1, 2), True)
    lettering = Lettering(picture.shape[1], picture.shape[0])
    lettering.draw(picture, words, lettering.line_height / 3, lettering.line_height / 3)
    camera = Camera.from_fov(picture.shape[1], picture.shape[0])
    window.write(TrackedFrame(frame, (), camera, 0.0), picture)


def _fov_deg(camera: Camera) -> float:
    return float(np.degrees(2 * np.arctan(camera.width / 2 / camera.K[0, 0])))


def _write(output: OutputFile, camera: Camera) -> None:
    path = output.begin()
    try:
        path.write_text(camera.calibration_text(), encoding="utf-8")
    except OSError as error:
        output.restore()
        raise SinkError(f"{output.path}: cannot be written: {error.strerror}; give another place") from error
    output.keep()

"""A run of the program: builds source, tracker and sinks from the options, and lets the loop join them."""

from __future__ import annotations

import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from threading import Event
from typing import TextIO

from fpn.estimator import FacePoseEstimator
from models.errors import FpnLiveError
from renderer import prepare
from tracker.background import Background
from tracker.claims import HonestEstimator
from tracker.detection import FaceDetector
from tracker.errors import EmptySourceError, UsageError
from tracker.face_views import FaceViews
from tracker.head_pose_tracker import HeadPoseTracker
from tracker.interruption import Interrupted, SignalGuard
from tracker.intrinsics import Intrinsics
from tracker.leakage import load_leakage
from tracker.loop import follow
from tracker.neutral import SETTLE_S, Neutral
from tracker.options import OFFLINE, Options
from tracker.recording import Recording, write_recording
from tracker.report import Report, RunStatistics, summary_lines
from tracker.shared_options import AVERAGE_IPD_MM
from tracker.sinks import annotated, open_sinks
from tracker.sinks.display import require_display
from tracker.sources import list_cameras, open_source

_VIEWS_TOO = ", preparing the views (the first time ever: up to a minute)"
_HEAD_START_S = 0.5
"""Time for a source to fail in before the libraries begin to load: enough for files, which open in milliseconds."""


def run(options: Options, terminal: TextIO, signals: SignalGuard, started_s: float) -> int:
    """Do what `options` ask for; gives the exit code: 0, or that of the signal that ended the run.

    started_s: when the program started, on the clock of `time.perf_counter`.

    Warnings and progress go to `terminal`, the summary to standard output. Raises FpnLiveError for what the person can
    mend; what was written until then is complete and closed.
    """
    with Report(terminal, verbose=options.verbose) as report:
        if options.list_cameras:
            _print_cameras()
            return 0
        statistics = RunStatistics(started_s=started_s)
        exit_code = 0
        try:
            process(options, statistics, report, signals)
        except Interrupted as interrupted:
            exit_code = interrupted.exit_code
        except FpnLiveError:
            if statistics.frames:
                _print_summary(statistics, options, report, complete=False)
            raise
        _print_summary(statistics, options, report, complete=exit_code == 0)
    return exit_code


def process(options: Options, statistics: RunStatistics, report: Report, signals: SignalGuard) -> None:
    """A run without its summary; `statistics` has the counts and times, however it ends.

    Raises FpnLiveError for what the person can mend, and Interrupted after Ctrl-C, with all files closed.
    """
    if options.display and not options.outputs:
        require_display()  # before a camera is opened for nothing
    intrinsics = Intrinsics(fov_deg=options.fov, calibration_file=options.camera_calibration)
    head_scale = options.ipd / AVERAGE_IPD_MM
    with ExitStack() as resources:
        detector = resources.enter_context(FaceDetector(options.detector_model))
        boxes_given = Event()

        def load_networks() -> FacePoseEstimator:
            estimator = FacePoseEstimator(options.device, options.weights, head_scale)
            if not boxes_given.is_set():
                detector.load()
            if options.shows_views:
                prepare(options.view_size)
            return estimator

        report.begin_waiting("opening the source, loading the networks" + (_VIEWS_TOO if options.shows_views else ""))
        networks = resources.enter_context(Background(load_networks, _HEAD_START_S))
        source = resources.enter_context(
            open_source(options.source, camera_size=options.camera_size, camera_fps=options.camera_fps)
        )
        if options.smoothing == OFFLINE and source.is_live:
            raise UsageError(
                f"{source.name}: --smoothing offline needs what comes after each frame, and a live source never ends; "
                "record it first, or use --smoothing high"
            )
        offline = options.smoothing == OFFLINE and source.is_sequence
        intrinsics.check(*source.size)
        if source.gives_boxes:
            boxes_given.set()
        neutral = Neutral(
            source.name,
            file=options.neutral_file,
            from_first_face=options.neutral,
            settle_s=SETTLE_S if source.is_sequence else 0.0,
        )
        sinks = open_sinks(
            source,
            window=options.display,
            output=options.output,
            poses=options.poses,
            overwrite=options.overwrite,
            inputs=_inputs(options),
            neutral=neutral,
            face_views=FaceViews(options.view_size, head_scale=head_scale, is_sequence=source.is_sequence),
            views=options.views,
            frontal=options.frontal,
            track=options.track,
            views_dir=options.views_dir,
        )
        for sink in sinks:
            resources.enter_context(sink)
        estimator = networks.result()
        statistics.device = estimator.device_name
        tracker = resources.enter_context(
            HeadPoseTracker(
                smoothing=options.smoothing if source.is_sequence and not offline else "off",
                detect_every=options.detect_every,
                estimator=HonestEstimator(estimator),
                detector=detector,
                leakage=load_leakage(options.weights),
            )
        )
        annotate = partial(annotated, head_scale=head_scale, parts=options.draw)
        recording = Recording(tracker.leakage)
        report.begin_progress(source.name, _least(source.frame_count, options.max_frames))
        statistics.startup_s = time.perf_counter() - statistics.started_s
        statistics.unwritten = offline
        follow(
            source,
            tracker,
            [recording] if offline else sinks,
            intrinsics.of,
            annotate,
            statistics,
            report,
            signals,
            max_frames=options.max_frames,
            neutral=None if offline else neutral,
        )
        if not statistics.frames:
            raise EmptySourceError(f"{source.name}: not a single frame came; check what it holds")
        if offline:
            again = None
            if any(sink.needs_picture or sink.needs_image for sink in sinks):
                again = resources.enter_context(open_source(options.source))
            report.end_progress()
            report.begin_progress(f"{source.name}, smoothed", statistics.frames)
            write_recording(recording.smoothed(), again, sinks, annotate, statistics, report, signals, neutral)


def _print_summary(statistics: RunStatistics, options: Options, report: Report, *, complete: bool) -> None:
    report.end_progress()
    begun = statistics.frames and not statistics.unwritten  # sinks begin their files with the first frame
    written = options.outputs if begun else ()
    print(*summary_lines(statistics, written, complete=complete), sep="\n", flush=True)


def _print_cameras() -> None:
    cameras = list_cameras()
    for camera in cameras:
        width, height = camera.size
        print(f"{camera.index}  {width}x{height}  {camera.name or 'no name known'}")
    if not cameras:
        print("no camera found; plug one in, or allow this program to use it")


def _inputs(options: Options) -> list[Path]:
    """Files that are read and must not be replaced by an output."""
    given = [
        Path(options.source),
        options.weights,
        options.camera_calibration,
        options.detector_model,
        options.neutral_file,
    ]
    return [path for path in given if path is not None]


def _least(*counts: int | None) -> int | None:
    return min((count for count in counts if count is not None), default=None)

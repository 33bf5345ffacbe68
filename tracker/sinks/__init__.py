"""Where tracked frames go: a window, an annotated video, pose logs."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from tracker.errors import DisplayError, SinkError, UsageError
from tracker.face_views import FaceViews, ViewChoice
from tracker.neutral import Neutral
from tracker.sinks.annotation import annotated
from tracker.sinks.base import Sink
from tracker.sinks.frontal_video import LARGEST, FrontalVideoSink
from tracker.sinks.poses import PoseCsvSink, PoseJsonlSink
from tracker.sinks.video import VideoSink
from tracker.sinks.view_folder import ViewFolderSink
from tracker.sinks.view_panel import ViewPanel
from tracker.sinks.window import WindowSink
from tracker.sources.base import Source

__all__ = [
    "FrontalVideoSink",
    "PoseCsvSink",
    "PoseJsonlSink",
    "Sink",
    "VideoSink",
    "ViewFolderSink",
    "WindowSink",
    "annotated",
    "open_sinks",
]

_LOG = logging.getLogger(__name__)

_POSE_SINKS = {sink.suffix: sink for sink in (PoseCsvSink, PoseJsonlSink)}


def open_sinks(
    source: Source,
    *,
    window: bool = True,
    output: str | Path | None = None,
    poses: Sequence[str | Path] = (),
    overwrite: bool = False,
    inputs: Sequence[Path] = (),
    neutral: Neutral | None = None,
    face_views: FaceViews | None = None,
    views: ViewChoice | None = None,
    frontal: str | Path | None = None,
    track: int | str = LARGEST,
    views_dir: str | Path | None = None,
) -> tuple[Sink, ...]:
    """The sinks a run is asked for, each checked; nothing is created before the first frame.

    window: show a window. Where there is no display, a run with other outputs goes on without it, and says so.
    output: an annotated video, .mp4 or .mkv. poses: pose logs, .csv or .jsonl.
    overwrite: whether files that exist may be replaced. inputs: files the run reads, which never are; the source's
    recording is one of them without being named.

    neutral: the neutral pose that keys of the window set and clear.

    face_views: draws views of faces; what follows needs it. views: which to show beside the picture, in window and
    annotated video. frontal: a video of the frontal view of `track` (an ID, `largest` or `all`). views_dir: a folder
    for the views of pictures that are no sequence, `views` or those of FacePoseNet.

    Raises UsageError when nothing is asked for, SinkError for an output that cannot be written or is named twice, and
    DisplayError for a window that is the only output and cannot be opened.
    """
    if not window and not poses and all(path is None for path in (output, frontal, views_dir)):
        raise UsageError("nothing to show or to write: leave out --no-display, or give --output or --poses")
    if views_dir is not None and source.is_sequence:
        raise UsageError(
            "--views-dir is for pictures, folders and lists; for a video give --frontal, or --views with --output"
        )
    _refuse_doubles([Path(path) for path in (output, frontal, *poses) if path is not None])
    read = [*inputs, *([source.recording] if source.recording is not None else [])]
    sinks: list[Sink] = []
    if output is not None:
        beside = ViewPanel(face_views, views) if face_views is not None and views is not None else None
        sinks.append(VideoSink(output, source, overwrite=overwrite, inputs=read, panel=beside))
    if frontal is not None and face_views is not None:
        sinks.append(FrontalVideoSink(frontal, source, face_views, track=track, overwrite=overwrite, inputs=read))
    if views_dir is not None and face_views is not None:
        sinks.append(ViewFolderSink(views_dir, face_views, views or ViewChoice(None), overwrite=overwrite))
    sinks += [_pose_sink(Path(path), overwrite, read) for path in poses]
    if window:
        # Unrelated stills would flash by; they wait for a key unless the run is there to write files.
        step = not source.is_sequence and not sinks
        try:
            panel = None if face_views is None else ViewPanel(face_views, views or ViewChoice())
            sinks.insert(0, WindowSink(step=step, neutral=neutral, panel=panel, panel_shown=views is not None))
        except DisplayError as error:
            if not sinks:
                raise
            _LOG.warning("%s; going on without a window", error)
    return tuple(sinks)


def _pose_sink(path: Path, overwrite: bool, inputs: Sequence[Path]) -> Sink:
    suffix = path.suffix.lower()
    if suffix not in _POSE_SINKS:
        written = f"extension {path.suffix}" if path.suffix else "no extension"
        raise SinkError(f"{path}: {written}; give a name that ends in {' or '.join(_POSE_SINKS)}")
    return _POSE_SINKS[suffix](path, overwrite=overwrite, inputs=inputs)


def _refuse_doubles(paths: Sequence[Path]) -> None:
    seen: set[Path] = set()
    for path in paths:
        if path.resolve() in seen:
            raise SinkError(f"{path}: named for two outputs; give each a name of its own")
        seen.add(path.resolve())

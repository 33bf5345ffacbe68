"""Where tracked frames go: a window, an annotated video, pose logs."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from tracker.errors import DisplayError, SinkError, UsageError
from tracker.neutral import Neutral
from tracker.sinks.annotation import annotated
from tracker.sinks.base import Sink
from tracker.sinks.poses import PoseCsvSink, PoseJsonlSink
from tracker.sinks.video import VideoSink
from tracker.sinks.window import WindowSink
from tracker.sources.base import Source

__all__ = ["PoseCsvSink", "PoseJsonlSink", "Sink", "VideoSink", "WindowSink", "annotated", "open_sinks"]

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
) -> tuple[Sink, ...]:
    """The sinks a run is asked for, each checked; nothing is created before the first frame.

    window: show a window. Where there is no display, a run with other outputs goes on without it, and says so.
    output: an annotated video, .mp4 or .mkv. poses: pose logs, .csv or .jsonl.
    overwrite: whether files that exist may be replaced. inputs: files the run reads, which never are; the source's
    recording is one of them without being named.

    neutral: the neutral pose that keys of the window set and clear.

    Raises UsageError when nothing is asked for, SinkError for an output that cannot be written or is named twice, and
    DisplayError for a window that is the only output and cannot be opened.
    """
    if not window and output is None and not poses:
        raise UsageError("nothing to show or to write: leave out --no-display, or give --output or --poses")
    _refuse_doubles([Path(path) for path in (output, *poses) if path is not None])
    read = [*inputs, *([source.recording] if source.recording is not None else [])]
    sinks: list[Sink] = []
    if output is not None:
        sinks.append(VideoSink(output, source, overwrite=overwrite, inputs=read))
    sinks += [_pose_sink(Path(path), overwrite, read) for path in poses]
    if window:
        # Unrelated stills would flash by; they wait for a key unless the run is there to write files.
        step = not source.is_sequence and not sinks
        try:
            sinks.insert(0, WindowSink(step=step, neutral=neutral))
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

"""What the person at the terminal sees: warnings, progress while it runs, and a summary at the end."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress
    from rich.status import Status

    from tracker.frame import TrackedFrame

_OWN_LOGGERS = ("models", "fpn", "renderer", "tracker")


@dataclass
class RunStatistics:
    """Counts and times of one run, as the loop keeps them.

    device: where the pose network ran, for people.
    stage_seconds: where the time went, by stage, in the order of the path.
    started_s: when the run started, on the clock of `time.perf_counter`.
    startup_s: seconds from then until frames are taken.
    loop_s: seconds from then to the last frame.
    unwritten: True while nothing that was found has gone to an output, as in the first pass of two over a recording.
    """

    frames: int = 0
    faces: int = 0
    frames_with_faces: int = 0
    tracks: set[int] = field(default_factory=set)
    dropped: int = 0
    skipped: int = 0
    device: str = ""
    started_s: float = field(default_factory=time.perf_counter)
    startup_s: float = 0.0
    loop_s: float = 0.0
    unwritten: bool = False
    stage_seconds: dict[str, float] = field(default_factory=dict)

    def count(self, result: TrackedFrame) -> None:
        """Take one tracked frame into account."""
        self.frames += 1
        self.faces += len(result.poses)
        self.frames_with_faces += bool(result.poses)
        self.tracks.update(pose.track for pose in result.poses)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time that the block takes to a stage."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.add(name, time.perf_counter() - started)

    def add(self, name: str, seconds: float) -> None:
        """Add seconds to a stage."""
        self.stage_seconds[name] = self.stage_seconds.get(name, 0.0) + seconds


class Report:
    """Writes warnings and progress to `terminal` while entered; progress only where that is a real terminal."""

    def __init__(self, terminal: TextIO, verbose: bool = False) -> None:
        self._terminal = terminal
        self._handler = _LineHandler(self._print)
        self._level = logging.INFO if verbose else logging.WARNING
        self._console: Console | None = None
        self._status: Status | None = None
        self._progress: Progress | None = None

    def __enter__(self) -> Report:
        if self._terminal.isatty():
            from rich.console import Console

            self._console = Console(file=self._terminal)
        for name in _OWN_LOGGERS:
            logger = logging.getLogger(name)
            logger.addHandler(self._handler)
            logger.setLevel(self._level)
            logger.propagate = False
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end_progress()
        for name in _OWN_LOGGERS:
            logger = logging.getLogger(name)
            logger.removeHandler(self._handler)
            logger.setLevel(logging.NOTSET)
            logger.propagate = True

    def begin_waiting(self, what: str) -> None:
        """Show that something takes a few seconds, until progress begins."""
        if self._console is not None:
            self._status = self._console.status(what)
            self._status.start()

    def begin_progress(self, name: str, total: int | None) -> None:
        """Show a bar for `total` frames of the source called `name`; a pulse where the total is not known."""
        if self._console is None:
            return
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        self._end_waiting()
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.completed:.0f} frames, {task.fields[rate]:.0f} a second, {task.fields[faces]}"),
            TimeElapsedColumn(),
            *([TimeRemainingColumn()] if total else []),
            console=self._console,
            transient=True,  # the summary takes its place
        )
        self._task = self._progress.add_task(name, total=total, rate=0.0, faces=_faces(0))
        self._progress.start()

    def advance(self, result: TrackedFrame) -> None:
        """Show that one more frame is done."""
        if self._progress is not None:
            self._progress.update(self._task, advance=1, rate=result.rate_hz, faces=_faces(len(result.poses)))

    def end_progress(self) -> None:
        """Take the bar away."""
        self._end_waiting()
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def _end_waiting(self) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = None

    def _print(self, line: str) -> None:
        if self._console is None:
            print(line, file=self._terminal)
        else:  # above the bar
            self._console.print(line, markup=False, highlight=False, soft_wrap=True)


def _faces(count: int) -> str:
    return "1 face" if count == 1 else f"{count} faces"


class _LineHandler(logging.Handler):
    """Log records as one line each, in the same form as the program's errors."""

    def __init__(self, write: Callable[[str], None]) -> None:
        super().__init__()
        self._write = write

    def emit(self, record: logging.LogRecord) -> None:
        message = " ".join(record.getMessage().split())
        self._write(f"{record.levelname.lower()}: {message}")


def summary_lines(statistics: RunStatistics, written: Sequence[Path], *, complete: bool = True) -> list[str]:
    """The summary of a run, a fact a line; `complete` is False where the run was broken off."""
    frames = f"{statistics.frames}" + ("" if complete else ", then stopped")
    if statistics.dropped:
        frames += f"; {statistics.dropped} dropped to keep up"
    if statistics.skipped:
        frames += f"; {statistics.skipped} unreadable and skipped"
    tracks = "1 track" if len(statistics.tracks) == 1 else f"{len(statistics.tracks)} tracks"
    facts = [("frames", frames), ("faces", f"{statistics.faces} in {statistics.frames_with_faces} frames; {tracks}")]
    if statistics.frames and statistics.loop_s > 0:
        rate = statistics.frames / statistics.loop_s
        taken = f"{statistics.loop_s:.1f} s, after {statistics.startup_s:.1f} s to start"
        facts += [
            ("speed", f"{rate:.1f} frames a second ({taken}; {statistics.device})"),
            ("time", _shares(statistics.stage_seconds, statistics.loop_s)),
        ]
    facts += [("wrote", str(path)) for path in written]
    return [f"{label:<8}{fact}" for label, fact in facts]


def _shares(stage_seconds: Mapping[str, float], total_s: float) -> str:
    shares = {**stage_seconds, "other": max(total_s - sum(stage_seconds.values()), 0.0)}
    return ", ".join(f"{name} {100 * seconds / total_s:.0f} %" for name, seconds in shares.items())

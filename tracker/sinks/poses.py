"""Pose logs: one row of CSV, or one line of JSON, for each face in each frame."""

from __future__ import annotations

import csv
import json
from abc import abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from io import BufferedWriter, StringIO
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tracker.errors import SinkError
from tracker.frame import TrackedFrame
from tracker.sinks.base import Sink
from tracker.sinks.output_file import OutputFile
from tracker.sinks.pose_columns import COLUMNS, Value, pose_rows

_SURROGATES = "surrogateescape"  # a file name that is no valid Unicode goes out as the bytes it came in as


class _PoseLog(Sink):
    """What both logs share: the file, opened with the first frame and given to the system after each one.

    A killed run loses no frame that was written. A run without a single frame leaves no file.
    """

    suffix: str
    """Extension of the format, with its dot."""

    def __init__(self, path: str | Path, *, overwrite: bool = False, inputs: Sequence[Path] = ()) -> None:
        """Check that `path` can be written; see `OutputFile` for the arguments and what is raised."""
        self._output = OutputFile(path, suffixes=[self.suffix], overwrite=overwrite, inputs=inputs)
        self._file: BufferedWriter | None = None

    @abstractmethod
    def _head(self) -> str:
        """What stands before the first row."""

    @abstractmethod
    def _line(self, row: dict[str, Value]) -> str:
        """One row with its line end."""

    def write(self, result: TrackedFrame, picture: npt.NDArray[np.uint8] | None) -> None:
        """Write one row for each face of the frame; the picture is not looked at. ValueError once closed."""
        lines = "".join(self._line(row) for row in pose_rows(result))
        try:
            if self._file is None:
                self._file = self._output.begin().open("wb")
                lines = self._head() + lines
            if self._file.closed:
                raise ValueError(f"{self._output.path} is closed")
            self._file.write(lines.encode("utf-8", _SURROGATES))
            self._file.flush()
        except OSError as error:
            self._give_up()
            raise self._failure(error) from error
        self._output.keep()

    def _give_up(self) -> None:
        if self._file is not None:
            with suppress(OSError):  # what could not be written before cannot be now; that is being told
                self._file.close()
        self._output.restore()

    def close(self) -> None:
        """Close the file, complete up to the last frame written."""
        if self._file is not None:
            self._file.close()

    def _failure(self, error: OSError) -> SinkError:
        return SinkError(f"{self._output.path}: cannot be written: {error.strerror}; make room or give another place")


class PoseCsvSink(_PoseLog):
    """Poses as CSV (RFC 4180: CRLF line ends, names quoted where they need it), UTF-8, a header line first.

    Columns as in `pose_columns.COLUMNS`; a number that is not finite is left empty. A frame without faces adds no row;
    its number is missing in the column `frame`.
    """

    suffix = ".csv"

    def _head(self) -> str:
        return _csv_line(list(COLUMNS))

    def _line(self, row: dict[str, Value]) -> str:
        return _csv_line([_text(value, digits) for value, digits in zip(row.values(), COLUMNS.values(), strict=True)])


class PoseJsonlSink(_PoseLog):
    """Poses as JSON lines: one object for each face in each frame, under the names of the CSV columns, UTF-8.

    A number that is not finite is null. A frame without faces adds no line.
    """

    suffix = ".jsonl"

    def _head(self) -> str:
        return ""

    def _line(self, row: dict[str, Value]) -> str:
        # Plain ASCII with escapes: a name that is no valid Unicode stays valid JSON.
        return json.dumps(row, allow_nan=False) + "\n"


def _text(value: Value, digits: int | None) -> str:
    if value is None:
        return ""
    return str(value) if digits is None else f"{value:.{digits}f}"


def _csv_line(cells: Sequence[str]) -> str:
    line = StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()

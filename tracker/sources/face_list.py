"""Lists of pictures with a face each, in the form of the original FacePoseNet."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

from fpn.roi import Box
from tracker.errors import EmptySourceError, ListError, SourceError
from tracker.sources.stills import Still, StillsSource

COLUMNS = ("ID", "FILE", "FACE_X", "FACE_Y", "FACE_WIDTH", "FACE_HEIGHT")
"""The header line. Columns may stand in another order and others beside them."""


class ListSource(StillsSource):
    """The pictures of a list file, each a frame called by its ID, with the face box of its line."""

    gives_boxes = True

    def __init__(self, path: Path) -> None:
        """Check the whole list, then read the first picture that can be read.

        Raises ListError, naming the line, if the list is malformed, SourceError if it cannot be read, EmptySourceError
        if it lists no picture that can be read.
        """
        stills = read_list(path)
        if not stills:
            raise EmptySourceError(f"{path}: lists no picture; add a line for each below the header")
        super().__init__(path.name, stills)


def read_list(path: Path) -> list[Still]:
    """The lines of a list file; `FILE` is relative to the list's folder, blank lines are left out.

    Raises ListError, naming the line, if it is malformed, SourceError if it cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SourceError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    try:
        text = data.decode("utf-8-sig")  # spreadsheets begin the file with a byte order mark
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ListError(f"{path}, line {line}: not UTF-8 text; save the list as CSV in UTF-8") from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise ListError(f"{path}, line {line}: a zero byte; save the list as CSV in UTF-8")
    rows = csv.reader(io.StringIO(text), skipinitialspace=True)
    stills: list[Still] = []
    columns: dict[str, int] | None = None
    try:
        for row in rows:
            fields = [field.strip() for field in row]
            if not any(fields):
                continue
            if columns is None:
                columns = _header(fields)
            else:
                stills.append(_still(fields, columns, path.parent))
    except (ValueError, csv.Error) as error:
        raise ListError(f"{path}, line {rows.line_num}: {error}") from error
    return stills


def _header(fields: list[str]) -> dict[str, int]:
    """Where each column stands. Raises ValueError unless all of COLUMNS are there."""
    columns = {field.upper(): index for index, field in enumerate(fields)}
    missing = [column for column in COLUMNS if column not in columns]
    if missing:
        raise ValueError(f"no {missing[0]} in the header; the list begins with the line {','.join(COLUMNS)}")
    return columns


def _still(fields: list[str], columns: dict[str, int], folder: Path) -> Still:
    """One line. Raises ValueError, saying what is wrong, if it is malformed."""
    if len(fields) != len(columns):
        raise ValueError(f"{len(fields)} fields where the header has {len(columns)}; separate them by commas")
    picture_id, file = (_text(fields[columns[column]], column) for column in COLUMNS[:2])
    x, y, width, height = (_number(fields[columns[column]], column) for column in COLUMNS[2:])
    if width <= 0 or height <= 0:
        raise ValueError(f"a face of {width:g} x {height:g} pixels; width and height must be above 0")
    return Still(folder / file, picture_id, (Box(x, y, width, height),))


def _text(field: str, column: str) -> str:
    if not field:
        raise ValueError(f"{column} is empty")
    return field


def _number(field: str, column: str) -> float:
    try:
        number = float(field)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{column} is {field!r}, not a number; give pixels, with a point for decimals")
    return number

"""The options of `run_live.py calibrate`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tracker.options import AVERAGE_IPD_MM, OneLineParser, number, size


@dataclass(frozen=True)
class CalibrateOptions:
    """What a calibration is asked to do; the help of the command says what each means."""

    source: str
    output: Path
    board: tuple[int, int]
    face_distance: float | None
    ipd: float
    camera_size: tuple[int, int] | None
    overwrite: bool
    display: bool
    verbose: bool


def parse_calibrate_options(argv: Sequence[str]) -> CalibrateOptions:
    """Options from what follows `calibrate` on the command line. Raises UsageError, and SystemExit for --help."""
    given = vars(_parser().parse_args(argv))
    given["display"] = not given.pop("no_display")
    return CalibrateOptions(**given)


def _parser() -> argparse.ArgumentParser:
    parser = OneLineParser(
        prog="run_live.py calibrate",
        description="Makes the file that --camera-calibration reads: from a printed chessboard shown to the camera in "
        "many ways, or, as a guess without lens distortion, from a face at a known distance.",
        epilog="docs/calibration.md says how to hold the board.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--source",
        default="0",
        help="a camera's index, a stream, a video or a folder of pictures of the board (default: 0, the first camera)",
    )
    parser.add_argument(
        "--output", type=Path, required=True, metavar="FILE", help="the calibration to write (.yml or .yaml); required"
    )
    parser.add_argument(
        "--board",
        type=size,
        default=(9, 6),
        metavar="COLUMNSxROWS",
        help="inner corners of the chessboard, where four squares meet; the squares' size does not matter "
        "(default: 9x6)",
    )
    parser.add_argument(
        "--face-distance",
        type=number(float, above=0, upto=10000),
        metavar="MM",
        help="no board: guess the field of view from a face this many millimetres from the lens (default: board)",
    )
    parser.add_argument(
        "--ipd",
        type=number(float, above=0, upto=200),
        default=AVERAGE_IPD_MM,
        metavar="MM",
        help="distance between that person's pupils in millimetres, for --face-distance (default: %(default)g, an "
        "average adult)",
    )
    parser.add_argument(
        "--camera-size",
        type=size,
        metavar="WxH",
        help="ask the camera for pictures of this many pixels (default: the camera's own choice)",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace the output if it exists (default: refuse)")
    parser.add_argument("--no-display", action="store_true", help="open no window (default: one, for cameras)")
    parser.add_argument("--verbose", action="store_true", help="show what the libraries say, and tracebacks of errors")
    return parser

"""The options of `run_live.py calibrate`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tracker.shared_options import (
    OneLineParser,
    add_camera_size,
    add_ipd,
    add_no_display,
    add_overwrite,
    add_verbose,
    number,
    size,
)


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
    return CalibrateOptions(**vars(_parser().parse_args(argv)))


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
    for add in (add_ipd, add_camera_size, add_overwrite, add_no_display, add_verbose):
        add(parser)
    return parser

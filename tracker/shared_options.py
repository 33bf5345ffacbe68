"""What the commands' options have in common: how they are read and refused, and those that several commands have."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import NoReturn

from tracker.errors import UsageError

AVERAGE_IPD_MM = 63.0
"""Distance between the pupils of an average adult (Dodgson 2004), on which the assumed head size rests."""


class OneLineParser(argparse.ArgumentParser):
    """An ArgumentParser whose complaints are one line, like all others."""

    def error(self, message: str) -> NoReturn:
        """Raise UsageError in place of printing the usage."""
        raise UsageError(f"{message.removeprefix('argument ')}; --help shows every option")


def add_camera_size(parser: argparse._ActionsContainer) -> None:
    """`--camera-size`: (width, height), or None."""
    parser.add_argument(
        "--camera-size",
        type=size,
        metavar="WxH",
        help="ask the camera for pictures of this many pixels, such as 1280x720 (default: the camera's own choice)",
    )


def add_ipd(parser: argparse._ActionsContainer) -> None:
    """`--ipd`: millimetres."""
    parser.add_argument(
        "--ipd",
        type=number(float, above=0, upto=200),
        default=AVERAGE_IPD_MM,
        metavar="MM",
        help="distance between the person's pupils in millimetres; scales all positions (default: %(default)g, an "
        "average adult)",
    )


def add_overwrite(parser: argparse._ActionsContainer) -> None:
    """`--overwrite`: whether outputs may be replaced."""
    parser.add_argument(
        "--overwrite", action="store_true", help="replace outputs that exist already (default: refuse to)"
    )


def add_no_display(parser: argparse._ActionsContainer) -> None:
    """`--no-display`: False of `display`, whether there may be a window."""
    parser.add_argument("--no-display", dest="display", action="store_false", help="open no window")


def add_verbose(parser: argparse._ActionsContainer) -> None:
    """`--verbose`: whether libraries may speak."""
    parser.add_argument("--verbose", action="store_true", help="show what the libraries say, and tracebacks of errors")


def size(text: str) -> tuple[int, int]:
    """What WIDTHxHEIGHT says; ArgumentTypeError for anything else."""
    width, cross, height = text.lower().partition("x")
    if not (cross and width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        raise argparse.ArgumentTypeError(f"'{text}' is not a size; write it as WIDTHxHEIGHT, such as 1280x720")
    return int(width), int(height)


def number(
    kind: type[int] | type[float], *, above: float, below: float | None = None, upto: float | None = None
) -> Callable[[str], int | float]:
    """A converter for numbers within bounds; it raises ArgumentTypeError, with the bounds, for anything else."""
    meaning = "a whole number" if kind is int else "a number"
    meaning += (
        f" above {above:g}" + (f" and below {below:g}" if below else "") + (f" and up to {upto:g}" if upto else "")
    )

    def convert(text: str) -> int | float:
        try:
            number = kind(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"'{text}' is not {meaning}") from None
        inside = above < number and (below is None or number < below) and (upto is None or number <= upto)
        if not inside:
            raise argparse.ArgumentTypeError(f"'{text}' is not {meaning}")
        return number

    return convert

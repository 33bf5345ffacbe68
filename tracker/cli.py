"""The program as the shell sees it: arguments in, an exit code out, and one line for everything that goes wrong.

Nothing heavy is imported before the options are known to be good, so that `--help` and mistakes answer at once.
"""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

from models.errors import FpnLiveError
from tracker.calibrate_options import CalibrateOptions, parse_calibrate_options
from tracker.errors import UsageError
from tracker.interruption import Interrupted, SignalGuard
from tracker.options import parse_options
from tracker.quiet import quiet_libraries

CALIBRATE = "calibrate"
"""The first argument that asks for a calibration instead of a run."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program with the arguments of the command line (or `argv`); gives the exit code for the shell.

    0 after success, 130 after Ctrl-C, 143 after a termination signal, an error's own code (see docs/errors.md) with one
    line on standard error otherwise.
    """
    started_s = time.perf_counter()
    arguments = sys.argv[1:] if argv is None else list(argv)
    try:
        calibrates = arguments[:1] == [CALIBRATE]
        options = parse_calibrate_options(arguments[1:]) if calibrates else parse_options(arguments)
    except UsageError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    with _terminal(options.verbose) as terminal, SignalGuard() as signals:
        try:
            if isinstance(options, CalibrateOptions):
                from tracker.calibrate import calibrate

                return calibrate(options, terminal, signals)
            from tracker.app import run

            return run(options, terminal, signals, started_s)
        except Interrupted as interrupted:  # while it was loading
            return interrupted.exit_code
        except FpnLiveError as error:
            if options.verbose:
                traceback.print_exc(file=terminal)
            print(f"error: {error}", file=terminal)
            return error.exit_code


@contextmanager
def _terminal(verbose: bool) -> Iterator[TextIO]:
    if verbose:
        yield sys.stderr
        return
    with quiet_libraries() as terminal:
        yield terminal

"""Plot training runs: the loss and the validation errors over the samples seen, several runs in one picture."""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

_DASHES = {"mean": "-", "median": ":"}
_TICKS_DEG = (2, 3, 5, 7, 10, 15, 20, 30, 50, 100)


@dataclass(frozen=True)
class Course:
    """What a run's log says, an entry an epoch.

    samples: (n,) float64, seen in this run until the epoch's end. loss: (n,). errors: (n,) degrees, by the log's
    columns, such as `aflw_mean`.
    """

    name: str
    samples: npt.NDArray[np.float64]
    loss: npt.NDArray[np.float64]
    errors: dict[str, npt.NDArray[np.float64]]


def read_course(run: Path) -> Course:
    """Read `plan.json` and `log.csv` of a run. An epoch that was logged twice counts as the last time.

    Raises ValueError, naming the file, where they are missing or hold no epochs.
    """
    try:
        plan = json.loads((run / "plan.json").read_text(encoding="utf-8"))
        with (run / "log.csv").open(newline="", encoding="utf-8") as file:
            rows = {int(row["epoch"]): row for row in csv.DictReader(file)}
        epochs = sorted(rows)
        samples = np.array(epochs, np.float64) * plan["steps_per_epoch"] * plan["batch_size"]
        columns = {
            name: np.array([float(rows[epoch][name]) for epoch in epochs])
            for name in (rows[epochs[0]] if epochs else ())
            if name == "loss" or name.rpartition("_")[2] in _DASHES
        }
        loss = columns.pop("loss")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{run}: no run whose plan.json and log.csv can be read ({error!r})") from error
    return Course(run.name, samples, loss, columns)


def plot(courses: Sequence[Course], path: Path) -> None:
    """Draw the courses into a PNG: losses on the left, errors on the right, means solid and medians dotted."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4.5), layout="constrained")
    losses, errors = figure.subplots(1, 2)
    for course in courses:
        losses.plot(course.samples / 1000, course.loss, ".-", label=course.name)
    names = sorted({name for course in courses for name in course.errors})
    sets = sorted({name.rpartition("_")[0] for name in names})
    for number, course in enumerate(courses):
        for name in course.errors:
            validation, _, statistic = name.rpartition("_")
            colour = f"C{number * len(sets) + sets.index(validation)}"
            label = f"{course.name}: {name.replace('_', ', ')}"
            errors.plot(course.samples / 1000, course.errors[name], _DASHES[statistic], color=colour, label=label)
    losses.set(xlabel="thousand samples", ylabel="loss")
    errors.set(xlabel="thousand samples", ylabel="error on the validation images, degrees", yscale="log")
    limits = errors.get_ylim()
    errors.set_yticks(_TICKS_DEG, [str(tick) for tick in _TICKS_DEG])
    errors.minorticks_off()
    errors.set_ylim(limits)
    for axes in (losses, errors):
        axes.grid(alpha=0.3)
        axes.legend(fontsize="small")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)


def main(argv: list[str] | None = None) -> int:
    """Plot the runs that are named."""
    parser = argparse.ArgumentParser(prog="python -m training plot", description=__doc__)
    parser.add_argument("--run", type=Path, nargs="+", required=True, help="folders of training runs")
    parser.add_argument("--out", type=Path, help="PNG to write (default: plot.png in the folder of the first run)")
    options = parser.parse_args(argv)
    try:
        courses = [read_course(run) for run in options.run]
    except ValueError as error:
        parser.error(str(error))
    path = options.out or options.run[0] / "plot.png"
    plot(courses, path)
    print(f"wrote {path}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

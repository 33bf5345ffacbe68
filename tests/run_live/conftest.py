"""Runs of the whole program in this process, and small material for them."""

from __future__ import annotations

import pytest

from tests.run_live.material import Result, demo_frames, rows
from tests.tracker.sources.material import write_grey_clip, write_list, write_picture
from tracker.cli import main


@pytest.fixture
def run(capfd):
    """Runs the program in this process; everything that reaches descriptor 1 or 2 counts as said."""

    def run_main(*arguments):
        code = main([str(argument) for argument in arguments])
        return Result(code, *capfd.readouterr())

    return run_main


@pytest.fixture
def refused(run, tmp_path):
    """Runs the program and checks that it ends with one line on standard error and writes nothing; gives the line."""

    def check(code, *arguments):
        before = set(tmp_path.rglob("*"))
        result = run(*arguments)
        assert result.code == code, result.err
        assert result.err.startswith("error: ")
        assert result.err.count("\n") == 1, result.err
        assert result.err.endswith("\n")
        assert result.out == ""
        assert set(tmp_path.rglob("*")) == before
        return result.err

    return check


@pytest.fixture
def clip(tmp_path):
    return write_grey_clip(tmp_path / "grey.mp4")


@pytest.fixture
def log(tmp_path):
    """Arguments that make a run possible without a display."""
    return "--no-display", "--poses", tmp_path / "poses.csv"


@pytest.fixture
def face_list(tmp_path, run):
    """A list of the demo's first frames with the boxes that the program itself finds in them."""
    for index, frame in enumerate(demo_frames(2)):
        write_picture(tmp_path / f"{index}.png", frame)
    run("--source", "demo", "--max-frames", 2, "--no-display", "--poses", tmp_path / "found.csv")
    boxes = [",".join(row[f"box_{part}"] for part in "xywh") for row in rows(tmp_path / "found.csv")]
    return write_list(
        tmp_path / "faces.csv", [f"first,0.png,{boxes[0]}", "lost,nowhere.png,1,1,9,9", f"second,1.png,{boxes[1]}"]
    )

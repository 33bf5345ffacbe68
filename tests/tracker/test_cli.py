"""Options: what is understood, what is refused in one line, and how quickly."""

import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

from models.errors import FpnLiveError
from tracker.cli import main
from tracker.errors import UsageError
from tracker.head_pose_tracker import HeadPoseTracker
from tracker.options import OFFLINE, SMOOTHING, parse_options
from tracker.smoothing import SMOOTHING_NAMES

ROOT = Path(__file__).parents[2]


def test_without_options_the_first_camera_is_shown_in_a_window():
    options = parse_options([])
    assert options.source == "0"
    assert options.display
    assert options.output is None
    assert options.poses == ()


def test_poses_may_go_to_several_files():
    options = parse_options(["--poses", "a.csv", "--poses", "b.jsonl"])
    assert options.poses == (Path("a.csv"), Path("b.jsonl"))


def test_the_outputs_are_the_video_and_all_pose_logs():
    options = parse_options(["--poses", "a.csv", "--output", "v.mp4", "--poses", "b.jsonl"])
    assert options.outputs == (Path("v.mp4"), Path("a.csv"), Path("b.jsonl"))
    assert parse_options(["--poses", "a.csv"]).outputs == (Path("a.csv"),)


def test_the_defaults_are_those_of_the_library():
    options = parse_options([])
    parameters = inspect.signature(HeadPoseTracker.__init__).parameters
    assert options.detect_every == parameters["detect_every"].default
    assert options.smoothing == parameters["smoothing"].default
    assert options.device == parameters["device"].default
    assert set(SMOOTHING) == {*SMOOTHING_NAMES, OFFLINE}  # offline is no way to filter frame by frame


def test_camera_size_is_width_and_height():
    assert parse_options(["--camera-size", "1280x720"]).camera_size == (1280, 720)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--camera-size", "1280"],
        ["--camera-size", "0x720"],
        ["--camera-size", "-1x720"],
        ["--camera-fps", "0"],
        ["--camera-fps", "nan"],
        ["--max-frames", "0"],
        ["--max-frames", "1.5"],
        ["--detect-every", "-3"],
        ["--fov", "180"],
        ["--fov", "0"],
        ["--fov", "wide"],
        ["--ipd", "0"],
        ["--ipd", "inf"],
        ["--smoothing", "strong"],
        ["--device", "tpu"],
        ["--source"],
        ["--sauce", "0"],
        ["film.mp4"],
        ["--over"],
        ["--fov", "60", "--camera-calibration", "camera.yml"],
        ["calibrate"],
        ["calibrate", "--output", "camera.yml", "--board", "9"],
        ["calibrate", "--output", "camera.yml", "--face-distance", "0"],
        ["calibrate", "--output", "camera.yml", "--fov", "60"],
    ],
    ids=" ".join,
)
def test_a_mistake_is_one_line_with_exit_code_2(arguments, capsys):
    assert main(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("error: ")
    assert shown.err.count("\n") == 1


def test_a_number_out_of_range_is_answered_with_the_range():
    with pytest.raises(UsageError, match=r"^--fov: '200' is not a number above 0 and below 180"):
        parse_options(["--fov", "200"])


def test_help_and_mistakes_answer_without_loading_anything_heavy():
    script = (
        "import sys; from tracker.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "main(['--fov', '0'])\n"
        "heavy = {'numpy', 'cv2', 'scipy', 'av', 'rich', 'mediapipe', 'tensorflow'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or None)"
    )
    result = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def test_help_names_every_option_with_its_default(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    options = """--source --list-cameras --camera-size --camera-fps --max-frames --detect-every --detector-model
        --weights --device --smoothing --fov --camera-calibration --ipd --neutral --neutral-file --output
        --poses --overwrite --no-display --verbose --version"""
    assert [option for option in options.split() if option not in text] == []
    assert "default: 63, an average adult" in text


def test_the_documentation_names_every_option_that_help_names(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    options = set(re.findall(r"--[a-z][a-z-]+", capsys.readouterr().out))
    documented = set(re.findall(r"--[a-z][a-z-]+", (ROOT / "docs" / "options.md").read_text(encoding="utf-8")))
    assert options == documented


def test_the_documentation_names_every_option_of_calibrate(capsys):
    with pytest.raises(SystemExit):
        main(["calibrate", "--help"])
    options = set(re.findall(r"--[a-z][a-z-]+", capsys.readouterr().out)) - {"--camera-calibration"}
    table = (ROOT / "docs" / "calibration.md").read_text(encoding="utf-8").partition("## Options")[2]
    assert options == set(re.findall(r"^\| `(--[a-z][a-z-]+)", table, re.MULTILINE))


def test_help_says_that_there_is_calibrate(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "run_live.py calibrate" in capsys.readouterr().out


def test_the_documentation_has_every_exit_code_under_its_meaning():
    importlib.import_module("renderer.view")  # has an error of its own
    documented = dict(re.findall(r"^\| (\d+) \| (.*) \|$", (ROOT / "docs" / "errors.md").read_text(), re.MULTILINE))
    kinds = {kind.exit_code for kind in all_errors(FpnLiveError)}
    assert kinds | {0} == {int(code) for code in documented}


def all_errors(kind):
    return {kind}.union(*(all_errors(each) for each in kind.__subclasses__()))


def test_the_version_is_the_projects(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert f'version = "{capsys.readouterr().out.split()[-1]}"' in (ROOT / "pyproject.toml").read_text()

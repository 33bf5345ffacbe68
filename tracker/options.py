"""The options of the command line: what there is, what is refused, and what each means to the person who asks."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from tracker.errors import UsageError
from tracker.shared_options import (
    OneLineParser,
    add_camera_size,
    add_ipd,
    add_no_display,
    add_overwrite,
    add_verbose,
    number,
)

if TYPE_CHECKING:
    from tracker.face_views import ViewChoice

OFFLINE = "offline"
SMOOTHING = ("off", "low", "default", "high", OFFLINE)
DEVICES = ("auto", "cpu", "gpu")
DEFAULT_DETECT_EVERY = 30
PARTS = ("box", "axes", "mesh", "surface", "landmarks", "points")
DEFAULT_VIEW_SIZE = 224


@dataclass(frozen=True)
class Options:
    """What a run is asked to do; the help of the command line says what each means."""

    source: str
    list_cameras: bool
    camera_size: tuple[int, int] | None
    camera_fps: float | None
    max_frames: int | None
    detector_model: Path | None
    detect_every: int
    weights: Path | None
    device: str
    fov: float | None
    camera_calibration: Path | None
    ipd: float
    neutral: bool
    neutral_file: Path | None
    smoothing: str
    draw: tuple[str, ...]
    views: ViewChoice | None
    view_size: int
    frontal: Path | None
    track: int | str
    views_dir: Path | None
    output: Path | None
    poses: tuple[Path, ...]
    overwrite: bool
    display: bool
    verbose: bool

    @property
    def shows_views(self) -> bool:
        """Whether faces are shown or written from other sides from the beginning."""
        return any(wanted is not None for wanted in (self.views, self.frontal, self.views_dir))

    @property
    def outputs(self) -> tuple[Path, ...]:
        """The files and folders to be written."""
        return tuple(path for path in (self.output, self.frontal, *self.poses, self.views_dir) if path is not None)


def parse_options(argv: Sequence[str] | None = None) -> Options:
    """Options from the arguments of the command line (or `argv`).

    Raises UsageError for unknown options, values out of range and options that exclude each other. Prints and raises
    SystemExit for --help and --version, as argparse does.
    """
    given = vars(_parser().parse_args(argv))
    given["poses"] = tuple(given["poses"])
    options = Options(**given)
    if options.fov is not None and options.camera_calibration is not None:
        raise UsageError("--fov and --camera-calibration both describe the camera; give only one of them")
    return options


def _parser() -> argparse.ArgumentParser:
    parser = OneLineParser(
        prog="run_live.py",
        description="Head poses from a webcam, a video or pictures: position, rotation and a lasting ID of every face.",
        epilog="In the window: h shows the keys. docs/ explains the columns, the conventions and the exit codes.\n"
        "run_live.py calibrate makes a camera's calibration; its --help says how.",
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for add_group in (_add_source, _add_network, _add_camera, _add_views, _add_outputs, _add_program):
        add_group(parser)
    return parser


def _add_source(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("source")
    group.add_argument(
        "--source",
        default="0",
        help="a camera's index, a video file, a picture, a folder of pictures, an rtsp:// or http:// stream, a list "
        "(ID,FILE,FACE_X,FACE_Y,FACE_WIDTH,FACE_HEIGHT in pixels, .csv) whose boxes are used, or demo, the clip that "
        "comes with the program (default: 0, the first camera)",
    )
    group.add_argument("--list-cameras", action="store_true", help="print the cameras that are there, and end")
    add_camera_size(group)
    group.add_argument(
        "--camera-fps",
        type=number(float, above=0, upto=1000),
        metavar="HZ",
        help="ask the camera for this many frames a second (default: the camera's own choice)",
    )
    group.add_argument(
        "--max-frames",
        type=number(int, above=0),
        metavar="N",
        help="end after N frames (default: at the source's end)",
    )


def _add_network(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("faces and network")
    group.add_argument(
        "--detect-every",
        type=number(int, above=0),
        default=DEFAULT_DETECT_EVERY,
        metavar="N",
        help="search the whole picture for new faces once in N frames, a part in each; a lost face is looked for at "
        "once. Fewer finds newcomers sooner and costs time (default: %(default)s)",
    )
    group.add_argument(
        "--detector-model",
        type=Path,
        metavar="FILE",
        help="a face detector of your own as a mediapipe .tflite file (default: the one inside mediapipe)",
    )
    group.add_argument(
        "--weights",
        type=Path,
        metavar="FILE",
        help="pose network weights of your own: a manifest like models/manifest.json (default: that one)",
    )
    group.add_argument(
        "--device",
        choices=DEVICES,
        default="auto",
        help="where the network runs; auto takes a GPU if TensorFlow finds one (default: %(default)s)",
    )
    group.add_argument(
        "--smoothing",
        choices=SMOOTHING,
        default="default",
        help="filter over time, by the frames' timestamps: higher is steadier at rest and later in the smallest "
        "movements; offline, for files, uses what comes after a frame, too: steadier, not late, and nothing is written "
        "or shown before the whole file was seen (default: %(default)s)",
    )


def _add_camera(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("camera and scale")
    group.add_argument(
        "--fov",
        type=number(float, above=0, below=180),
        metavar="DEGREES",
        help="field of view across the picture's width; a wrong one makes distances wrong by the same factor and turns "
        "off-centre faces (default: 60, a common webcam; 10 for lists, whose pictures are cut from larger ones)",
    )
    group.add_argument(
        "--camera-calibration",
        type=Path,
        metavar="FILE",
        help="calibration as OpenCV writes it (YAML), with lens distortion, instead of --fov",
    )
    add_ipd(group)
    group.add_argument(
        "--neutral",
        action="store_true",
        help="make the pose that the first face has half a second after it is first seen the zero of angles and "
        "positions; in the window, the key n does so at any time (default: they are told from the camera)",
    )
    group.add_argument(
        "--neutral-file",
        type=Path,
        metavar="FILE",
        help="remember the zero pose in this file (JSON), for each camera its own, and begin with it (default: it is "
        "forgotten)",
    )


def _add_outputs(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("results")
    group.add_argument(
        "--draw",
        type=_parts,
        default=("box", "axes"),
        metavar="PART,...",
        help=f"what to draw over every face: {', '.join(PARTS)}, or none (default: box,axes)",
    )
    group.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help="write the annotated video, with the source's timestamps and sound (.mp4 or .mkv, H.264)",
    )
    group.add_argument(
        "--poses",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="write one line a face and frame (.csv or .jsonl; degrees and millimetres); may be given several times",
    )
    add_overwrite(group)
    add_no_display(group)


def _add_views(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("faces seen from other sides")
    group.add_argument(
        "--views",
        type=_view_choice,
        metavar="YAW[:PITCH],...",
        help="show every face from these sides, in degrees, beside the picture, in window and --output: 0 is from in "
        "front, 40 with the nose to the picture's left; auto takes the sides that show most (default: none; the key v "
        "shows the front)",
    )
    group.add_argument(
        "--view-size",
        type=number(int, above=15, upto=4096),
        default=DEFAULT_VIEW_SIZE,
        metavar="PIXELS",
        help="side of a view (default: %(default)s)",
    )
    group.add_argument(
        "--frontal",
        type=Path,
        metavar="FILE",
        help="write a video of a face from in front, with the source's timestamps and sound (.mp4 or .mkv)",
    )
    group.add_argument(
        "--track",
        type=_track,
        default="largest",
        metavar="ID|largest|all",
        help="whose face --frontal shows; all is a grid of up to six (default: %(default)s)",
    )
    group.add_argument(
        "--views-dir",
        type=Path,
        metavar="DIR",
        help="write the views of every picture of a list or folder as DIR/ID/ID_rendered_YAW.jpg; --views says which "
        "(default: auto, as FacePoseNet did)",
    )


def _add_program(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("program")
    add_verbose(group)
    group.add_argument("--version", action="version", version=f"FPN Live {_version()}")


def _version() -> str:
    try:
        return version("fpn-live")
    except PackageNotFoundError:  # run from a checkout that was never installed
        text = (Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8")
        return next(line.split('"')[1] for line in text.splitlines() if line.startswith("version = "))


def _view_choice(text: str) -> ViewChoice:
    # Imported here: the renderer takes a while to load, and --help needs none of it.
    from renderer import ViewError
    from tracker.face_views import ViewChoice

    try:
        return ViewChoice.parse(text)
    except ViewError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _track(text: str) -> int | str:
    if text in ("largest", "all"):
        return text
    if text.isdecimal() and int(text):
        return int(text)
    raise argparse.ArgumentTypeError(f"'{text}' is not a track; give its ID, such as 1, or largest, or all")


def _parts(text: str) -> tuple[str, ...]:
    parts = tuple(part.strip() for part in text.split(",")) if text != "none" else ()
    unknown = [part for part in parts if part not in PARTS]
    if unknown:
        raise argparse.ArgumentTypeError(f"'{unknown[0]}' cannot be drawn; there are {', '.join(PARTS)}, and none")
    return parts

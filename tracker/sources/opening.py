"""Which source a `--source` means."""

from __future__ import annotations

import re
import stat
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from tracker.errors import EmptySourceError, SourceError
from tracker.sources.base import Source
from tracker.sources.camera import CameraSource
from tracker.sources.face_list import ListSource
from tracker.sources.stills import PICTURE_SUFFIXES, FolderSource, ImageSource
from tracker.sources.stream import SCHEMES, StreamSource, shown_address
from tracker.sources.video import VideoSource

DEMO_CLIP = Path(__file__).resolve().parent.parent / "demo" / "demo.mp4"
"""The clip that comes with the project; its ground truth stands beside it in demo_truth.csv."""

VIDEO_SUFFIXES = (
    {".mp4", ".m4v", ".mov", ".3gp", ".3g2", ".mkv", ".webm", ".avi", ".wmv", ".asf", ".flv", ".f4v", ".ogv", ".ogg"}
    | {".mpg", ".mpeg", ".m2v", ".vob", ".ts", ".mts", ".m2ts", ".mxf", ".dv", ".gif", ".apng", ".avif"}
    | {".mjpeg", ".mjpg", ".h264", ".264", ".h265", ".265", ".hevc", ".ivf", ".y4m"}
)
"""Moving pictures, and those few still ones that OpenCV's wheels do not read."""
_LIST_SUFFIX = ".csv"

_PICTURE_BEGINNINGS = re.compile(rb"\xff\xd8\xff|\x89PNG\r\n|BM.{4}\0\0\0\0|II\*\0|MM\0\*|RIFF....WEBP", re.DOTALL)
_VIDEO_BEGINNINGS = re.compile(rb"....ftyp(?!heic|mif1)|\x1aE\xdf\xa3|RIFF....AVI |FLV\x01|GIF8|OggS", re.DOTALL)

_ADDRESS = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]+)://")
_CAMERA = re.compile(r"(?:/dev/video)?(\d{1,3})", re.ASCII)


def open_source(spec: str, *, camera_size: tuple[int, int] | None = None, camera_fps: float | None = None) -> Source:
    """Open what `spec` names; the caller closes it.

    spec: a camera index (`0`), `demo`, an address (rtsp:// or http://), or the path of a video, a picture, a folder of
        pictures or a list of faces (.csv). A file that is called like an index or `demo` is meant by `./demo`.
    camera_size, camera_fps: what to ask of a camera, pixels and frames a second; other sources have their own.

    Raises SourceError or a subclass, saying what is wrong with it and what to do.
    """
    camera = _CAMERA.fullmatch(spec)
    if camera:
        return CameraSource(int(camera[1]), size=camera_size, fps=camera_fps)
    if spec == "demo":
        return _demo()
    address = _ADDRESS.match(spec)
    if address is None:
        return _open_path(_expanded(spec))
    scheme = address[1].lower()
    if scheme == "file":
        return _open_path(Path(url2pathname(urlsplit(spec).path)))
    if scheme in SCHEMES:
        return StreamSource(spec)
    raise SourceError(f"{shown_address(spec)}: streams begin with one of {', '.join(f'{name}://' for name in SCHEMES)}")


def _demo() -> Source:
    if not DEMO_CLIP.is_file():
        raise SourceError(f"{DEMO_CLIP}: the demo clip is missing from this installation; install the project again")
    return VideoSource(DEMO_CLIP)


def _open_path(path: Path) -> Source:
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError) as error:
        raise SourceError(
            f"{path}: no such file or folder; check the path, or give a camera index such as 0"
        ) from error
    except (OSError, ValueError) as error:
        raise SourceError(f"{path}: cannot be read ({error}); check the name and its permissions") from error
    if stat.S_ISDIR(mode):
        return FolderSource(path)
    if not stat.S_ISREG(mode):
        raise SourceError(f"{path}: not a file; write what comes through a pipe or device to a file first")
    beginning = _beginning(path)
    suffix = path.suffix.lower()
    if suffix == _LIST_SUFFIX:
        return ListSource(path)
    if suffix in PICTURE_SUFFIXES or (suffix not in VIDEO_SUFFIXES and _PICTURE_BEGINNINGS.match(beginning)):
        return ImageSource(path)
    if suffix in VIDEO_SUFFIXES or _VIDEO_BEGINNINGS.match(beginning):
        return VideoSource(path)
    kind = f"unknown extension {suffix}" if suffix else "no extension"
    raise SourceError(
        f"{path}: {kind}; give a video (.mp4, .mkv, .mov, .avi, ...), a picture (.jpg, .png, ...), a folder of "
        "pictures, a list (.csv), a camera index or an address"
    )


def _expanded(path: str) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError:  # ~somebody, and there is nobody of that name
        return Path(path)


def _beginning(path: Path) -> bytes:
    """The first bytes of a file. Raises EmptySourceError if there are none, SourceError if it cannot be read."""
    try:
        with path.open("rb") as file:
            beginning = file.read(16)
    except OSError as error:
        raise SourceError(f"{path}: cannot be read ({error.strerror}); check its permissions") from error
    if not beginning:
        raise EmptySourceError(f"{path}: the file is empty (0 bytes); record or copy it again")
    return beginning

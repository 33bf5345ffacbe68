"""Where frames come from."""

from tracker.sources.base import Source
from tracker.sources.camera import CameraInfo, CameraSource, list_cameras
from tracker.sources.face_list import ListSource
from tracker.sources.opening import DEMO_CLIP, open_source
from tracker.sources.stills import FolderSource, ImageSource
from tracker.sources.stream import StreamSource
from tracker.sources.video import VideoSource

__all__ = [
    "DEMO_CLIP",
    "CameraInfo",
    "CameraSource",
    "FolderSource",
    "ImageSource",
    "ListSource",
    "Source",
    "StreamSource",
    "VideoSource",
    "list_cameras",
    "open_source",
]

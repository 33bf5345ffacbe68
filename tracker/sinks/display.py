"""Whether a window can be opened: asked before OpenCV is, because Qt ends the whole process where it cannot."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

import cv2

from tracker.errors import DisplayError

_REMEDY = "give --no-display with --output or --poses"


def require_display() -> None:
    """Return if OpenCV can open a window here; raise DisplayError, with the reason, if it cannot."""
    if not cv2.currentUIFramework():
        raise DisplayError(
            "this OpenCV is built without windows (opencv-python-headless): "
            f"install opencv-python in its place, or {_REMEDY}"
        )
    if sys.platform.startswith("linux"):
        _require_x_server()
        _require_x_plugin()


def _require_x_server() -> None:
    """Connect to the X server as Qt will, which tells of a dead server and of missing permission too."""
    display = os.environ.get("DISPLAY")
    if not display:
        raise DisplayError(f"no display to open a window on (DISPLAY is not set): {_REMEDY}")
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError as error:
        raise DisplayError(f"a window needs a library that is missing ({error}): install it, or {_REMEDY}") from error
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connect.argtypes = [ctypes.c_char_p, ctypes.c_void_p]
    xcb.xcb_connection_has_error.argtypes = [ctypes.c_void_p]
    xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(None, None)
    failed = xcb.xcb_connection_has_error(connection)
    xcb.xcb_disconnect(connection)
    if failed:
        raise DisplayError(f"the display {display} (DISPLAY) does not let a window be opened: mend it, or {_REMEDY}")


def _require_x_plugin() -> None:
    """Load the one platform plugin that OpenCV's wheel brings, and have Qt choose it under Wayland desktops too."""
    plugin = Path(cv2.__file__).parent / "qt" / "plugins" / "platforms" / "libqxcb.so"
    if not plugin.is_file():  # an OpenCV from elsewhere, with windows of its own kind
        return
    try:
        ctypes.CDLL(str(plugin))
    except OSError as error:
        raise DisplayError(f"a window needs a library that is missing ({error}): install it, or {_REMEDY}") from error
    os.environ["QT_QPA_PLATFORM"] = "xcb"

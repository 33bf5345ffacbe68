"""A web server on this machine that serves recordings, plays a network camera, and misbehaves on request."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from tests.tracker.sources.material import grey

USER, PASSWORD = "somebody", "hunter2"


class WebServer:
    """What it does depends on the path asked for.

    /NAME: the file of that name in `folder`; /locked/NAME: the same for USER with PASSWORD; /silent: nothing, ever;
    /stalls/NAME: half of the file, then nothing; /camera: the pictures given to `show`, as network cameras send them to
    browsers, and after them a new grey one whenever there is room if `plays`.
    """

    def __init__(self, folder: Path, *, plays: bool = False) -> None:
        self.folder = folder
        self.plays = plays
        self.closing = threading.Event()
        self._pictures: list[bytes] = []
        self._over = False
        self._changed = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.host = f"127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def address(self, path: str) -> str:
        return f"http://{self.host}/{path}"

    def show(self, *pictures: npt.NDArray[np.uint8]) -> None:
        """Add to what /camera sends."""
        with self._changed:
            self._pictures += [cv2.imencode(".jpg", picture)[1].tobytes() for picture in pictures]
            self._changed.notify_all()

    def end_camera(self) -> None:
        """Hang up, whether or not everything was sent."""
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def close(self) -> None:
        self.closing.set()
        self.end_camera()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def camera_pictures(self) -> Iterator[bytes]:
        sent = 0
        while True:
            if self.plays:
                self.show(grey(sent % 256))
                self.closing.wait(0.002)
            with self._changed:
                while len(self._pictures) == sent and not self._over:
                    self._changed.wait()
                if self._over:
                    return
                picture = self._pictures[sent]
            yield picture
            sent += 1

    def _handler(server: WebServer) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                kind, _, name = self.path.partition("?")[0].lstrip("/").partition("/")
                try:
                    if kind == "silent":
                        server.closing.wait(30)
                    elif kind == "camera":
                        self.play()
                    elif kind == "locked" and not self.is_allowed():
                        self.send_response(401)
                        self.send_header("WWW-Authenticate", 'Basic realm="camera"')
                        self.end_headers()
                    else:
                        self.send_file(server.folder / (name or kind), stalls=kind == "stalls")
                except (BrokenPipeError, ConnectionResetError):
                    return  # whoever asked has gone

            def is_allowed(self) -> bool:
                word = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
                return self.headers.get("Authorization") == f"Basic {word}"

            def send_file(self, path: Path, *, stalls: bool) -> None:
                if not path.is_file():
                    self.send_error(404)
                    return
                data = path.read_bytes()
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data[: len(data) // 2] if stalls else data)
                if stalls:
                    server.closing.wait(30)

            def play(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=next")
                self.end_headers()
                for picture in server.camera_pictures():
                    head = f"--next\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
                    self.wfile.write(head.encode() + picture + b"\r\n")

            def log_message(self, *args: Any) -> None:
                pass

        return Handler


@contextmanager
def web_server(folder: Path, *, plays: bool = False) -> Iterator[WebServer]:
    server = WebServer(folder, plays=plays)
    try:
        yield server
    finally:
        server.close()

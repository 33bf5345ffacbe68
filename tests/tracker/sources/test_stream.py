from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.tracker.sources.material import (
    corner_colours,
    grey,
    levels,
    write_clip,
    write_grey_clip,
    write_noise_clip,
)
from tests.tracker.sources.web_server import PASSWORD, USER, WebServer
from tracker.errors import CameraError, EmptySourceError
from tracker.sources import StreamSource, open_source, stream
from tracker.sources.stream import shown_address


def show_enough_to_start(server: WebServer, level: int = 10) -> None:
    """libav reads some kilobytes before it says what a stream is."""
    server.show(*[grey(level)] * 20)


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


class TestNewest:
    def test_picture_is_given_and_the_older_ones_are_counted_as_dropped(self, server: WebServer) -> None:
        show_enough_to_start(server)
        with open_source(server.address("camera")) as source:
            assert source.is_live
            first = source.read()
            assert first is not None
            already_dropped = source.dropped
            show_enough_to_start(server)
            wait_until(lambda: source.dropped >= already_dropped + 10)
            second = source.read()
            assert second is not None
            assert second.index >= first.index + 11

    def test_picture_of_a_recording_comes_at_the_recordings_own_pace(self, tmp_path: Path, server: WebServer) -> None:
        write_grey_clip(tmp_path / "clip.mkv", 6, rate=20)
        with open_source(server.address("clip.mkv")) as source:
            frames = list(source)
        assert levels([frames[-1].image]) == [100]
        # It is shown 250 ms after the first; however slow the machine, it must not come before.
        assert frames[-1].time_s >= 0.25

    def test_picture_has_square_pixels(self, tmp_path: Path, server: WebServer) -> None:
        write_clip(tmp_path / "clip.mkv", [corner_colours()] * 2, pixel_aspect=Fraction(4, 3))
        with open_source(server.address("clip.mkv")) as source:
            assert source.size == (85, 48)

    def test_picture_is_upright(self, tmp_path: Path, server: WebServer) -> None:
        write_clip(
            tmp_path / "clip.mp4",
            [corner_colours()] * 2,
            turned=(90, True, False),
            container_options={"movflags": "faststart"},
        )
        with open_source(server.address("clip.mp4")) as source:
            frame = source.read()
        assert frame is not None
        assert np.median(np.abs(frame.image.astype(int) - np.rot90(corner_colours())[:, ::-1])) < 10


class TestEnd:
    def test_of_a_recording_is_clean_and_its_last_frame_is_given(self, tmp_path: Path, server: WebServer) -> None:
        write_grey_clip(tmp_path / "clip.mkv", 5, rate=50)
        with open_source(server.address("clip.mkv")) as source:
            frames = list(source)
            assert source.read() is None
            assert len(frames) + source.dropped <= 5
        assert levels([frames[-1].image]) == [80]

    def test_of_a_camera_that_hangs_up_is_an_error(self, server: WebServer) -> None:
        show_enough_to_start(server)
        address = f"http://{USER}:{PASSWORD}@{server.host}/camera"
        with open_source(address) as source:
            source.read()
            server.end_camera()
            with pytest.raises(CameraError, match="broke off") as caught:
                for _ in source:
                    pass
            assert source.read() is None
        assert PASSWORD not in "".join(traceback.format_exception(caught.value))

    def test_of_a_stream_that_stalls_is_an_error(
        self, tmp_path: Path, server: WebServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(stream, "_READ_TIMEOUT_S", 0.2)
        write_noise_clip(tmp_path / "clip.mkv", 60, rate=1000)
        with open_source(server.address("stalls/clip.mkv")) as source, pytest.raises(CameraError, match="broke off"):
            for _ in source:
                pass

    def test_closing_does_not_wait_for_a_server_that_says_nothing_more(
        self, server: WebServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(stream, "_READ_TIMEOUT_S", 2.0)
        show_enough_to_start(server)
        source = open_source(server.address("camera"))
        assert source.read() is not None
        source.close()
        assert source.read() is None
        server.end_camera()
        wait_until(lambda: not any("capture" in thread.name for thread in threading.enumerate()))


class TestRefusals:
    def test_nobody_answers(self) -> None:
        with pytest.raises(CameraError, match=r"http://127\.0\.0\.1:9/clip: nobody answers"):
            open_source("http://127.0.0.1:9/clip")

    def test_no_answer_in_time(self, server: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(stream, "_OPEN_TIMEOUT_S", 0.2)
        with pytest.raises(CameraError, match=r"no answer within 0\.2 seconds"):
            open_source(server.address("silent"))

    def test_nothing_at_the_path(self, server: WebServer) -> None:
        with pytest.raises(CameraError, match=r"not there.*check the path"):
            open_source(server.address("nothing.mp4"))

    def test_no_video(self, tmp_path: Path, server: WebServer) -> None:
        (tmp_path / "page.html").write_text("<html>log in first</html>\n" * 100)
        with pytest.raises(CameraError, match="not with a video"):
            open_source(server.address("page.html"))

    def test_no_frame(self, server: WebServer) -> None:
        server.end_camera()
        with pytest.raises((CameraError, EmptySourceError)):
            open_source(server.address("camera"))


class TestCredentials:
    def test_open_the_door_and_are_shown_nowhere(self, tmp_path: Path, server: WebServer) -> None:
        write_grey_clip(tmp_path / "clip.mkv", 3, rate=50)
        with open_source(f"http://{USER}:{PASSWORD}@{server.host}/locked/clip.mkv?token=abc") as source:
            frame = source.read()
            assert source.name == f"http://{server.host}/locked/clip.mkv"
        assert frame is not None
        assert frame.name == source.name

    def test_that_are_wrong_are_an_error_that_does_not_repeat_them(self, tmp_path: Path, server: WebServer) -> None:
        write_grey_clip(tmp_path / "clip.mkv", 3)
        address = f"http://{USER}:wrong-{PASSWORD}@{server.host}/locked/clip.mkv?token=abc"
        with pytest.raises(CameraError, match=r"access refused.*user:password@host") as caught:
            StreamSource(address)
        told = "".join(traceback.format_exception(caught.value))
        assert PASSWORD not in told and USER not in told and "abc" not in told

    @pytest.mark.parametrize(
        ("address", "shown"),
        [
            ("rtsp://192.168.1.10:554/stream1", "rtsp://192.168.1.10:554/stream1"),
            ("rtsp://admin:secret@192.168.1.10:554/h264/ch1", "rtsp://192.168.1.10:554/h264/ch1"),
            ("rtsp://admin:secret@camera.example", "rtsp://camera.example"),
            ("rtsp://admin@[fe80::1]:554/live", "rtsp://[fe80::1]:554/live"),
            ("http://host/video?user=admin&pwd=secret", "http://host/video"),
            ("http://host/video#secret", "http://host/video"),
            ("rtsp://host:554/user=admin_password=secret_channel=1.sdp", "rtsp stream"),
            ("rtsp://admin:sec/ret@host/live", "rtsp stream"),
            ("rtsp://admin:12/secret@host/live", "rtsp stream"),
            ("rtsp://admin:12?secret@host/live", "rtsp stream"),
            ("rtsp://admin:s@cret@host/live", "rtsp stream"),
            ("http://host/video?mail=a@b.c&pwd=secret", "http stream"),
        ],
    )
    def test_and_whatever_might_be_some_are_left_out_of_the_name(self, address: str, shown: str) -> None:
        assert shown_address(address) == shown

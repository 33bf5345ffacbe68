from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.tracker.sources.fake_camera import FakeCamera
from tests.tracker.sources.material import grey, levels
from tracker.errors import CameraError
from tracker.sources import CameraInfo, CameraSource, camera, list_cameras

MJPG = 0x47504A4D  # "MJPG" as a little-endian number: the code of Motion JPEG in every video API


def opened(fake: FakeCamera, *first: int, **wishes: object) -> CameraSource:
    """The source of a camera that shows pictures of these levels while it is opened."""
    for level in first or (0,):
        fake.put(grey(level))
    return CameraSource(0, open_capture=fake.open, **wishes)  # type: ignore[arg-type]


class TestNewest:
    def test_picture_is_given_and_the_older_ones_are_counted_as_dropped(self) -> None:
        fake = FakeCamera()
        with opened(fake, 10) as source:
            frames = [source.read()]
            fake.show(20, 30, 40)
            frames.append(source.read())
            fake.show(50)
            frames.append(source.read())
            assert levels(frame.image for frame in frames if frame) == [10, 40, 50]
            assert source.dropped == 2

    def test_pictures_dropped_count_in_the_index(self) -> None:
        fake = FakeCamera()
        with opened(fake) as source:
            first = source.read()
            fake.show(1, 2, 3)
            second = source.read()
        assert first is not None and second is not None
        assert (first.index, second.index) == (0, 3)

    def test_picture_of_a_slow_start_is_used_and_nothing_counts_as_dropped(self) -> None:
        fake = FakeCamera()
        with opened(fake) as source:
            fake.show(10, 20, 30)
            frame = source.read()
            assert frame is not None
            assert levels([frame.image]) == [30]
            assert (frame.index, source.dropped) == (0, 0)

    def test_picture_is_waited_for_rather_than_given_twice(self) -> None:
        fake = FakeCamera()
        with opened(fake, 10) as source:
            source.read()
            later = threading.Timer(0.05, fake.put, [grey(20)])
            later.start()
            frame = source.read()
            later.join()
        assert frame is not None
        assert levels([frame.image]) == [20]

    def test_times_increase_even_if_the_clock_stands_still(self, monkeypatch: pytest.MonkeyPatch) -> None:
        fake = FakeCamera()
        with opened(fake) as source:
            monkeypatch.setattr(camera.time, "perf_counter", lambda: 1e9)
            times = []
            for level in range(3):
                fake.show(level)
                frame = source.read()
                assert frame is not None
                times.append(frame.time_s)
            monkeypatch.undo()
        assert times == sorted(set(times))


class TestSettings:
    def test_are_asked_for_format_first(self) -> None:
        fake = FakeCamera(obeys={cv2.CAP_PROP_FRAME_WIDTH: 1280, cv2.CAP_PROP_FRAME_HEIGHT: 720, cv2.CAP_PROP_FPS: 60})
        with opened(fake, size=(1280, 720), fps=60.0) as source:
            assert source.rate == 60
        assert fake.asked[:4] == [
            (cv2.CAP_PROP_FOURCC, MJPG),
            (cv2.CAP_PROP_FRAME_WIDTH, 1280),
            (cv2.CAP_PROP_FRAME_HEIGHT, 720),
            (cv2.CAP_PROP_FPS, 60.0),
        ]

    @pytest.mark.parametrize("wishes", [{}, {"size": (640, 480)}, {"size": (640, 480), "fps": 30.0}])
    def test_leave_pictures_uncompressed_where_the_bus_has_room_for_them(self, wishes: dict[str, object]) -> None:
        fake = FakeCamera()
        with opened(fake, **wishes):
            pass
        assert cv2.CAP_PROP_FOURCC not in dict(fake.asked)

    def test_keep_the_drivers_buffer_short(self) -> None:
        fake = FakeCamera()
        with opened(fake):
            pass
        assert (cv2.CAP_PROP_BUFFERSIZE, 1) in fake.asked

    def test_that_the_camera_does_not_follow_are_warned_of(self, caplog: pytest.LogCaptureFixture) -> None:
        with opened(FakeCamera(), size=(1920, 1080), fps=60.0) as source:
            assert source.size == (64, 48)
        assert "gives 64x48, not the 1920x1080 asked for" in caplog.text
        assert "gives 30 frames a second, not 60" in caplog.text

    def test_that_the_camera_follows_are_not_warned_of(self, caplog: pytest.LogCaptureFixture) -> None:
        with opened(FakeCamera(), size=(64, 48), fps=30.0):
            pass
        assert not caplog.records


class TestTrouble:
    def test_a_camera_that_is_not_there_is_an_error_with_a_remedy(self) -> None:
        fake = FakeCamera(present=False)
        with pytest.raises(CameraError, match=r"camera 7: not there.*--source"):
            CameraSource(7, open_capture=fake.open)
        assert fake.index == 7
        assert fake.released

    @pytest.mark.skipif(Path("/dev/video63").exists(), reason="this machine has a camera 63")
    def test_a_camera_that_is_really_not_there_leaves_the_terminal_alone(
        self, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("OPENCV_LOG_LEVEL", raising=False)
        with pytest.raises(CameraError, match="camera 63"):
            CameraSource(63)
        assert capfd.readouterr() == ("", "")

    def test_opencv_speaks_again_afterwards(self) -> None:
        before = cv2.getLogLevel()
        with opened(FakeCamera()):
            pass
        assert cv2.getLogLevel() == before

    def test_a_camera_unplugged_midway_is_an_error_after_what_it_gave_and_then_the_end(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(camera, "_UNPLUGGED_S", 0.05)
        fake = FakeCamera()
        with opened(fake, 10) as source:
            source.read()
            fake.show(20)
            fake.unplug()
            frame = source.read()
            assert frame is not None
            assert levels([frame.image]) == [20]
            with pytest.raises(CameraError, match=r"camera 0: gives no pictures.*plugged in"):
                source.read()
            assert source.read() is None
        assert fake.released

    def test_a_frame_missed_now_and_then_is_no_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(camera, "_RETRY_S", 0.0)
        fake = FakeCamera()
        missed = iter([True, False, False, True, True, False])
        grab = fake.grab
        monkeypatch.setattr(fake, "grab", lambda: not next(missed, False) and grab())
        with opened(fake, 10) as source:
            source.read()
            fake.show(20)
            frame = source.read()
        assert frame is not None
        assert levels([frame.image]) == [20]

    def test_a_camera_that_opens_and_shows_nothing_is_an_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(camera, "_UNPLUGGED_S", 0.05)
        fake = FakeCamera()
        with pytest.raises(CameraError, match="no other program uses it"):
            CameraSource(0, open_capture=fake.open)
        assert fake.released

    def test_a_driver_that_hangs_is_an_error_too(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(camera, "_PATIENCE_S", 0.2)
        fake, released = FakeCamera(), threading.Event()
        monkeypatch.setattr(fake, "grab", lambda: released.wait(10) and False)
        with pytest.raises(CameraError, match=r"no picture for 0\.2 seconds"):
            CameraSource(0, open_capture=fake.open)
        released.set()

    def test_an_error_nobody_foresaw_reaches_the_reader(self, monkeypatch: pytest.MonkeyPatch) -> None:
        fake = FakeCamera()
        with opened(fake) as source:
            source.read()
            monkeypatch.setattr(fake, "retrieve", lambda: 1 / 0)
            fake.put(grey(0))
            with pytest.raises(ZeroDivisionError):
                source.read()

    @pytest.mark.skipif(sys.platform != "linux", reason="device files are Linux's")
    def test_a_camera_one_may_not_use_is_an_error_that_names_the_group(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Path, "exists", lambda path: path == Path("/dev/video5"))
        monkeypatch.setattr(os, "access", lambda *args: False)
        with pytest.raises(CameraError, match=r"no permission for /dev/video5.*usermod -aG video"):
            CameraSource(5, open_capture=FakeCamera(present=False).open)


def test_grey_pictures_of_infrared_cameras_become_bgr() -> None:
    fake = FakeCamera()
    fake.put(np.full((48, 64), 90, np.uint8))
    with CameraSource(0, open_capture=fake.open) as source:
        frame = source.read()
    assert frame is not None
    assert np.array_equal(frame.image, grey(90))


def test_closing_releases_the_camera() -> None:
    fake = FakeCamera(plays=True)
    CameraSource(0, open_capture=fake.open).close()
    assert fake.released


class TestList:
    def test_has_the_cameras_that_open_with_what_the_system_calls_them(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for index, name in ((0, "Integrated Webcam"), (1, "Integrated Webcam"), (10, "Caméra USB")):
            (tmp_path / f"video{index}").mkdir()
            (tmp_path / f"video{index}" / "name").write_text(f"{name}\n", encoding="utf-8")
        monkeypatch.setattr(camera, "_SYSFS", tmp_path)
        fakes = {0: FakeCamera(), 1: FakeCamera(present=False), 10: FakeCamera()}
        found = list_cameras(lambda index: fakes[index])
        assert found == [CameraInfo(0, "Integrated Webcam", (64, 48)), CameraInfo(10, "Caméra USB", (64, 48))]
        assert all(fake.released for fake in fakes.values())

    def test_looks_at_ten_indices_where_the_system_tells_nothing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(camera, "_SYSFS", tmp_path / "nowhere")
        found = list_cameras(lambda index: FakeCamera(present=index == 2))
        assert found == [CameraInfo(2, None, (64, 48))]

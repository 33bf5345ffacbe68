"""The window's keys and manners, against an OpenCV without a screen; and one real window where Xvfb is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.tracker.sinks.material import face, grey, names_in, tracked
from tracker.errors import DisplayError
from tracker.neutral import Neutral
from tracker.sinks import WindowSink
from tracker.sinks.display import require_display

ESCAPE, SPACE = 27, ord(" ")
ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def in_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def unhurried(monkeypatch):
    monkeypatch.setattr("tracker.sinks.window._SHORTEST_INTERVAL_S", 0.0)


def show(window, count=1, picture=None, first=0):
    for index in range(first, first + count):
        window.write(tracked(index), grey(100, 320, 240) if picture is None else picture)


def words_on(screen, picture):
    """Whether the last picture shown has anything written over it."""
    return not np.array_equal(screen.shown[-1], picture)


@pytest.mark.parametrize("key", [ord("q"), ord("Q"), ESCAPE, ESCAPE | 0x100000], ids=["q", "Q", "Esc", "with NumLock"])
def test_q_and_escape_ask_to_stop(screen, key):
    window = WindowSink()
    screen.keys = [key]
    show(window)
    assert window.stop_requested


def test_other_keys_do_nothing(screen, unhurried, tmp_path):
    window = WindowSink()
    screen.keys = [ord("x"), 0, 255, 13]
    show(window, 4)
    assert not window.stop_requested
    assert names_in(tmp_path) == []


def test_closing_the_window_with_the_mouse_asks_to_stop_and_no_new_one_opens(screen, unhurried):
    window = WindowSink()
    show(window)
    screen.close_with_mouse()
    show(window)
    assert window.stop_requested
    count = len(screen.shown)
    show(window, 3)
    assert len(screen.shown) == count
    window.close()


def test_space_holds_the_picture_until_space(screen, unhurried):
    window = WindowSink()
    screen.keys = [SPACE, -1, -1, SPACE]
    show(window, picture=grey(70, 320, 240))
    assert screen.waits == 3
    assert not window.stop_requested
    assert all(picture[0, 0, 0] == 70 for picture in screen.shown)
    show(window)
    assert screen.waits == 3


def test_a_paused_window_can_be_left(screen):
    window = WindowSink()
    screen.keys = [SPACE, -1, ord("q")]
    show(window)
    assert window.stop_requested


def test_a_paused_window_can_be_closed_with_the_mouse(screen):
    window = WindowSink()
    screen.keys = [SPACE, -1, screen.close_with_mouse]
    show(window)
    assert window.stop_requested


def test_s_saves_the_picture_without_the_windows_words(screen, unhurried, tmp_path):
    window = WindowSink()
    picture = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)
    screen.keys = [ord("h"), ord("s")]
    show(window, 2, picture)
    (name,) = names_in(tmp_path)
    np.testing.assert_array_equal(cv2.imread(name), picture)


def test_s_never_replaces_a_picture(screen, tmp_path):
    window = WindowSink()
    screen.keys = [SPACE, ord("s"), ord("s"), ord("s"), SPACE]
    show(window)
    assert len(names_in(tmp_path)) == 3


def test_s_says_where_the_picture_is(screen, unhurried, monkeypatch):
    said = []
    monkeypatch.setattr("tracker.sinks.window.Lettering.draw", lambda *arguments, **_: said.append(arguments[2]))
    window = WindowSink()
    screen.keys = [ord("s")]
    show(window, 2)
    (name,) = names_in(Path())
    assert f"saved {name}" in said


def test_a_picture_that_cannot_be_saved_does_not_end_the_run(screen, unhurried, monkeypatch, tmp_path, caplog):
    def no_space(*_, **__):
        raise OSError(28, "No space left on device")

    window = WindowSink()
    screen.keys = [ord("s")]
    monkeypatch.setattr(Path, "open", no_space)
    show(window, 2)
    assert "No space left on device" in caplog.text
    assert not window.stop_requested


def test_h_shows_and_hides_the_keys(screen, unhurried, monkeypatch):
    monkeypatch.setattr("tracker.sinks.window._MESSAGE_S", 0.0)  # the greeting
    window = WindowSink()
    picture = grey(100, 320, 240)
    screen.keys = [ord("h"), -1, ord("h"), -1]
    shown = []
    for _ in range(4):
        show(window, picture=picture)
        shown.append(words_on(screen, picture))
    assert shown == [False, True, True, False]


def test_the_help_names_every_key(screen, unhurried, monkeypatch):
    said = []
    monkeypatch.setattr("tracker.sinks.window.Lettering.draw", lambda *arguments, **_: said.append(arguments[2]))
    window = WindowSink(neutral=Neutral("camera 0"))
    screen.keys = [ord("h")]
    show(window, 2)
    for key in ("q, Esc", "space", "s", "h", "n", "c"):
        assert any(line.startswith(f"{key}: ") for line in said)


def test_n_makes_the_present_pose_zero_and_c_goes_back_to_the_camera(screen, unhurried, monkeypatch):
    monkeypatch.setattr("tracker.sinks.window._MESSAGE_S", 0.0)
    neutral, picture, one = Neutral("camera 0"), grey(100, 320, 240), face()
    window = WindowSink(neutral=neutral)
    screen.keys = [ord("n"), -1, ord("c"), -1]
    poses, noted = [], []
    for index in range(4):
        window.write(tracked(index, poses=[one]), picture)
        poses.append(neutral.pose)
        noted.append(words_on(screen, picture))
    assert poses == [one.pose, one.pose, None, None]
    assert noted == [False, True, True, False]


def test_n_without_a_face_says_so(screen, unhurried, monkeypatch):
    said = []
    monkeypatch.setattr("tracker.sinks.window.Lettering.draw", lambda *arguments, **_: said.append(arguments[2]))
    screen.keys = [ord("n")]
    show(WindowSink(neutral=Neutral("camera 0")), 2)
    assert any("no face" in line for line in said)


def test_pictures_that_come_faster_than_a_screen_shows_them_are_passed_over(screen, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr("tracker.sinks.window.time.monotonic", lambda: clock[0])
    window = WindowSink()
    for _ in range(1000):  # a second of a file that goes through at 1000 frames a second
        show(window)
        clock[0] += 0.001
    assert 50 <= len(screen.shown) <= 61


def test_a_picture_that_is_passed_over_need_not_be_drawn(screen, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr("tracker.sinks.window.time.monotonic", lambda: clock[0])
    window = WindowSink()
    drawn = []
    for number in range(8):
        clock[0] = 100 + number / 120
        drawn.append(window.wants_picture())
        window.write(tracked(number), grey(100, 320, 240) if drawn[-1] else None)
    assert drawn == [True, False] * 4
    assert len(screen.shown) == 4


def test_more_is_passed_over_where_showing_takes_long_but_not_below_30_a_second(screen, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr("tracker.sinks.window.time.monotonic", lambda: clock[0])
    window = WindowSink()

    def slowly():
        clock[0] += 0.012
        return -1

    def shown_of(count, rate_hz):
        begun, before = clock[0] + 1, len(screen.shown)
        for number in range(count):
            clock[0] = max(clock[0], begun + number / rate_hz)
            screen.keys = [slowly]
            if window.wants_picture():
                window.write(tracked(number), grey(100, 320, 240))
        return len(screen.shown) - before

    assert shown_of(30, 30) == 30
    assert shown_of(60, 60) == 30


def test_a_picture_that_is_wanted_must_come(screen):
    window = WindowSink()
    assert window.wants_picture()
    with pytest.raises(ValueError, match="picture"):
        window.write(tracked(), None)


def test_stepping_holds_every_picture_until_space(screen):
    window = WindowSink(step=True)
    for level in (50, 100, 150):
        screen.keys = [-1, -1, SPACE]
        show(window, picture=grey(level, 320, 240))
        assert screen.shown[-1][0, 0, 0] == level
        assert not screen.keys
    assert not window.stop_requested


def test_the_window_opens_with_the_first_picture_and_fits_small_screens(screen):
    window = WindowSink()
    assert not screen.open
    show(window, picture=grey(100, 3840, 2160))
    assert screen.size == (1280, 720)


def test_a_small_picture_is_not_enlarged(screen):
    show(WindowSink(), picture=grey(100, 400, 300))
    assert screen.size == (400, 300)


def test_a_tall_picture_keeps_its_shape(screen):
    show(WindowSink(), picture=grey(100, 1080, 1920))
    assert screen.size == (405, 720)


def test_close_takes_the_window_away(screen):
    with WindowSink() as window:
        show(window)
        assert screen.open
    assert not screen.open


def without_display(**changes):
    return {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")} | changes


def run_child(program, environment):
    return subprocess.run(
        [sys.executable, "-c", program], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60
    )


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems always have a display")
@pytest.mark.parametrize("display", [None, ":4711", "localhost:4711.0"], ids=["none", "dead", "dead tunnel"])
def test_without_a_display_the_program_says_what_to_do_and_lives(display):
    program = """
from tracker.errors import DisplayError
from tracker.neutral import Neutral
from tracker.sinks import WindowSink
try:
    WindowSink()
except DisplayError as error:
    print(error.exit_code, error)
"""
    child = run_child(program, without_display(**({} if display is None else {"DISPLAY": display})))
    assert child.returncode == 0, child.stderr
    assert child.stdout.startswith("16 ")
    assert "--no-display" in child.stdout
    assert "--output" in child.stdout


def test_an_opencv_without_windows_is_told_apart(monkeypatch):
    monkeypatch.setattr("tracker.sinks.display.cv2.currentUIFramework", lambda: "")
    with pytest.raises(DisplayError, match="opencv-python-headless"):
        require_display()


@pytest.mark.skipif(shutil.which("Xvfb") is None, reason="needs Xvfb, a screen nobody sees")
def test_a_real_window_opens_shows_and_closes():
    read_end, write_end = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write_end), "-screen", "0", "1600x900x24"],
        pass_fds=[write_end],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(write_end)
    try:
        with os.fdopen(read_end) as answer:
            display = answer.readline().strip()
        program = """
import cv2
from tests.tracker.sinks.material import grey, tracked
from tracker.neutral import Neutral
from tracker.sinks import WindowSink
with WindowSink() as window:
    for index in range(5):
        window.write(tracked(index), grey(100, 400, 300))
        cv2.waitKey(50)
    print(cv2.getWindowImageRect("FPN Live")[2:], window.stop_requested)
"""
        child = run_child(program, without_display(DISPLAY=f":{display}", QT_QPA_PLATFORM="wayland"))
    finally:
        server.terminate()
        server.wait()
    assert child.returncode == 0, child.stderr
    assert child.stdout == "(400, 300) False\n"

"""What reaches the terminal and what does not, seen from outside the process that is made quiet."""

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from models.errors import FpnLiveError
from tracker.quiet import LOG_LIMIT_BYTES, LOG_PREFIX, quiet_libraries

ROOT = Path(__file__).parents[2]

NOISE = """
import ctypes, logging, os, sys, threading, warnings
from models.errors import FpnLiveError
from tracker import quiet
from tracker.quiet import quiet_libraries
libc = ctypes.CDLL(None)
def chatter():
    libc.perror(b"C library")                       # C, straight to descriptor 2
    print("Python library", file=sys.stderr)
    warnings.warn("library warning")
    logging.warning("root logger")
    os.system("echo child process >&2")
"""


@pytest.fixture
def run(tmp_path):
    def run_script(body):
        environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
        return subprocess.run(
            [sys.executable, "-c", NOISE + body], capture_output=True, text=True, env=environment, timeout=60
        )

    return run_script


needs_c_library = pytest.mark.skipif(sys.platform == "win32", reason="writes to stderr through the Unix C library")
pytestmark = needs_c_library


def test_only_the_programs_own_words_reach_the_terminal(run, tmp_path):
    result = run("""
with quiet_libraries() as terminal:
    chatter()
    print("our words", file=terminal)
    chatter()
print("afterwards", file=sys.stderr)
""")
    assert result.stderr == "our words\nafterwards\n"
    assert result.returncode == 0
    assert not list(tmp_path.iterdir())  # the log is gone


def test_a_crash_shows_its_traceback_and_what_the_libraries_said(run, tmp_path):
    result = run("""
with quiet_libraries():
    chatter()
    {}["no such key"]
""")
    assert result.returncode == 1
    for words in ("C library: ", "Python library", "child process", "KeyError: 'no such key'"):
        assert words in result.stderr
    assert not list(tmp_path.iterdir())


def test_an_error_of_our_own_does_not_bring_the_chatter_back(run):
    result = run("""
try:
    with quiet_libraries() as terminal:
        chatter()
        raise FpnLiveError("mend this")
except FpnLiveError as error:
    print(error, file=sys.stderr)
""")
    assert result.stderr == "mend this\n"


def test_a_crash_in_a_thread_shows_its_traceback(run):
    result = run("""
with quiet_libraries():
    thread = threading.Thread(target=lambda: 1 / 0)
    thread.start()
    thread.join()
""")
    assert "ZeroDivisionError" in result.stderr


def test_a_crash_in_c_shows_where_and_leaves_the_log(run, tmp_path):
    result = run("""
with quiet_libraries():
    chatter()
    libc.abort()
""")
    assert result.returncode < 0
    assert "Fatal Python error: Aborted" in result.stderr
    (log,) = tmp_path.glob(LOG_PREFIX + "*.log")
    assert "C library: " in log.read_text()


def test_chatter_without_end_does_not_fill_the_disk(run, tmp_path):
    result = run("""
import time
quiet._WATCH_INTERVAL_S = 0.01
with quiet_libraries() as terminal:
    for _ in range(30):
        print("x" * 100_000, file=sys.stderr)
        time.sleep(0.02)
    libc._exit(0)
""")
    assert result.returncode == 0
    (log,) = tmp_path.glob(LOG_PREFIX + "*.log")
    assert log.stat().st_size < 2 * LOG_LIMIT_BYTES


def test_handlers_that_libraries_made_meanwhile_still_work_afterwards(run):
    result = run("""
with quiet_libraries():
    handler = logging.StreamHandler()
logging.getLogger().addHandler(handler)
logging.warning("late")
""")
    assert result.stderr == "late\n"


def test_a_stream_in_memory_is_the_terminal_and_comes_back(capsys):
    before = sys.stderr
    with quiet_libraries() as terminal:
        print("library", file=sys.stderr)
        print("ours", file=terminal)
    assert sys.stderr is before
    assert capsys.readouterr().err == "ours\n"


def test_it_can_be_used_again_after_an_error():
    for _ in range(3):
        with pytest.raises(FpnLiveError), quiet_libraries():
            raise FpnLiveError("again")
    with quiet_libraries():
        assert list(Path(tempfile.gettempdir()).glob(LOG_PREFIX + "*.log"))

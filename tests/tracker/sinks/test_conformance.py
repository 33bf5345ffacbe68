"""The contract of `tracker.sinks.base`, over every sink, and that of `OutputFile`, over every sink with a file."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import av
import av.error
import numpy as np
import pytest

from tests.tracker.sinks.material import StatedSource, face, grey, names_in, pictures, tracked
from tracker.errors import SinkError
from tracker.face_views import FaceViews
from tracker.sinks import FrontalVideoSink, PoseCsvSink, PoseJsonlSink, VideoSink, WindowSink

FILES = ["mp4", "mkv", "csv", "jsonl"]
KINDS = ["window", "frontal.mp4", *FILES]


def open_sink(kind, path, **options):
    if kind == "window":
        return WindowSink()
    if kind in ("mp4", "mkv"):
        return VideoSink(path, StatedSource(), **options)
    if kind == "frontal.mp4":
        return FrontalVideoSink(path, StatedSource(), FaceViews(16), **options)
    return (PoseCsvSink if kind == "csv" else PoseJsonlSink)(path, **options)


def entries(kind, path, screen):
    """What the sink has kept of the frames: rows, or mean grey levels of the pictures."""
    if kind == "window":
        return [picture.mean() for picture in screen.shown]
    if kind in ("mp4", "mkv", "frontal.mp4"):
        return [picture.mean() for picture in pictures(path)]
    text = path.read_text(encoding="utf-8")
    return (
        list(csv.DictReader(text.splitlines())) if kind == "csv" else [json.loads(line) for line in text.splitlines()]
    )


def picture_for(sink, level=100):
    return grey(level) if sink.needs_picture else None


@pytest.fixture(autouse=True)
def unhurried(monkeypatch):
    """The window passes over frames that come faster than a screen shows them; here it has time for each."""
    monkeypatch.setattr("tracker.sinks.window._SHORTEST_INTERVAL_S", 0.0)


@pytest.mark.parametrize("kind", KINDS)
class TestEverySink:
    def test_keeps_every_frame_it_was_given(self, kind, tmp_path, screen):
        path = tmp_path / f"out.{kind}"
        with open_sink(kind, path) as sink:
            for index in range(12):
                sink.write(tracked(index, poses=[face()]), picture_for(sink))
            assert not sink.stop_requested
        assert len(entries(kind, path, screen)) == 12

    def test_takes_frames_with_no_face_and_with_many(self, kind, tmp_path, screen):
        path = tmp_path / f"out.{kind}"
        with open_sink(kind, path) as sink:
            for index, count in enumerate([0, 3, 0, 1]):
                poses = [face(track=number + 1) for number in range(count)]
                sink.write(tracked(index, poses=poses), picture_for(sink))
        assert len(entries(kind, path, screen)) == 4

    def test_leaves_the_picture_as_it_was(self, kind, tmp_path, screen):
        with open_sink(kind, tmp_path / f"out.{kind}") as sink:
            picture = grey(100)
            sink.write(tracked(), picture)
        np.testing.assert_array_equal(picture, grey(100))

    def test_may_be_closed_twice(self, kind, tmp_path, screen):
        sink = open_sink(kind, tmp_path / f"out.{kind}")
        sink.write(tracked(poses=[face()]), picture_for(sink))
        sink.close()
        sink.close()

    def test_is_complete_when_the_run_breaks_off(self, kind, tmp_path, screen):
        path = tmp_path / f"out.{kind}"
        with pytest.raises(KeyboardInterrupt), open_sink(kind, path) as sink:
            for index in range(5):
                sink.write(tracked(index, poses=[face()]), picture_for(sink))
            raise KeyboardInterrupt
        assert len(entries(kind, path, screen)) == 5

    def test_leaves_nothing_behind_without_a_frame(self, kind, tmp_path, screen):
        with open_sink(kind, tmp_path / f"out.{kind}"):
            pass
        assert names_in(tmp_path) == []
        assert not screen.open


@pytest.mark.parametrize("kind", ["window", "mp4", "mkv"])
def test_has_done_with_the_picture_when_write_returns(kind, tmp_path, screen):
    path = tmp_path / f"out.{kind}"
    picture = grey(0)
    with open_sink(kind, path) as sink:
        for index in range(10):
            picture[:] = 20 * index
            sink.write(tracked(index), picture)
        picture[:] = 255
    levels = entries(kind, path, screen)
    # The window shows how to get help on top of the picture, which changes its mean a little.
    np.testing.assert_allclose(levels, 20 * np.arange(10), atol=60 if kind == "window" else 4)
    assert np.all(np.diff(levels) > 0)


@pytest.mark.parametrize("kind", FILES)
class TestEverySinkWithAFile:
    def test_refuses_to_replace_a_file_unless_told_to(self, kind, tmp_path):
        path = tmp_path / f"out.{kind}"
        path.write_text("earlier")
        with pytest.raises(SinkError, match=rf"out\.{kind}.*--overwrite"):
            open_sink(kind, path)
        assert path.read_text() == "earlier"

    def test_replaces_a_file_when_told_to_and_leaves_no_other(self, kind, tmp_path, screen):
        path = tmp_path / f"out.{kind}"
        path.write_text("earlier")
        with open_sink(kind, path, overwrite=True) as sink:
            sink.write(tracked(poses=[face()]), picture_for(sink))
        assert len(entries(kind, path, screen)) == 1
        assert names_in(tmp_path) == [path.name]

    def test_keeps_the_earlier_file_if_the_run_fails_before_the_first_frame(self, kind, tmp_path):
        path = tmp_path / f"out.{kind}"
        path.write_text("earlier")
        with pytest.raises(RuntimeError), open_sink(kind, path, overwrite=True):
            raise RuntimeError("weights missing")
        assert path.read_text() == "earlier"

    def test_puts_the_earlier_file_back_if_the_new_one_cannot_be_begun(self, kind, tmp_path, monkeypatch):
        path = tmp_path / f"out.{kind}"
        path.write_text("earlier")
        sink = open_sink(kind, path, overwrite=True)
        if sink.needs_picture:
            picture = grey(0, width=20_000, height=2)  # wider than H.264 encoders take
        else:
            picture = None
            monkeypatch.setattr(Path, "open", self._no_space)
        with pytest.raises(SinkError, match=rf"out\.{kind}"):
            sink.write(tracked(), picture)
        monkeypatch.undo()
        sink.close()
        assert path.read_text() == "earlier"
        assert names_in(tmp_path) == [path.name]

    @staticmethod
    def _no_space(*_, **__):
        raise OSError(28, "No space left on device")

    def test_replaces_what_a_link_leads_to_and_keeps_the_link(self, kind, tmp_path, screen):
        target, link = tmp_path / f"target.{kind}", tmp_path / f"link.{kind}"
        target.write_text("earlier")
        link.symlink_to(target)
        with open_sink(kind, link, overwrite=True) as sink:
            sink.write(tracked(poses=[face()]), picture_for(sink))
        assert link.is_symlink()
        assert len(entries(kind, target, screen)) == 1

    def test_never_replaces_what_the_run_reads(self, kind, tmp_path):
        source, link = tmp_path / f"source.{kind}", tmp_path / f"link.{kind}"
        source.write_text("precious")
        link.symlink_to(source)
        for path in (source, link):
            with pytest.raises(SinkError, match="reads"):
                open_sink(kind, path, overwrite=True, inputs=[source])
        assert source.read_text() == "precious"

    @pytest.mark.parametrize("name", ["out.avi", "out", "out.txt"])
    def test_refuses_a_name_it_cannot_tell_the_format_from(self, kind, name, tmp_path):
        with pytest.raises(SinkError, match=rf"{name}.*\.{'mp4 or .mkv' if kind in ('mp4', 'mkv') else kind}"):
            open_sink(kind, tmp_path / name)

    def test_takes_capital_extensions(self, kind, tmp_path):
        path = tmp_path / f"OUT.{kind.upper()}"
        with open_sink(kind, path) as sink:
            sink.write(tracked(poses=[face()]), picture_for(sink))
        assert path.stat().st_size > 0

    def test_refuses_a_folder_that_is_not_there(self, kind, tmp_path):
        with pytest.raises(SinkError, match=r"no folder.*create"):
            open_sink(kind, tmp_path / "missing" / f"out.{kind}")

    def test_refuses_a_folder_in_place_of_a_file(self, kind, tmp_path):
        (tmp_path / f"out.{kind}").mkdir()
        with pytest.raises(SinkError, match="is a folder"):
            open_sink(kind, tmp_path / f"out.{kind}", overwrite=True)

    @pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs a folder in which nobody can write: /proc")
    def test_refuses_a_folder_it_cannot_write_in(self, kind):
        with pytest.raises(SinkError, match="cannot write in the folder"):
            open_sink(kind, Path(f"/proc/out.{kind}"))

    def test_refuses_a_name_too_long_for_the_system(self, kind, tmp_path):
        with pytest.raises(SinkError, match="cannot be written"):
            open_sink(kind, tmp_path / f"{'x' * 300}.{kind}")

    def test_takes_nothing_more_once_closed(self, kind, tmp_path, screen):
        path = tmp_path / f"out.{kind}"
        with open_sink(kind, path, overwrite=True) as sink:
            sink.write(tracked(poses=[face()]), picture_for(sink))
        with pytest.raises(ValueError, match="closed"):
            sink.write(tracked(poses=[face()]), picture_for(sink))
        assert len(entries(kind, path, screen)) == 1

    @pytest.mark.skipif(sys.platform == "win32", reason="limits of the size of files are a matter of POSIX")
    def test_loses_nothing_that_was_written_before_the_disk_was_full(self, kind, tmp_path):
        path = tmp_path / f"out.{kind}"
        program = """
import resource, sys
import numpy as np
from tests.tracker.sinks.material import face, tracked
from tests.tracker.sinks.test_conformance import open_sink
from tracker.errors import SinkError
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
sink = open_sink(sys.argv[1], sys.argv[2])
rng = np.random.default_rng(0)
try:
    for index in range(5000):
        picture = rng.integers(0, 255, (48, 64, 3), np.uint8) if sink.needs_picture else None
        sink.write(tracked(index, poses=[face()]), picture)
except SinkError as error:
    print(error)
sink.close()
"""
        child = subprocess.run(
            [sys.executable, "-c", program, kind, str(path)],
            cwd=Path(__file__).parents[3],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert child.returncode == 0, child.stderr
        assert "File too large" in child.stdout
        assert 190_000 < path.stat().st_size <= 200_000
        assert self._count_until_torn(kind, path) > 50

    @staticmethod
    def _count_until_torn(kind, path):
        """Rows or pictures before the one that the limit fell into."""
        if kind in ("csv", "jsonl"):
            return len(path.read_text().splitlines()) - 1
        count = 0
        with av.open(str(path)) as container, suppress(av.error.InvalidDataError):
            for _ in container.decode(video=0):
                count += 1
        return count

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device that is always full")
    def test_says_so_when_the_disk_is_full_and_closes_quietly_after(self, kind, tmp_path):
        path = tmp_path / f"out.{kind}"
        path.symlink_to("/dev/full")
        sink = open_sink(kind, path)
        rng = np.random.default_rng(0)
        with pytest.raises(SinkError, match=rf"out\.{kind}: .*[Nn]o space") as caught:
            for index in range(200):
                picture = rng.integers(0, 255, (48, 64, 3), np.uint8) if sink.needs_picture else None
                sink.write(tracked(index, poses=[face()]), picture)
            sink.close()
        assert caught.value.exit_code == 15
        sink.close()

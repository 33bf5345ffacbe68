"""What every source keeps, whatever it reads from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from tests.tracker.sources.fake_camera import FakeCamera
from tests.tracker.sources.material import corner_colours, grey, write_grey_clip, write_list, write_picture
from tests.tracker.sources.web_server import web_server
from tracker.frame import Frame
from tracker.sources import DEMO_CLIP, CameraSource, Source, open_source

ENOUGH = 8
"""Frames to look at; cameras have no end."""


def open_camera(folder: Path, stack: ExitStack) -> Source:
    return CameraSource(0, open_capture=FakeCamera(plays=True).open)


def open_recording(folder: Path, stack: ExitStack) -> Source:
    return open_source(str(write_grey_clip(folder / "clip.mp4", ENOUGH)))


def open_animation(folder: Path, stack: ExitStack) -> Source:
    return open_source(str(write_grey_clip(folder / "clip.gif", ENOUGH, codec="gif", pixels="rgb8")))


def open_stream(folder: Path, stack: ExitStack) -> Source:
    write_grey_clip(folder / "clip.mkv", ENOUGH, rate=100)
    return open_source(stack.enter_context(web_server(folder)).address("clip.mkv"))


def open_network_camera(folder: Path, stack: ExitStack) -> Source:
    return open_source(stack.enter_context(web_server(folder, plays=True)).address("camera"))


def open_image(folder: Path, stack: ExitStack) -> Source:
    return open_source(str(write_picture(folder / "picture.png", corner_colours())))


def open_folder(folder: Path, stack: ExitStack) -> Source:
    for i in range(3):
        write_picture(folder / f"picture {i}.png", grey(20 * i, width=40 + i, height=30 - i))
    return open_source(str(folder))


def open_list(folder: Path, stack: ExitStack) -> Source:
    for i in range(3):
        write_picture(folder / f"{i}.jpg", grey(20 * i, width=40 + i, height=30 - i))
    lines = [f"subject{i},{i}.jpg,1,2,10.5,20" for i in range(3)]
    return open_source(str(write_list(folder / "list.csv", lines)))


def open_demo(folder: Path, stack: ExitStack) -> Source:
    if not DEMO_CLIP.is_file():
        pytest.skip("the demo clip is not in this checkout")
    return open_source("demo")


OPENERS = (
    open_camera,
    open_recording,
    open_animation,
    open_stream,
    open_network_camera,
    open_image,
    open_folder,
    open_list,
    open_demo,
)
RECORDINGS = {open_recording: "clip.mp4", open_animation: "clip.gif", open_demo: "demo.mp4"}


@pytest.mark.parametrize("opener", OPENERS, ids=lambda opener: opener.__name__.removeprefix("open_"))
class TestEverySource:
    @pytest.fixture
    def source(self, opener: Callable[[Path, ExitStack], Source], tmp_path: Path) -> Iterator[Source]:
        with ExitStack() as stack:
            opened = opener(tmp_path, stack)
            stack.callback(opened.close)
            yield opened

    @staticmethod
    def some_frames(source: Source) -> list[Frame]:
        frames = list(islice(source, ENOUGH))
        assert frames
        return frames

    def test_gives_contiguous_bgr_bytes_that_the_receiver_may_draw_on(self, source: Source) -> None:
        for frame in self.some_frames(source):
            assert frame.image.dtype == np.uint8
            assert frame.image.ndim == 3 and frame.image.shape[2] == 3
            assert frame.image.flags.c_contiguous and frame.image.flags.writeable

    def test_states_the_size_of_the_next_frame(self, source: Source) -> None:
        for _ in range(3):
            size = source.size
            frame = source.read()
            if frame is None:
                return
            assert size == (frame.image.shape[1], frame.image.shape[0])

    def test_counts_frames_upwards_from_0(self, source: Source) -> None:
        indices = [frame.index for frame in self.some_frames(source)]
        assert indices[0] == 0
        assert indices == sorted(set(indices))

    def test_times_strictly_increase_in_a_sequence_and_are_0_for_stills(self, source: Source) -> None:
        times = [frame.time_s for frame in self.some_frames(source)]
        assert all(isinstance(time_s, float) and time_s >= 0 for time_s in times)
        if source.is_sequence:
            assert times == sorted(set(times))
        else:
            assert times == [0] * len(times)

    def test_a_frame_stays_as_it_was_when_the_next_is_read(self, source: Source) -> None:
        first = source.read()
        assert first is not None
        before = first.image.copy()
        source.read()
        assert np.array_equal(first.image, before)

    def test_gives_nothing_after_the_end(self, source: Source, opener: object) -> None:
        if opener in (open_camera, open_network_camera):
            pytest.skip("a camera has no end")
        for _ in source:
            pass
        assert source.read() is None
        assert source.read() is None

    def test_gives_nothing_once_closed_and_may_be_closed_twice(self, source: Source) -> None:
        assert source.read() is not None
        source.close()
        assert source.read() is None
        source.close()
        assert source.read() is None

    def test_closes_when_its_block_is_left_by_an_error(self, source: Source) -> None:
        with pytest.raises(ZeroDivisionError), source:
            raise ZeroDivisionError
        assert source.read() is None

    def test_has_a_name_without_a_folder_in_it(self, source: Source, tmp_path: Path) -> None:
        assert source.name
        assert str(tmp_path) not in source.name
        assert all(frame.name for frame in self.some_frames(source))

    def test_drops_frames_only_if_it_is_live_and_skips_none_that_are_good(self, source: Source) -> None:
        self.some_frames(source)
        assert source.is_live or source.dropped == 0
        assert source.skipped == 0

    def test_states_the_number_of_frames_where_it_has_an_end(self, source: Source) -> None:
        if source.is_live:
            assert source.frame_count is None
        else:
            assert source.frame_count == sum(1 for _ in source)

    def test_gives_boxes_with_every_frame_or_with_none_as_it_states(self, source: Source, opener: object) -> None:
        assert source.gives_boxes == (opener is open_list)
        assert all((frame.boxes is not None) == source.gives_boxes for frame in self.some_frames(source))

    def test_states_the_recording_only_where_there_is_one(self, source: Source, opener: object) -> None:
        expected = RECORDINGS.get(opener)
        assert (source.recording and source.recording.name) == expected
        assert expected is None or source.recording.is_file()

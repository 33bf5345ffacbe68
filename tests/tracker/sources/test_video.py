from __future__ import annotations

import logging
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition

from tests.tracker.sources.material import (
    corner_colours,
    cut_off,
    damage_packets,
    grey,
    levels,
    write_clip,
    write_grey_clip,
    write_noise_clip,
)
from tracker.errors import EmptySourceError, SourceError
from tracker.sources import VideoSource


def times(path: Path) -> list[float]:
    with VideoSource(path) as source:
        return [frame.time_s for frame in source]


class TestFrames:
    @pytest.mark.parametrize(
        ("name", "codec", "pixels"),
        [
            ("clip.mp4", "libx264", "yuv420p"),
            ("clip.mkv", "libx264rgb", "rgb24"),
            ("clip.webm", "libvpx-vp9", "yuv420p"),
            ("clip.avi", "mpeg4", "yuv420p"),
            ("clip.ts", "libx264", "yuv420p"),
            ("clip.mov", "mjpeg", "yuvj420p"),
            ("clip.gif", "gif", "rgb8"),
            ("clip.apng", "apng", "rgb24"),
            ("grey.mkv", "ffv1", "gray"),
            ("deep.mkv", "ffv1", "yuv420p10le"),
            ("clip.h264", "libx264", "yuv420p"),
        ],
    )
    def test_all_are_given_in_order(self, tmp_path: Path, name: str, codec: str, pixels: str) -> None:
        path = write_grey_clip(tmp_path / name, 12, codec=codec, pixels=pixels)
        with VideoSource(path) as source:
            frames = list(source)
        assert levels(frame.image for frame in frames) == [20 * i for i in range(12)]
        assert [frame.index for frame in frames] == list(range(12))

    def test_all_are_given_where_b_frames_are_stored_out_of_order(self, tmp_path: Path) -> None:
        path = write_grey_clip(tmp_path / "clip.mp4", 12, options={"bf": "3", "b_strategy": "0"})
        with av.open(str(path)) as container:
            pts = [packet.pts for packet in container.demux(video=0) if packet.size]
        assert pts != sorted(pts), "the clip has no B-frames and shows nothing"
        with VideoSource(path) as source:
            assert levels(frame.image for frame in source) == [20 * i for i in range(12)]

    def test_of_odd_width_and_height_are_whole(self, tmp_path: Path) -> None:
        path = write_clip(tmp_path / "odd.mkv", [grey(100, width=63, height=47)], codec="ffv1")
        with VideoSource(path) as source:
            assert source.size == (63, 47)

    @pytest.mark.parametrize("name", ["12:30 Zürich 東京 ☃.mp4", "pipe:0.mp4", "%03d.mp4", "-i.mp4"])
    def test_of_files_with_any_name_are_read(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        write_grey_clip(tmp_path / "clip.mp4").rename(tmp_path / name)
        monkeypatch.chdir(tmp_path)
        with VideoSource(Path(name)) as source:
            assert source.name == name
            assert sum(1 for _ in source) == 12


class TestTimes:
    def test_are_those_of_presentation_where_the_rate_varies(self, tmp_path: Path) -> None:
        stamps = [0, 33, 40, 400, 401, 2000]
        path = write_grey_clip(tmp_path / "clip.mkv", 6, pts=stamps)
        assert times(path) == pytest.approx([stamp / 1000 for stamp in stamps], abs=1e-9)

    def test_do_not_start_at_0_where_the_recording_does_not(self, tmp_path: Path) -> None:
        path = write_grey_clip(tmp_path / "clip.mkv", 3, pts=[5000, 5100, 5200])
        assert times(path) == pytest.approx([5.0, 5.1, 5.2])

    def test_are_exact_for_rates_that_are_fractions(self, tmp_path: Path) -> None:
        path = write_grey_clip(tmp_path / "clip.mp4", 12, rate=Fraction(30000, 1001))
        with VideoSource(path) as source:
            assert source.rate == Fraction(30000, 1001)
        assert times(path) == pytest.approx([i * 1001 / 30000 for i in range(12)], abs=1e-9)

    def test_run_at_the_nominal_rate_where_the_file_has_none(self, tmp_path: Path) -> None:
        path = write_grey_clip(tmp_path / "clip.h264", 5)
        with av.open(str(path)) as container:
            assert next(container.decode(video=0)).pts is None, "the file has timestamps and shows nothing"
        with VideoSource(path) as source:
            rate = source.rate
            assert rate is not None
            stamps = [frame.time_s for frame in source]
        assert stamps == pytest.approx([i / float(rate) for i in range(5)])

    def test_are_evenly_spaced_in_avi_with_b_frames(self, tmp_path: Path) -> None:
        path = write_grey_clip(tmp_path / "clip.avi", 12, options={"bf": "2"})
        assert np.diff(times(path)) == pytest.approx([0.1] * 11)


class TestPictures:
    @pytest.mark.parametrize("degrees", [0, 90, 180, 270])
    @pytest.mark.parametrize("mirrored", [False, True])
    @pytest.mark.parametrize("flipped", [False, True])
    def test_are_turned_and_mirrored_as_the_display_matrix_says(
        self, tmp_path: Path, degrees: int, mirrored: bool, flipped: bool
    ) -> None:
        picture = corner_colours()
        path = write_clip(tmp_path / "clip.mp4", [picture] * 2, turned=(degrees, mirrored, flipped))
        expected = np.rot90(picture, degrees // 90)
        expected = expected[:, ::-1] if mirrored else expected
        expected = expected[::-1] if flipped else expected
        with VideoSource(path) as source:
            assert source.size == (expected.shape[1], expected.shape[0])
            for frame in source:
                # Colours bleed into each other where the quarters meet.
                assert np.median(np.abs(frame.image.astype(int) - expected)) < 10

    def test_have_square_pixels(self, tmp_path: Path) -> None:
        path = write_clip(tmp_path / "clip.mp4", [corner_colours()] * 2, pixel_aspect=Fraction(4, 3))
        with VideoSource(path) as source:
            frame = source.read()
            assert source.size == (85, 48)
        assert frame is not None
        assert frame.image[10, 40].argmax() == 2, "left of the middle is red"
        assert frame.image[10, 45].argmax() == 1, "right of the middle is green"


class TestStatements:
    def test_the_header_tells_the_number_of_frames(self, tmp_path: Path) -> None:
        with VideoSource(write_grey_clip(tmp_path / "clip.mp4", 7)) as source:
            assert source.frame_count == 7

    def test_the_duration_tells_the_number_of_frames_where_the_header_does_not(self, tmp_path: Path) -> None:
        with VideoSource(write_grey_clip(tmp_path / "clip.mkv", 7)) as source:
            assert source.frame_count == 7

    def test_the_recording_is_the_file(self, tmp_path: Path) -> None:
        path = write_grey_clip(tmp_path / "clip.mp4")
        with VideoSource(path) as source:
            assert source.recording == path


class TestDamage:
    @pytest.mark.parametrize(("name", "codec"), [("clip.mp4", "libx264"), ("clip.webm", "libvpx-vp9")])
    def test_frames_that_cannot_be_decoded_are_counted_and_the_rest_is_given(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str, codec: str
    ) -> None:
        path = write_noise_clip(tmp_path / name, 60, codec=codec)
        damage_packets(path, [20, 21, 40])
        with VideoSource(path) as source:
            frames = list(source)
            assert source.skipped == 3
        assert len(frames) == 57
        assert frames[-1].index == 59
        assert len(caplog.records) == 3
        assert all(record.levelno == logging.WARNING and name in record.getMessage() for record in caplog.records)

    @pytest.mark.parametrize("damaged", [[56, 58], [57, 58, 59], [50, 54, 56, 58]])
    def test_frames_among_damaged_ones_at_the_very_end_are_not_lost(self, tmp_path: Path, damaged: list[int]) -> None:
        path = write_noise_clip(tmp_path / "clip.mp4", 60, options={"bf": "0"})
        damage_packets(path, damaged)
        with VideoSource(path) as source:
            shown = [round(frame.time_s * 10) for frame in source]
            assert source.skipped == len(damaged)
        assert shown == [number for number in range(60) if number not in damaged]

    def test_frames_that_the_decoder_patched_up_are_passed_over(self, tmp_path: Path) -> None:
        path = write_noise_clip(tmp_path / "clip.avi", 60, codec="mpeg4")
        damage_packets(path, [20, 40])
        with av.open(str(path)) as container:
            patched_up = [frame.is_corrupt for frame in container.decode(video=0)]
        assert any(patched_up), "the decoder patched nothing up and this shows nothing"
        with VideoSource(path) as source:
            assert sum(1 for _ in source) == patched_up.count(False)
            assert source.skipped == patched_up.count(True)

    def test_a_badly_damaged_recording_is_warned_of_only_a_few_times(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        path = write_noise_clip(tmp_path / "clip.mp4", 60, codec="mjpeg", pixels="yuvj420p")
        damage_packets(path, range(10, 50))
        with VideoSource(path) as source:
            assert sum(1 for _ in source) == 20
            assert source.skipped == 40
        assert len(caplog.records) < 10
        assert "only counted" in caplog.records[-1].getMessage()

    def test_a_recording_that_was_cut_off_gives_what_is_there_and_a_warning(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        path = write_noise_clip(tmp_path / "clip.mp4", 60, container_options={"movflags": "faststart"})
        cut_off(path, 0.6)
        with VideoSource(path) as source:
            frames = list(source)
        assert 15 < len(frames) < 55
        assert "cut off" in caplog.text and "60 frames" in caplog.text

    def test_a_cut_off_mkv_gives_what_is_there(self, tmp_path: Path) -> None:
        path = write_noise_clip(tmp_path / "clip.mkv", 60)
        cut_off(path, 0.6)
        with VideoSource(path) as source:
            assert 15 < sum(1 for _ in source) < 55

    def test_a_recording_trimmed_by_an_edit_list_shows_that_much_and_is_not_warned_of(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        path = write_grey_clip(tmp_path / "clip.mp4", 12, options={"bf": "0"})
        data = bytearray(path.read_bytes())
        # ISO/IEC 14496-12, 8.6.6: size, "elst", version and flags, count, then each edit, its duration first.
        duration = data.index(b"elst") + 12
        data[duration : duration + 4] = (int.from_bytes(data[duration : duration + 4], "big") // 2).to_bytes(4, "big")
        path.write_bytes(data)
        with VideoSource(path) as source:
            assert levels(frame.image for frame in source) == [0, 20, 40, 60, 80, 100]
        assert not caplog.records

    def test_a_good_recording_is_not_warned_of(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        with VideoSource(write_noise_clip(tmp_path / "clip.mp4", 20)) as source:
            assert sum(1 for _ in source) == 20
        assert not caplog.records


class TestRefusals:
    def test_what_is_not_a_video(self, tmp_path: Path) -> None:
        path = tmp_path / "clip.mp4"
        path.write_bytes(b"not a video at all\n" * 1000)
        with pytest.raises(SourceError, match=r"clip\.mp4: not a video"):
            VideoSource(path)

    def test_a_recording_whose_index_was_never_written(self, tmp_path: Path) -> None:
        path = write_noise_clip(tmp_path / "clip.mp4", 30)
        cut_off(path, 0.6)
        with pytest.raises(SourceError, match="cut off before its index was written"):
            VideoSource(path)

    def test_a_video_without_frames(self, tmp_path: Path) -> None:
        path = tmp_path / "clip.mp4"
        with av.open(str(path), "w", options={"movflags": "empty_moov"}) as container:
            stream = container.add_stream("libx264", rate=10)
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
            container.start_encoding()
        with pytest.raises(EmptySourceError, match="holds no frame"):
            VideoSource(path)

    def test_sound_with_a_cover_picture(self, tmp_path: Path) -> None:
        cover = write_clip(tmp_path / "cover.mkv", [grey(250)], codec="mjpeg", pixels="yuvj420p")
        path = tmp_path / "song.mp4"
        with av.open(str(cover)) as picture, av.open(str(path), "w") as container:
            sound = container.add_stream("aac", rate=8000, layout="mono")
            front = container.add_stream_from_template(picture.streams.video[0])
            front.disposition = Disposition.attached_pic
            samples = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            samples.sample_rate = 8000
            container.mux(sound.encode(samples))
            container.mux(sound.encode())
            packet = next(picture.demux(video=0))
            packet.stream = front
            container.mux(packet)
        with av.open(str(path)) as container:
            assert container.streams.video, "the song has no cover and shows nothing"
        with pytest.raises(SourceError, match="holds no video, only audio and cover pictures"):
            VideoSource(path)

    def test_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(SourceError, match="No such file"):
            VideoSource(tmp_path / "nowhere.mp4")

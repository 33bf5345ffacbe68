"""What the video sink alone owes: timestamps, audio, pictures and colours, read back with PyAV."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.tracker.sinks.material import (
    TWO_SECONDS,
    StatedSource,
    audio_packets,
    audio_samples,
    grey,
    make_recording,
    picture_times,
    pictures,
    tracked,
    write_all,
)
from tracker.errors import SinkError
from tracker.sinks import VideoSink
from tracker.sinks.encoder import VideoEncoder

CONTAINERS = ["mp4", "mkv"]
TOLERANCE_S = {"mp4": 1e-6, "mkv": 0.00051}  # Matroska's clock ticks in milliseconds


def copy(recording, output, count=None):
    """Write pictures at the recording's own times, all or the first `count`; gives the times."""
    times = picture_times(recording)[:count]
    write_all(VideoSink(output, StatedSource(recording)), times)
    return times


@pytest.mark.parametrize("container", CONTAINERS)
class TestTimes:
    @pytest.mark.parametrize("rate", [Fraction(24000, 1001), Fraction(25), Fraction(60000, 1001)])
    def test_of_common_rates_are_exact(self, container, rate, tmp_path):
        times = [float(index / rate) for index in range(40)]
        write_all(VideoSink(tmp_path / f"out.{container}", StatedSource(rate=rate)), times)
        np.testing.assert_allclose(
            picture_times(tmp_path / f"out.{container}"),
            times,
            rtol=0,
            atol=TOLERANCE_S[container] * 1e-3 ** (container == "mp4"),
        )

    def test_of_a_variable_rate_are_kept(self, container, tmp_path):
        times = np.cumsum(np.random.default_rng(1).uniform(0.011, 0.31, 40))
        write_all(VideoSink(tmp_path / f"out.{container}", StatedSource(rate=None)), times)
        np.testing.assert_allclose(
            picture_times(tmp_path / f"out.{container}"), times, rtol=0, atol=TOLERANCE_S[container]
        )

    def test_that_do_not_increase_lose_no_picture(self, container, tmp_path):
        write_all(VideoSink(tmp_path / f"out.{container}", StatedSource()), [0.0, 0.04, 0.04, 0.04, 0.08])
        assert len(pictures(tmp_path / f"out.{container}")) == 5

    def test_the_last_picture_stays_as_long_as_the_one_before(self, container, tmp_path):
        write_all(VideoSink(tmp_path / f"out.{container}", StatedSource(rate=None)), [0.0, 0.1, 0.2])
        with av.open(str(tmp_path / f"out.{container}")) as result:
            assert result.duration / av.time_base == pytest.approx(0.3, abs=0.002)

    def test_stills_are_shown_for_a_second_each(self, container, tmp_path):
        sink = VideoSink(tmp_path / f"out.{container}", StatedSource(rate=None, is_sequence=False))
        write_all(sink, [0.0, 0.0, 0.0])
        assert picture_times(tmp_path / f"out.{container}") == pytest.approx([0, 1, 2], abs=1e-3)
        with av.open(str(tmp_path / f"out.{container}")) as result:
            assert result.duration / av.time_base == pytest.approx(3.0, abs=0.002)


@pytest.mark.parametrize("container", CONTAINERS)
class TestAudio:
    @pytest.mark.parametrize(
        ("first_picture_s", "audio_start_s"),
        [(0.0, 0.0), (0.5, 0.0), (0.0, 0.6), (1.4, 1.3)],
        ids=["both at 0", "pictures later", "audio later", "both late"],
    )
    def test_is_copied_packet_by_packet_at_its_own_times(self, container, first_picture_s, audio_start_s, tmp_path):
        recording = make_recording(
            tmp_path / "in.mkv", [first_picture_s + time_s for time_s in TWO_SECONDS], audio_start_s=audio_start_s
        )
        times = copy(recording, tmp_path / f"out.{container}")
        before, after = audio_packets(recording), audio_packets(tmp_path / f"out.{container}")
        assert [content for _, content in after] == [content for _, content in before]
        np.testing.assert_allclose([start for start, _ in after], [start for start, _ in before], rtol=0, atol=0.0011)
        np.testing.assert_allclose(picture_times(tmp_path / f"out.{container}"), times, rtol=0, atol=0.00051)

    def test_of_an_mp4_sounds_the_same_at_the_same_time(self, container, tmp_path):
        recording = make_recording(tmp_path / "in.mp4")  # its first packet is for the decoder only, before time 0
        copy(recording, tmp_path / f"out.{container}")
        (before, rate, start), (after, _, start_after) = (
            audio_samples(path) for path in (recording, tmp_path / f"out.{container}")
        )
        lead = round((start - start_after) * rate / 1024) * 1024  # Matroska plays that packet
        assert lead in (0, 1024)
        np.testing.assert_allclose(after[lead : lead + 80_000], before[:80_000], atol=1e-4)

    @pytest.mark.parametrize("audio_start_s", [0.0, 3.0])
    def test_of_a_transport_stream_stays_in_time(self, container, audio_start_s, tmp_path):
        # Times begin where the broadcaster's clock stands, and each packet of audio has a header of its own.
        recording = make_recording(
            tmp_path / "in.ts", [1.0 + index / 25 for index in range(150)], audio_start_s=1.0 + audio_start_s
        )
        times = copy(recording, tmp_path / f"out.{container}")
        (before, rate, start), (after, _, start_after) = (
            audio_samples(path) for path in (recording, tmp_path / f"out.{container}")
        )
        apart, apart_after = start - times[0], start_after - picture_times(tmp_path / f"out.{container}")[0]
        assert apart == pytest.approx(audio_start_s, abs=0.03)
        assert apart_after == pytest.approx(apart, abs=0.03)
        with av.open(str(tmp_path / f"out.{container}")) as result:
            assert result.streams.audio[0].codec_context.extradata  # the set-up that players ask for
        lag = (apart_after - apart) * rate
        assert abs(len(after) - len(before) + lag) <= 2 * 1024

    def test_without_stated_times_is_copied(self, container, tmp_path):
        recording = make_recording(tmp_path / "in.avi", audio_codec="mp3")
        copy(recording, tmp_path / f"out.{container}")
        before, after = audio_packets(recording), audio_packets(tmp_path / f"out.{container}")
        assert [content for _, content in after] == [content for _, content in before]
        np.testing.assert_allclose([start for start, _ in after], [start for start, _ in before], rtol=0, atol=0.0011)

    def test_ends_with_the_pictures_when_the_run_is_stopped(self, container, tmp_path):
        times = tuple(index / 25 for index in range(150))
        copy(make_recording(tmp_path / "in.mp4", times), tmp_path / f"out.{container}", count=50)
        assert audio_packets(tmp_path / f"out.{container}")[-1][0] == pytest.approx(2.0, abs=0.03)

    def test_that_outlasts_the_pictures_is_kept_to_its_end(self, container, tmp_path):
        recording = make_recording(tmp_path / "in.mp4", audio_end_s=5.0)
        copy(recording, tmp_path / f"out.{container}")
        assert len(audio_packets(tmp_path / f"out.{container}")) == len(audio_packets(recording))

    def test_that_ends_early_does_not_hold_the_pictures_back(self, container, tmp_path):
        recording = make_recording(tmp_path / "in.mp4", tuple(index / 25 for index in range(200)), audio_end_s=0.5)
        sink = VideoSink(tmp_path / f"out.{container}", StatedSource(recording))
        for index in range(200):
            sink.write(tracked(index), grey(100))
        assert len(pictures(tmp_path / f"out.{container}")) >= 200 - 2 * 25 - 10  # while the sink is still open
        sink.close()
        assert len(pictures(tmp_path / f"out.{container}")) == 200

    def test_that_begins_late_does_not_hold_the_pictures_back(self, container, tmp_path):
        times = tuple(index / 25 for index in range(200))
        recording = make_recording(tmp_path / "in.mkv", times, audio_start_s=6.0)
        sink = VideoSink(tmp_path / f"out.{container}", StatedSource(recording))
        for index in range(120):
            sink.write(tracked(index), grey(100))
        assert len(pictures(tmp_path / f"out.{container}")) >= 120 - 2 * 25 - 10  # while the sink is still open
        for index in range(120, 200):
            sink.write(tracked(index), grey(100))
        sink.close()
        assert picture_times(tmp_path / f"out.{container}") == pytest.approx(times, abs=0.001)
        starts = [start for start, _ in audio_packets(tmp_path / f"out.{container}")]
        assert starts == pytest.approx([start for start, _ in audio_packets(recording)], abs=0.0011)

    def test_of_a_recording_without_any_is_not_missed(self, container, tmp_path, caplog):
        write_all(VideoSink(tmp_path / "silent.mp4", StatedSource()), TWO_SECONDS)
        copy(tmp_path / "silent.mp4", tmp_path / f"out.{container}")
        with av.open(str(tmp_path / f"out.{container}")) as result:
            assert not result.streams.audio
        assert not caplog.records

    def test_that_cannot_be_read_costs_a_warning_not_the_pictures(self, container, tmp_path, caplog):
        recording = tmp_path / "in.mp4"
        recording.write_text("no longer a video")
        write_all(VideoSink(tmp_path / f"out.{container}", StatedSource(recording)), TWO_SECONDS)
        assert len(pictures(tmp_path / f"out.{container}")) == 50
        assert [record.levelno for record in caplog.records] == [logging.WARNING]
        assert "in.mp4" in caplog.text

    def test_languages_are_kept(self, container, tmp_path):
        recording = tmp_path / "in.mkv"
        with av.open(str(make_recording(tmp_path / "plain.mkv"))) as plain, av.open(str(recording), "w") as named:
            copies = {stream.index: named.add_stream_from_template(stream) for stream in plain.streams}
            copies[1].metadata["language"] = "deu"
            for packet in plain.demux():
                if packet.size:
                    packet.stream = copies[packet.stream_index]
                    named.mux(packet)
        copy(recording, tmp_path / f"out.{container}")
        with av.open(str(tmp_path / f"out.{container}")) as result:
            assert result.streams.audio[0].language in ("deu", "ger")


def test_audio_that_mp4_cannot_hold_is_written_as_aac_and_said_once(tmp_path, caplog):
    recording = make_recording(tmp_path / "in.avi", audio_codec="pcm_mulaw", rate=8000)
    copy(recording, tmp_path / "out.mp4")
    with av.open(str(tmp_path / "out.mp4")) as result:
        assert result.streams.audio[0].codec_context.name == "aac"
    samples, rate, start = audio_samples(tmp_path / "out.mp4")
    assert rate == 8000
    assert start == pytest.approx(0.0, abs=0.03)
    assert len(samples) / rate == pytest.approx(2.0, abs=0.3)
    middle = samples[rate // 2 : rate // 2 + 8000]
    assert np.argmax(np.abs(np.fft.rfft(middle * np.hanning(8000)))) == pytest.approx(440, abs=2)
    assert np.abs(middle).max() == pytest.approx(8000 / 32768, rel=0.1)
    assert len(caplog.records) == 1
    assert "pcm_mulaw" in caplog.text


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a matter of POSIX")
def test_a_killed_run_leaves_a_file_that_plays_up_to_its_last_second(container, tmp_path):
    recording = make_recording(tmp_path / "in.mp4", tuple(index / 25 for index in range(150)))
    program = """
import sys
from tests.tracker.sinks.material import StatedSource, grey, tracked
from tracker.sinks import VideoSink
sink = VideoSink(sys.argv[1], StatedSource(sys.argv[2]))
for index in range(125):
    sink.write(tracked(index), grey(index))
print("written", flush=True)
sys.stdin.read()
"""
    output = tmp_path / f"out.{container}"
    child = subprocess.Popen(
        [sys.executable, "-c", program, str(output), str(recording)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[3],
        text=True,
    )
    with child:
        assert child.stdout.readline() == "written\n"
        child.send_signal(signal.SIGKILL)
    assert child.returncode == -signal.SIGKILL
    levels = [picture.mean() for picture in pictures(output)]
    assert len(levels) >= 125 - 25 - 10  # a fragment, and what waits for the encoder
    np.testing.assert_allclose(levels, np.arange(len(levels)), atol=3)
    assert audio_packets(output)[-1][0] == pytest.approx(len(levels) / 25, abs=0.1)


@pytest.mark.parametrize("container", CONTAINERS)
class TestPictures:
    @pytest.mark.parametrize("size", [(33, 17), (34, 17), (33, 18), (1, 1)])
    def test_of_odd_size_lose_no_edge(self, container, size, tmp_path):
        width, height = size
        picture = grey(30, width, height)
        picture[-1, :] = picture[:, -1] = 220
        write_all(VideoSink(tmp_path / f"out.{container}", StatedSource()), [0.0], picture)
        (written,) = pictures(tmp_path / f"out.{container}")
        assert written.shape == (height + height % 2, width + width % 2, 3)
        np.testing.assert_allclose(written[:height, :width].astype(int), picture, atol=24)
        np.testing.assert_allclose(written[-1].astype(int), 220, atol=24)  # the edge goes on in what is added
        np.testing.assert_allclose(written[:, -1].astype(int), 220, atol=24)

    def test_of_another_size_are_letterboxed_into_the_first(self, container, tmp_path):
        sink = VideoSink(tmp_path / f"out.{container}", StatedSource(is_sequence=False))
        with sink:
            for picture in (grey(200, 80, 60), grey(200, 400, 100), grey(200, 20, 40)):
                sink.write(tracked(), picture)
        first, wide, tall = (picture.mean(axis=2) for picture in pictures(tmp_path / f"out.{container}"))
        assert first.shape == wide.shape == tall.shape == (60, 80)
        assert wide[22:38].mean() == pytest.approx(200, abs=5)  # 400x100 becomes 80x20, in the middle
        assert wide[:16].mean() == pytest.approx(0, abs=5)
        assert wide[44:].mean() == pytest.approx(0, abs=5)
        assert tall[:, 28:52].mean() == pytest.approx(200, abs=5)  # 20x40 becomes 30x60
        assert tall[:, :20].mean() == pytest.approx(0, abs=5)

    @pytest.mark.parametrize("colour", [(0, 0, 255), (0, 255, 0), (255, 0, 0), (255, 255, 255), (40, 120, 200)])
    def test_keep_their_colours_under_the_standard_the_file_names(self, container, colour, tmp_path):
        picture = np.broadcast_to(np.array(colour, np.uint8), (48, 64, 3)).copy()
        write_all(VideoSink(tmp_path / f"out.{container}", StatedSource()), [0.0], picture)
        with av.open(str(tmp_path / f"out.{container}")) as result:
            frame = next(result.decode(video=0))
            assert result.streams.video[0].codec_context.name == "h264"
        assert (frame.colorspace, frame.color_range, frame.format.name) == (1, 1, "yuv420p")  # BT.709, limited
        y, u, v = (
            np.array(plane, np.uint8).ravel()[0] for plane in (frame.planes[0], frame.planes[1], frame.planes[2])
        )
        # ITU-R BT.709-6, 3.2 and 3.4, for eight bits.
        blue, green, red = np.array(colour) / 255
        luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
        assert y == pytest.approx(16 + 219 * luma, abs=2)
        assert u == pytest.approx(128 + 224 * (blue - luma) / 1.8556, abs=3)
        assert v == pytest.approx(128 + 224 * (red - luma) / 1.5748, abs=3)


class TestFailuresOfTheEncoder:
    @pytest.fixture(autouse=True)
    def failing(self, monkeypatch):
        def fail(*_):
            raise av.error.FFmpegError(5, "Input/output error")

        monkeypatch.setattr(VideoEncoder, "write", fail)

    def test_surface_at_a_later_write_and_not_again_at_close(self, tmp_path):
        sink = VideoSink(tmp_path / "out.mp4", StatedSource())
        with pytest.raises(SinkError, match=r"out\.mp4.*Input/output error"):
            for index in range(10):
                sink.write(tracked(index), grey(100))
        sink.close()

    def test_surface_at_close(self, tmp_path):
        sink = VideoSink(tmp_path / "out.mp4", StatedSource())
        sink.write(tracked(), grey(100))
        with pytest.raises(SinkError, match=r"out\.mp4.*Input/output error"):
            sink.close()


def test_the_recording_itself_is_never_replaced(tmp_path):
    recording = make_recording(tmp_path / "in.mp4")
    content = recording.read_bytes()
    with pytest.raises(SinkError, match="reads"):
        VideoSink(recording, StatedSource(recording), overwrite=True)
    assert recording.read_bytes() == content

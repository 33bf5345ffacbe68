"""The speed benchmark measures what it says, on a clip of a few frames."""

from itertools import islice

import av
import pytest

from benchmarks.speed import Measurement, decode, tables, track, transcode
from tests.tracker.sources.material import write_clip, write_grey_clip
from tracker.report import RunStatistics
from tracker.sources import DEMO_CLIP


@pytest.fixture
def clip(tmp_path):
    with av.open(str(DEMO_CLIP)) as container:
        frames = [frame.to_ndarray(format="bgr24") for frame in islice(container.decode(video=0), 6)]
    return write_clip(tmp_path / "clip.mp4", frames)


def test_a_bare_transcode_has_every_frame(tmp_path):
    source = write_grey_clip(tmp_path / "grey.mp4", 9)
    assert transcode(source, tmp_path / "again.mp4") > 0
    with av.open(str(tmp_path / "again.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) == 9


def test_bare_decoding_has_a_rate(clip):
    assert decode(clip) > 0


def test_the_program_accounts_for_every_frame_and_stage(clip, tmp_path):
    account = track(clip, ["--poses", str(tmp_path / "poses.csv"), "--output", str(tmp_path / "seen.mp4")])
    assert account.frames == 6
    assert list(account.stage_seconds) == ["read", "detect", "network", "track", "draw", "write"]
    assert sum(account.stage_seconds.values()) <= account.loop_s


def account(loop_s):
    statistics = RunStatistics(frames=100, faces=100, device="CPU (LiteRT)", loop_s=loop_s)
    statistics.add("read", 0.25)
    statistics.add("write", 0.5)
    return statistics


def test_the_tables_show_medians_and_shares(clip):
    rounds = [Measurement(400.0, 200.0, account(1.0), account(2.0), 3.0)] * 2
    rounds.append(Measurement(1.0, 1.0, account(50.0), account(60.0), 90.0))  # an outlier, as a busy machine gives
    lines = tables(clip, rounds).splitlines()
    assert "| bare decode | 400 | |" in lines
    assert "| poses | **100** | 25 % of bare decode |" in lines
    assert "| poses, annotated video | **50** | 25 % of bare decode + encode |" in lines
    assert "| ms a frame | read | write | all |" in lines
    assert "| poses | 2.50 | 5.00 | 10.00 |" in lines
    assert lines[-1].endswith("3.0 s")
    assert lines[0].startswith("clip.mp4 (640x480, 100 frames, 1.0 faces a frame); ")

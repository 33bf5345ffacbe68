"""`open_sinks`: which sinks a run gets, and what is refused before it starts."""

from __future__ import annotations

import pytest

from tests.tracker.sinks.material import StatedSource, face, grey, names_in, tracked
from tracker.errors import DisplayError, SinkError, UsageError
from tracker.sinks import PoseCsvSink, PoseJsonlSink, VideoSink, WindowSink, open_sinks


@pytest.fixture
def no_screen(monkeypatch):
    def refuse():
        raise DisplayError("no display")

    monkeypatch.setattr("tracker.sinks.window.require_display", refuse)


def test_every_output_that_is_asked_for_is_opened(tmp_path, screen):
    sinks = open_sinks(
        StatedSource(), output=tmp_path / "a.mp4", poses=[tmp_path / "a.csv", tmp_path / "a.jsonl"], window=True
    )
    assert {type(sink) for sink in sinks} == {WindowSink, VideoSink, PoseCsvSink, PoseJsonlSink}
    for sink in sinks:
        sink.write(tracked(poses=[face()]), grey(100) if sink.needs_picture else None)
        sink.close()
    assert names_in(tmp_path) == ["a.csv", "a.jsonl", "a.mp4"]


def test_names_may_be_text(tmp_path):
    (sink,) = open_sinks(StatedSource(), window=False, poses=[f"{tmp_path}/a.csv"])
    assert isinstance(sink, PoseCsvSink)


def test_asking_for_nothing_says_what_to_ask_for(tmp_path):
    with pytest.raises(UsageError, match=r"--output or --poses") as caught:
        open_sinks(StatedSource(), window=False)
    assert caught.value.exit_code == 2


def test_no_display_and_nothing_else_asked_for_is_an_error(no_screen):
    with pytest.raises(DisplayError):
        open_sinks(StatedSource(), window=True)


def test_no_display_but_outputs_is_a_warning(no_screen, tmp_path, caplog):
    (sink,) = open_sinks(StatedSource(), window=True, poses=[tmp_path / "a.csv"])
    assert isinstance(sink, PoseCsvSink)
    assert "without a window" in caplog.text


def test_an_unknown_extension_of_a_pose_log_names_the_known_ones(tmp_path):
    with pytest.raises(SinkError, match=r"a\.xlsx.*\.csv or \.jsonl"):
        open_sinks(StatedSource(), window=False, poses=[tmp_path / "a.xlsx"])


def test_one_name_for_two_outputs_is_refused(tmp_path):
    with pytest.raises(SinkError, match="two outputs"):
        open_sinks(StatedSource(), window=False, poses=[tmp_path / "a.csv", tmp_path / "x" / ".." / "a.csv"])


@pytest.mark.parametrize("option", ["output", "poses"])
def test_what_the_run_reads_is_never_an_output(option, tmp_path):
    name = "a.mp4" if option == "output" else "a.csv"
    (tmp_path / name).write_text("precious")
    path = tmp_path / name
    with pytest.raises(SinkError, match="reads"):
        open_sinks(
            StatedSource(), window=False, **{option: path if option == "output" else [path]},
            overwrite=True, inputs=[path],
        )  # fmt: skip
    assert path.read_text() == "precious"


def test_the_recording_is_never_an_output(tmp_path):
    recording = tmp_path / "a.mp4"
    recording.write_text("precious")
    with pytest.raises(SinkError, match="reads"):
        open_sinks(StatedSource(recording), window=False, output=recording, overwrite=True)


def test_stills_wait_for_a_key_only_if_the_window_is_all_there_is(tmp_path, screen):
    screen.keys = [-1, ord(" ")]
    for output, waits in ((None, 1), (tmp_path / "a.mp4", 0)):
        screen.waits = 0
        sinks = open_sinks(StatedSource(is_sequence=False), output=output)
        window = next(sink for sink in sinks if isinstance(sink, WindowSink))
        window.write(tracked(), grey(100))
        assert screen.waits == waits
        for sink in sinks:
            sink.close()

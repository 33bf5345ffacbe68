"""How fast the program is: `python -m benchmarks.speed [--source FILE]`.

Milliseconds a frame by stage, frames a second of the whole program against a bare decode (and decode + encode) of the
same file measured in turn with it, and the time from the start of the program to its first pose. Each figure is the
median of several runs.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

import av
from av.video.frame import PictureType

from benchmarks.machine import machine_line
from tracker.app import process
from tracker.interruption import SignalGuard
from tracker.options import parse_options
from tracker.quiet import quiet_libraries
from tracker.report import Report, RunStatistics
from tracker.sinks.encoder import H264_OPTIONS
from tracker.sources import DEMO_CLIP

_PROGRAM = Path(__file__).resolve().parents[1] / "run_live.py"


class Measurement(NamedTuple):
    """One round: frames a second of each way to go through the file, the program's account of its two, seconds."""

    decode: float
    transcode: float
    poses: RunStatistics
    video: RunStatistics
    first_pose_s: float


def measure(source: Path) -> Measurement:
    """One round over the whole file. Raises FpnLiveError for a file that the program refuses."""
    with tempfile.TemporaryDirectory() as folder:
        poses = ["--poses", f"{folder}/poses.csv"]
        return Measurement(
            decode=decode(source),
            transcode=transcode(source, Path(folder) / "again.mp4"),
            poses=track(source, poses),
            video=track(source, [*poses, "--output", f"{folder}/seen.mp4"]),
            first_pose_s=seconds_to_first_pose(source, Path(folder) / "first.jsonl"),
        )


def decode(source: Path) -> float:
    """Frames a second of decoding alone, with as many threads as libav finds good."""
    return _frames_a_second(source, lambda frame: None)


def transcode(source: Path, target: Path) -> float:
    """Frames a second of decoding and encoding again as the program encodes, without turning frames into pictures."""
    with av.open(str(source)) as container, av.open(str(target), "w") as output:
        stream = container.streams.video[0]
        encoder = output.add_stream("libx264", rate=stream.average_rate or 30, options=H264_OPTIONS)
        encoder.width, encoder.height, encoder.pix_fmt = stream.width, stream.height, "yuv420p"

        def encode(frame: av.VideoFrame) -> None:
            frame.pict_type = PictureType.NONE  # else the encoder repeats the recording's choice of key frames
            output.mux(encoder.encode(frame))

        rate = _frames_a_second(source, encode)
        output.mux(encoder.encode(None))
    return rate


def _frames_a_second(source: Path, use: Callable[[av.VideoFrame], None]) -> float:
    started = time.perf_counter()
    frames = 0
    with av.open(str(source)) as container:
        container.streams.video[0].thread_type = "AUTO"
        for frame in container.decode(video=0):
            use(frame)
            frames += 1
    return frames / (time.perf_counter() - started)


def track(source: Path, options: Sequence[str]) -> RunStatistics:
    """The program's own account of a run over the whole file, in this process, loading the networks apart."""
    account = RunStatistics()
    chosen = parse_options(["--source", str(source), "--no-display", "--overwrite", *options])
    with SignalGuard() as signals, Report(io.StringIO()) as report:
        process(chosen, account, report, signals)
    return account


def seconds_to_first_pose(source: Path, log: Path) -> float:
    """Seconds from starting the program anew to the first pose in its log; nan if the file shows no face."""
    command = [sys.executable, str(_PROGRAM), "--source", str(source), "--no-display", "--poses", str(log)]
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as program:
        try:
            while not (log.exists() and log.stat().st_size):
                if program.poll() is not None:
                    return float("nan")
                time.sleep(0.002)
            return time.perf_counter() - started
        finally:
            program.terminate()


def tables(source: Path, rounds: Sequence[Measurement]) -> str:
    """What was measured, as Markdown."""
    decoded, transcoded = (median(getattr(each, way) for each in rounds) for way in ("decode", "transcode"))
    poses, video = (median(_rate(getattr(each, way)) for each in rounds) for way in ("poses", "video"))
    first = rounds[0].poses
    seen = f"{first.frames} frames, {first.faces / max(first.frames, 1):.1f} faces a frame"
    return "\n".join(
        [
            f"{source.name} ({_size(source)}, {seen}); {machine_line()}; {first.device}; median of {len(rounds)} runs",
            "",
            "| | frames a second | |",
            "|---|---|---|",
            f"| bare decode | {decoded:.0f} | |",
            f"| poses | **{poses:.0f}** | {100 * poses / decoded:.0f} % of bare decode |",
            f"| bare decode + encode | {transcoded:.0f} | |",
            f"| poses, annotated video | **{video:.0f}** | {100 * video / transcoded:.0f} % of bare decode + encode |",
            "",
            *_stage_table(rounds),
            "",
            f"From the start of the program to the first pose: {median(each.first_pose_s for each in rounds):.1f} s",
        ]
    )


def _stage_table(rounds: Sequence[Measurement]) -> list[str]:
    stages = list(rounds[0].video.stage_seconds)
    lines = [f"| ms a frame | {' | '.join(stages)} | all |", "|---" * (len(stages) + 2) + "|"]
    for title, way in (("poses", "poses"), ("poses, annotated video", "video")):
        runs: list[RunStatistics] = [getattr(each, way) for each in rounds]
        by_stage = [median(1000 * run.stage_seconds.get(stage, 0.0) / run.frames for run in runs) for stage in stages]
        together = median(1000 * run.loop_s / run.frames for run in runs)
        lines.append(f"| {title} | {' | '.join(f'{ms:.2f}' for ms in by_stage)} | {together:.2f} |")
    return lines


def _rate(account: RunStatistics) -> float:
    return account.frames / account.loop_s


def _size(source: Path) -> str:
    with av.open(str(source)) as container:
        stream = container.streams.video[0]
        return f"{stream.width}x{stream.height}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    parser.add_argument("--source", type=Path, default=DEMO_CLIP, metavar="FILE", help="video (default: the demo clip)")
    parser.add_argument("--runs", type=int, default=3, metavar="N", help="rounds to take the median of (default: 3)")
    options = parser.parse_args()
    if not options.source.is_file():
        parser.error(f"{options.source}: no such video")
    with quiet_libraries():
        rounds = [measure(options.source) for _ in range(options.runs)]
    print(tables(options.source, rounds))


if __name__ == "__main__":
    main()

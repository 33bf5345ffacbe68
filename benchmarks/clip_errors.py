"""Errors of tracked poses on rendered clips of one head, whose truth is exact: the demo clip and the motion clips."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.markdown import table
from benchmarks.motion_clips import MOTIONS, Clip, read_clip
from benchmarks.portraits import Float
from fpn.rotations import geodesic_deg
from tracker import HeadPoseTracker
from tracker.frame import TrackState
from tracker.sources import DEMO_CLIP, open_source

_DEMO_TRUTH = "demo_truth"


@dataclass(frozen=True)
class ClipErrors:
    """Geodesic errors in degrees and distances in mm of the measured frames (m,) of a clip of `frames` frames."""

    name: str
    turned_deg: Float
    moved_mm: Float
    frames: int


def demo_clip() -> Clip:
    """The clip that comes with the program."""
    truth = read_clip(DEMO_CLIP.parent, _DEMO_TRUTH)
    return Clip("demo", DEMO_CLIP, truth.times_s, truth.rotations, truth.translations)


def drawn_clips(folder: Path) -> list[Clip]:
    """The motion clips that are in a folder (`benchmarks.tracking` draws them there)."""
    return [read_clip(folder, name) for name in MOTIONS if (folder / f"{name}.csv").exists()]


def clip_errors(clip: Clip, smoothing: str, device: str = "auto", weights: Path | None = None) -> ClipErrors:
    """Of the whole program's poses, detection included, in the frames in which exactly one head was measured."""
    turned, moved = [], []
    with (
        open_source(str(clip.video)) as source,
        HeadPoseTracker(smoothing=smoothing, device=device, weights=weights) as tracker,
    ):
        for frame in source:
            seen = [face for face in tracker.update(frame.image, frame.time_s) if face.state != TrackState.COASTING]
            if len(seen) == 1:
                pose = seen[0].pose
                turned.append(float(geodesic_deg(pose.rotation, clip.rotations[frame.index])))
                moved.append(float(np.linalg.norm(pose.translation - clip.translations[frame.index])))
    return ClipErrors(f"{clip.name}, smoothing {smoothing}", np.array(turned), np.array(moved), len(clip.rotations))


def clips_table(found: Iterable[ClipErrors]) -> str:
    """Markdown, a row a clip. Frames follow each other, so a bootstrap interval over them would be too narrow."""
    rows = []
    for each in found:
        figures = ["", "", "", "", ""]
        if len(each.turned_deg):
            figures = [
                f"{each.turned_deg.mean():.2f}",
                f"{np.median(each.turned_deg):.2f}",
                f"{np.quantile(each.turned_deg, 0.95):.2f}",
                f"{each.turned_deg.max():.2f}",
                f"{each.moved_mm.mean():.1f}",
            ]
        rows.append([each.name, f"{len(each.turned_deg)} of {each.frames}", *figures])
    return table(["clip", "frames measured", "mean, degrees", "median", "95 % below", "worst", "position, mm"], rows)

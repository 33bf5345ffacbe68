"""Tracks of real videos, of which no truth is known: how many, how often lost, and how still when the head is."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from benchmarks.steadiness import rotation_jitter_deg
from fpn.pose import HeadPose
from tracker import HeadPoseTracker
from tracker.frame import TrackedPose, TrackState
from tracker.sources import open_source

_STRETCH_S = 1.0
_STILLEST = 0.1  # share of the stretches, by how much the raw poses spread in them


@dataclass(frozen=True)
class RealTrack:
    """One track, frame by frame from its first: times (n,) in seconds, raw poses and those of the program at its
    default, None where it coasted.
    """

    times_s: list[float]
    poses: list[HeadPose | None]
    smooth: list[HeadPose | None]

    @property
    def gaps(self) -> int:
        """How often the face was lost, for a moment or for good."""
        seen = [pose is not None for pose in self.poses]
        return sum(before and not now for before, now in pairwise(seen))


def follow(video: Path, seconds: float, device: str, weights: Path | None) -> list[RealTrack]:
    """The tracks of a video's first seconds, not smoothed, and beside them what the program makes of the same faces."""
    tracks: dict[int, RealTrack] = {}
    with (
        open_source(str(video)) as source,
        HeadPoseTracker(smoothing="off", device=device, weights=weights) as raw,
        HeadPoseTracker(device=device, weights=weights) as program,
    ):
        for frame in source:
            if frame.time_s >= seconds:
                break
            smooth = {face.track: face for face in program.update(frame.image, frame.time_s)}
            for face in raw.update(frame.image, frame.time_s):
                track = tracks.setdefault(face.track, RealTrack([], [], []))
                track.times_s.append(frame.time_s)
                track.poses.append(_seen(face))
                track.smooth.append(_seen(smooth.get(face.track)))
    return list(tracks.values())


def _seen(face: TrackedPose | None) -> HeadPose | None:
    return None if face is None or face.state is TrackState.COASTING else face.pose


def still_jitter_deg(tracks: list[RealTrack]) -> tuple[float, float] | None:
    """Trembling in the stillest stretches, root mean square, raw and filtered; None without any."""
    stretches = sorted(stretch for track in tracks for stretch in _stretches(track))
    if not stretches:
        return None
    stillest = np.array(stretches[: max(1, round(_STILLEST * len(stretches)))])
    _, raw, smooth = np.sqrt(np.mean(stillest**2, axis=0)).tolist()
    return raw, smooth


def trembling_deg(rotations: Rotation) -> float:
    """Standard deviation, over all axes, of noise from frame to frame, degrees: no steady motion counts for it.

    From the angles between each rotation and the middle of its neighbours: for white noise of variance 1 their variance
    is 3/2.
    """
    across = (rotations[2:] * rotations[:-2].inv()).as_rotvec()
    middles = Rotation.from_rotvec(across / 2) * rotations[:-2]
    return float(np.degrees(np.sqrt(np.mean((rotations[1:-1] * middles.inv()).magnitude() ** 2) / 1.5)))


def _stretches(track: RealTrack) -> list[tuple[float, float, float]]:
    """For every whole stretch in which the face was always seen: spread, trembling raw and filtered. Not the first."""
    times = np.array(track.times_s)
    found = []
    for begin_s in np.arange(times[0] + _STRETCH_S, times[-1] - _STRETCH_S, _STRETCH_S):
        inside = np.flatnonzero((times >= begin_s) & (times < begin_s + _STRETCH_S))
        raw, filtered = _rotations(track.poses, inside), _rotations(track.smooth, inside)
        if raw is not None and filtered is not None:
            found.append((rotation_jitter_deg(raw), trembling_deg(raw), trembling_deg(filtered)))
    return found


def _rotations(poses: list[HeadPose | None], inside: npt.NDArray[np.intp]) -> Rotation | None:
    chosen = [pose.rotation for index in inside if (pose := poses[index]) is not None]
    return Rotation.from_matrix(chosen) if len(chosen) == len(inside) > 2 else None


def report(folder: Path, seconds: float, device: str, weights: Path | None) -> None:
    """Print the table of a folder's videos; says so if there are none."""
    videos = sorted(folder.glob("*.mp4"))
    print(f"\nreal videos, the first {seconds:.0f} s: tracks, losses of a track for a moment or for good, trembling of")
    print("rotation in the stillest tenth of all seconds, degrees, raw and at default")
    for video in videos:
        tracks = follow(video, seconds, device, weights)
        jitter = still_jitter_deg(tracks)
        told = "" if jitter is None else f"{jitter[0]:.3f}   {jitter[1]:.3f}"
        print(f"  {video.stem:20} {len(tracks):3}   {sum(track.gaps for track in tracks):3}   {told}", flush=True)
    if not videos:
        print(f"  none in {folder}")

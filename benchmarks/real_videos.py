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
from tracker.frame import TrackState
from tracker.smoothing import PoseFilter
from tracker.sources import open_source

_STRETCH_S = 1.0
_STILLEST = 0.1  # share of the stretches, by how much the raw poses spread in them


@dataclass(frozen=True)
class RealTrack:
    """The raw poses of one track, frame by frame from its first, None where it coasted; times (n,) in seconds."""

    times_s: list[float]
    poses: list[HeadPose | None]

    @property
    def gaps(self) -> int:
        """How often the face was lost, for a moment or for good."""
        seen = [pose is not None for pose in self.poses]
        return sum(before and not now for before, now in pairwise(seen))

    def filtered(self) -> list[HeadPose | None]:
        """The poses as the program smooths them by default."""
        pose_filter, poses = PoseFilter(), []
        for step_s, pose in zip(np.diff(self.times_s, prepend=self.times_s[0]).tolist(), self.poses, strict=True):
            pose_filter.predict(step_s)
            poses.append(pose_filter.pose if pose is not None and pose_filter.update(pose) else None)
        return poses


def follow(video: Path, seconds: float, device: str, weights: Path | None) -> list[RealTrack]:
    """The tracks of a video's first seconds, not smoothed."""
    tracks: dict[int, RealTrack] = {}
    with open_source(str(video)) as source, HeadPoseTracker(smoothing="off", device=device, weights=weights) as tracker:
        for frame in source:
            if frame.time_s >= seconds:
                break
            for face in tracker.update(frame.image, frame.time_s):
                track = tracks.setdefault(face.track, RealTrack([], []))
                track.times_s.append(frame.time_s)
                track.poses.append(None if face.state is TrackState.COASTING else face.pose)
    return list(tracks.values())


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
    smooth = track.filtered()
    times = np.array(track.times_s)
    found = []
    for begin_s in np.arange(times[0] + _STRETCH_S, times[-1] - _STRETCH_S, _STRETCH_S):
        inside = np.flatnonzero((times >= begin_s) & (times < begin_s + _STRETCH_S))
        raw, filtered = _rotations(track.poses, inside), _rotations(smooth, inside)
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

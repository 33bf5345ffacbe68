"""Neighbouring frames of videos, in pairs, as twins without a label: `python -m training neighbours`.

Within a quarter of a second a head that hardly moves blinks, speaks and grimaces, and the camera trembles and
compresses it anew: all of it real, none of it a change of pose. A network of ours tracks the video; smoothed from both
sides of time its poses say how little the head moved between two frames. How it stands they do not have to know: of
twins only the difference is taught (`training.dataset.TARGETS`).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from fpn.camera import Camera
from fpn.crop import cut_crop
from fpn.head import FACE_CENTER_MM, LANDMARKS_MM
from fpn.lift import region_of
from fpn.network import EXPRESSION_COUNT, IDENTITY_COUNT
from fpn.pose import HeadPose
from fpn.roi import Roi
from fpn.rotations import geodesic_deg
from tracker import HeadPoseTracker
from tracker.frame import TrackState
from tracker.sources import open_source
from tracker.two_sided import smooth_track
from training.picture_set import UNLABELLED, Drawn, write_set
from training.turning import PICTURE_SIZE, PIXELS_PER_MM, ROI_PIXELS, Grey

Float = npt.NDArray[np.float64]

LONGEST_S = 0.27
_SHORTEST_S = 0.06
_FASTEST_DEG_PER_S = 15.0
_EVERY_S = 0.1
_SHORTEST_TRACK_S = 1.0
_UNKNOWN = np.full(EXPRESSION_COUNT, np.nan, np.float32)


@dataclass
class _Followed:
    """A track: frame numbers, times in seconds, poses (None where unseen) and expression weights."""

    frames: list[int] = field(default_factory=list)
    times_s: list[float] = field(default_factory=list)
    poses: list[HeadPose | None] = field(default_factory=list)
    expressions: list[npt.NDArray[np.float32]] = field(default_factory=list)


def quiet_pairs(times_s: Sequence[float], rotations: Float, expressions: Float) -> list[tuple[int, int]]:
    """Pairs of frames between which the head hardly turned and the face changed most.

    rotations: (n, 3, 3), smoothed. expressions: (n, k) weights, NaN where the face was not seen. A pair is at most
    `LONGEST_S` apart, with no frame unseen and no quick turn from just before it until just after it.
    """
    times = np.asarray(times_s)
    steps = np.maximum(np.diff(times), 1e-6)
    speed = geodesic_deg(rotations[1:], rotations[:-1]) / steps
    quiet = np.concatenate([[False], speed < _FASTEST_DEG_PER_S]) & np.isfinite(expressions).all(axis=1)
    pairs, next_s = [], -np.inf
    for first in range(1, len(times) - 1):
        if times[first] < next_s or not quiet[first - 1 : first + 1].all():
            continue
        best, change = None, 0.0
        for second in range(first + 1, len(times) - 1):
            if times[second] - times[first] > LONGEST_S or not quiet[second] or not quiet[second + 1]:
                break
            differs = float(np.linalg.norm(expressions[second] - expressions[first]))
            if times[second] - times[first] >= _SHORTEST_S and differs > change:
                best, change = second, differs
        if best is not None:
            pairs.append((first, best))
            next_s = times[first] + _EVERY_S
    return pairs


def framed_face(grey: Grey, pose: HeadPose, camera: Camera) -> tuple[Grey, Float]:
    """The face framed as drawn pictures are (192, 192), and its rotation relative to the line of sight (3, 3)."""
    region = region_of(pose, camera)
    wide = Roi(region.center_x, region.center_y, region.side * PICTURE_SIZE / ROI_PIXELS)
    crop = cut_crop(grey, wide, camera, PICTURE_SIZE)
    return crop.pixels, crop.orientation.T @ pose.rotation


def draw_pairs(video: Path, number: int) -> Drawn:
    """All pairs of one video, first and second beside each other; `number` stands for the photograph."""
    tracks: dict[int, _Followed] = {}
    with open_source(str(video)) as source, HeadPoseTracker(smoothing="off") as tracker:
        for count, frame in enumerate(source):
            for face in tracker.update(frame.image, frame.time_s):
                track = tracks.setdefault(face.track, _Followed())
                seen = face.state is not TrackState.COASTING
                track.frames.append(count)
                track.times_s.append(frame.time_s)
                track.poses.append(face.pose if seen else None)
                known = seen and face.shape is not None
                track.expressions.append(face.shape[IDENTITY_COUNT:] if known else _UNKNOWN)  # type: ignore[index]
        camera = tracker.camera
    wanted: dict[int, list[tuple[int, HeadPose]]] = {}
    count = 0
    for track in tracks.values():
        if track.times_s[-1] - track.times_s[0] < _SHORTEST_TRACK_S:
            continue
        smooth = [each.pose for each in smooth_track(track.times_s, track.poses)]
        turned = np.stack([pose.rotation for pose in smooth])
        for pair in quiet_pairs(track.times_s, turned, np.stack(track.expressions)):
            for member in pair:
                wanted.setdefault(track.frames[member], []).append((count, smooth[member]))
                count += 1
    pictures = np.empty((count, PICTURE_SIZE, PICTURE_SIZE), np.uint8)
    rotations = np.empty((count, 3, 3), np.float32)
    with open_source(str(video)) as source:
        for frame_number, frame in enumerate(source):
            if frame_number not in wanted:
                continue
            grey = cv2.cvtColor(frame.image, cv2.COLOR_BGR2GRAY)
            for place, pose in wanted[frame_number]:
                pictures[place], rotations[place] = framed_face(grey, pose, camera)
    print(f"{video.name}: {count // 2} pairs", flush=True)
    landmarks = (LANDMARKS_MM - FACE_CENTER_MM) @ np.swapaxes(rotations, 1, 2) * PIXELS_PER_MM
    landmarks[..., :2] += (PICTURE_SIZE - 1) / 2
    return Drawn(
        pictures,
        rotations,
        landmarks.astype(np.float32),
        np.full(count, UNLABELLED, np.uint8),
        np.full(count, number, np.int32),
        np.arange(count) % 2 == 0,
    )


def main(argv: list[str] | None = None) -> int:
    """Track videos with the project's own weights and write their pairs as a set for `train`."""
    parser = argparse.ArgumentParser(prog="python -m training neighbours", description=__doc__)
    parser.add_argument("--videos", type=Path, nargs="+", required=True, help="video files")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    options = parser.parse_args(argv)
    write_set(options.out, [draw_pairs(video, number) for number, video in enumerate(options.videos)])
    return 0

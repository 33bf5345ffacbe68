"""Clips of one head, tracked once, and filters run over the poses that were measured of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from benchmarks.motion_clips import Clip
from benchmarks.plain_filters import Path6D
from fpn.camera import Camera
from fpn.pose import HeadPose
from tracker import HeadPoseTracker
from tracker.expression import SteadyFace, steadied_track
from tracker.frame import TrackState
from tracker.leakage import Leakage
from tracker.smoothing import SMOOTHING_NAMES, PoseFilter
from tracker.sources import open_source
from tracker.two_sided import smooth_track

Filter = Callable[["Tracked"], "list[HeadPose]"]


@dataclass(frozen=True)
class Tracked:
    """The raw poses of a clip's head, None where it was not measured.

    shapes: (50,) weights measured with them. leakage: what is known of the network's weights; None for nothing.
    """

    clip: Clip
    poses: list[HeadPose | None]
    shapes: Sequence[npt.NDArray[np.float32] | None] = ()
    leakage: Leakage | None = None

    @property
    def measured(self) -> npt.NDArray[np.bool_]:
        """(n,) whether the head was measured."""
        return np.array([pose is not None for pose in self.poses])


def track(clip: Clip, device: str, weights: Path | None) -> Tracked:
    """The clip through detector, network and tracks, without smoothing, from the frame in which the head was found.

    Raises ValueError if it never was.
    """
    poses: list[HeadPose | None] = []
    shapes: list[npt.NDArray[np.float32] | None] = []
    with (
        open_source(str(clip.video)) as source,
        HeadPoseTracker(smoothing="off", device=device, weights=weights) as tracker,
    ):
        tracker.camera = Camera.from_fov(*source.size)
        for frame in source:
            seen = [face for face in tracker.update(frame.image, frame.time_s) if face.state != TrackState.COASTING]
            poses.append(seen[0].pose if seen else None)
            shapes.append(seen[0].shape if seen else None)
        leakage = tracker.leakage
    first = next((index for index, pose in enumerate(poses) if pose is not None), None)
    if first is None:
        raise ValueError(f"{clip.video}: no head was found in it")
    truth = replace(
        clip,
        times_s=clip.times_s[first:],
        rotations=clip.rotations[first:],
        translations=clip.translations[first:],
    )
    return Tracked(truth, poses[first:], shapes[first:], leakage)


def causal(smoothing: str) -> Filter:
    """What a track does with a preset: what expressions do is taken back, and the rest filtered."""

    def run(tracked: Tracked) -> list[HeadPose]:
        pose_filter, poses = PoseFilter(smoothing), []
        face = SteadyFace(tracked.leakage) if tracked.leakage is not None and smoothing != "off" else None
        steps = np.diff(tracked.clip.times_s, prepend=tracked.clip.times_s[0]).tolist()
        for step_s, pose, shape in zip_longest(steps, tracked.poses, tracked.shapes):
            pose_filter.predict(step_s)
            if pose is not None:
                if face is None:
                    pose_filter.update(pose)
                else:
                    face.measure(pose_filter, pose, shape, step_s)
            poses.append(pose_filter.pose)
        return poses

    return run


def offline(tracked: Tracked) -> list[HeadPose]:
    """Our two-sided smoother."""
    times_s = tracked.clip.times_s.tolist()
    if tracked.leakage is None:
        return [each.pose for each in smooth_track(times_s, tracked.poses)]
    steadied, biases = steadied_track(times_s, tracked.poses, tracked.shapes, tracked.leakage)
    return [each.pose for each in smooth_track(times_s, steadied, biases)]


def plain(method: Callable[[Path6D], Path6D]) -> Filter:
    """One of the filters to compare with; it gives no uncertainty."""

    def run(tracked: Tracked) -> list[HeadPose]:
        raw = causal("off")(tracked)
        rotations = Rotation.from_matrix([pose.rotation for pose in raw])
        path = method(Path6D(tracked.clip.times_s, rotations, np.array([pose.translation for pose in raw])))
        none = np.zeros((3, 3))
        return [HeadPose(R, t, none, none) for R, t in zip(path.rotations.as_matrix(), path.translations, strict=True)]

    return run


METHODS: dict[str, Filter] = {**{name: causal(name) for name in SMOOTHING_NAMES}, "offline": offline}
"""What `--smoothing` offers."""


def swinging(
    tracked: Tracked, amplitude_deg: float, frequency_hz: float, axis: tuple[float, float, float] = (0.0, 1.0, 0.0)
) -> Tracked:
    """A head that swings to and fro from 1 s on: the poses measured of a still one, noise and all, turned.

    axis: in the camera frame.
    """
    times = tracked.clip.times_s - tracked.clip.times_s[0]
    angles = np.radians(amplitude_deg) * np.sin(2 * np.pi * frequency_hz * np.maximum(times - 1, 0))
    turns = Rotation.from_rotvec(np.outer(angles, axis)).as_matrix()
    poses = [pose and replace(pose, rotation=R @ pose.rotation) for R, pose in zip(turns, tracked.poses, strict=True)]
    return replace(tracked, clip=replace(tracked.clip, rotations=turns @ tracked.clip.rotations), poses=poses)

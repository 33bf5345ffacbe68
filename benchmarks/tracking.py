"""Steadiness, lag, leakage, honesty and limits of tracked poses, on clips with exact truth.

`python -m benchmarks.tracking --clips FOLDER` prints a table and, with `--plots FOLDER`, draws the curves. The clips
are drawn the first time, for which the training's data is needed; see docs/training.md.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from benchmarks.machine import machine_line
from benchmarks.motion_clips import MOTIONS, Clip, draw_clips, read_clip
from benchmarks.plain_filters import AVERAGED_FRAMES, ONE_EURO_SETTINGS, Path6D, moving_average, one_euro
from benchmarks.steadiness import (
    lag_s,
    largest_change_deg,
    lost_and_found_deg,
    position_jitter_mm,
    rotation_jitter_deg,
    share_inside,
    squared_surprise,
)
from fpn.camera import Camera
from fpn.pose import HeadPose
from fpn.rotations import angles_from_rotation
from tracker import HeadPoseTracker
from tracker.frame import TrackState
from tracker.smoothing import SMOOTHING_NAMES, PoseFilter
from tracker.sources import open_source
from tracker.two_sided import smooth_track

Float = npt.NDArray[np.float64]
Filter = Callable[["Tracked"], "list[HeadPose]"]

_RATE = 30.0
_SETTLED = 30  # frames after which a filter has settled
LEVELS = (0.5, 0.8, 0.95)
_SWINGS = ("swing-0.5Hz", "swing-1Hz", "swing-2Hz")


@dataclass(frozen=True)
class Tracked:
    """The raw poses of a clip's head, None where it was not measured."""

    clip: Clip
    poses: list[HeadPose | None]

    @property
    def measured(self) -> npt.NDArray[np.bool_]:
        """(n,) whether the head was measured."""
        return np.array([pose is not None for pose in self.poses])


def track(clip: Clip, device: str, weights: Path | None) -> Tracked:
    """The clip through detector, network and tracks, without smoothing, from the frame in which the head was found.

    Raises ValueError if it never was.
    """
    poses: list[HeadPose | None] = []
    with (
        open_source(str(clip.video)) as source,
        HeadPoseTracker(smoothing="off", device=device, weights=weights) as tracker,
    ):
        tracker.camera = Camera.from_fov(*source.size)
        for frame in source:
            seen = [face for face in tracker.update(frame.image, frame.time_s) if face.state != TrackState.COASTING]
            poses.append(seen[0].pose if seen else None)
    first = next((index for index, pose in enumerate(poses) if pose is not None), None)
    if first is None:
        raise ValueError(f"{clip.video}: no head was found in it")
    truth = replace(
        clip,
        times_s=clip.times_s[first:],
        rotations=clip.rotations[first:],
        translations=clip.translations[first:],
    )
    return Tracked(truth, poses[first:])


def causal(smoothing: str) -> Filter:
    """Our filter with a preset."""

    def run(tracked: Tracked) -> list[HeadPose]:
        pose_filter, poses = PoseFilter(smoothing), []
        steps = np.diff(tracked.clip.times_s, prepend=tracked.clip.times_s[0])
        for step_s, pose in zip(steps, tracked.poses, strict=True):
            pose_filter.predict(float(step_s))
            if pose is not None:
                pose_filter.update(pose)
            poses.append(pose_filter.pose)
        return poses

    return run


def offline(tracked: Tracked) -> list[HeadPose]:
    """Our two-sided smoother."""
    return [each.pose for each in smooth_track(tracked.clip.times_s.tolist(), tracked.poses)]


def plain(method: Callable[[Path6D], Path6D]) -> Filter:
    """One of the filters to compare with; it gives no uncertainty."""

    def run(tracked: Tracked) -> list[HeadPose]:
        raw = causal("off")(tracked)
        rotations = Rotation.from_matrix([pose.rotation for pose in raw])
        path = method(Path6D(tracked.clip.times_s, rotations, np.array([pose.translation for pose in raw])))
        none = np.zeros((3, 3))
        return [HeadPose(R, t, none, none) for R, t in zip(path.rotations.as_matrix(), path.translations, strict=True)]

    return run


def jitter(method: Filter, rest: Tracked) -> tuple[float, float]:
    """Of rotation in degrees and of position in millimetres, of a head at rest."""
    poses = method(rest)[_SETTLED:]
    return (
        rotation_jitter_deg(Rotation.from_matrix([pose.rotation for pose in poses])),
        position_jitter_mm(np.array([pose.translation for pose in poses])),
    )


def lag_frames(method: Filter, tracked: Tracked) -> float:
    """Of the yaw, in frames of 1/30 s."""
    seen = angles_from_rotation(np.array([pose.rotation for pose in method(tracked)]))[0]
    truth = angles_from_rotation(tracked.clip.rotations)[0]
    return _RATE * lag_s(tracked.clip.times_s, seen, truth)


def mean_lag_frames(method: Filter, clips: dict[str, Tracked]) -> float:
    """Over the swings and the step."""
    return float(np.mean([lag_frames(method, clips[name]) for name in (*_SWINGS, "step")]))


def coverage(method: Filter, clips: Sequence[Tracked]) -> dict[float, tuple[float, float]]:
    """For each level, the share of true rotations and positions inside the region that should hold so many."""
    turn_errors, move_errors, turn_spreads, move_spreads = [], [], [], []
    for tracked in clips:
        for pose, R, t, seen in zip(
            method(tracked), tracked.clip.rotations, tracked.clip.translations, tracked.measured, strict=True
        ):
            if seen:
                turn_errors.append(Rotation.from_matrix(R @ pose.rotation.T).as_rotvec())
                move_errors.append(t - pose.translation)
                turn_spreads.append(pose.rotation_covariance)
                move_spreads.append(pose.position_covariance)
    turn = squared_surprise(np.array(turn_errors), np.array(turn_spreads))
    move = squared_surprise(np.array(move_errors), np.array(move_spreads))
    return {level: (share_inside(turn, level), share_inside(move, level)) for level in LEVELS}


def filter_cost_ms(tracked: Tracked) -> float:
    """Milliseconds of our filter for one track and frame: the median of ten goes."""
    run, taken = causal("default"), []
    for _ in range(10):
        started = time.perf_counter()
        run(tracked)
        taken.append(time.perf_counter() - started)
    return 1000 * float(np.median(taken)) / len(tracked.poses)


def curves(clips: dict[str, Tracked]) -> dict[str, list[tuple[str, float, float]]]:
    """For each family of filters, its points: setting, jitter at rest in degrees, mean lag in frames."""
    families: dict[str, list[tuple[str, Filter]]] = {
        "ours": [(name, causal(name)) for name in SMOOTHING_NAMES],
        "ours, offline": [("offline", offline)],
        "One-Euro": [
            (
                f"{cutoff:g} Hz, beta {turn:g}",
                plain(partial(one_euro, min_cutoff_hz=cutoff, beta_turn=turn, beta_move=move)),
            )
            for cutoff, turn, move in ONE_EURO_SETTINGS
        ],
        "moving average": [
            (f"{frames} frames", plain(partial(moving_average, frames=frames))) for frames in AVERAGED_FRAMES
        ],
    }
    return {
        family: [
            (setting, jitter(method, clips["rest-640"])[0], mean_lag_frames(method, clips))
            for setting, method in methods
        ]
        for family, methods in families.items()
    }


def report(clips: dict[str, Tracked], points: dict[str, list[tuple[str, float, float]]]) -> None:
    """Print the table."""
    methods = {**{name: causal(name) for name in SMOOTHING_NAMES}, "offline": offline}
    print("jitter at rest, degrees and mm (root mean square), by picture width")
    for name, method in methods.items():
        cells = [jitter(method, clips[f"rest-{width}"]) for width in (320, 640, 1280)]
        print(f"  {name:8}  " + "   ".join(f"{turn:.3f} / {move:.2f}" for turn, move in cells))
    print(f"\nlag of yaw, frames of 1/30 s: {', '.join((*_SWINGS, 'step'))}")
    for name, method in methods.items():
        print(f"  {name:8}  " + "   ".join(f"{lag_frames(method, clips[each]):+.2f}" for each in (*_SWINGS, "step")))
    print("\nlargest change of a still head's rotation, degrees, while its face moves")
    for each in ("blink", "speak", "smile"):
        changes = []
        for name in ("off", "default"):
            rotations = Rotation.from_matrix([pose.rotation for pose in methods[name](clips[each])])
            changes.append(largest_change_deg(rotations[10:], slice(0, 20)))
        print(f"  {each:8}  {changes[0]:.2f} raw   {changes[1]:.2f} default")
    print("\nshare of the truth in predicted regions (rotation, position), at default")
    for level, (turn, move) in coverage(causal("default"), list(clips.values())).items():
        print(f"  {100 * level:.0f} %      {100 * turn:.0f} %   {100 * move:.0f} %")
    print("\nangle, degrees, at which a slow sweep is lost and found again")
    for axis, each in enumerate(("yaw", "pitch", "roll")):
        # The clips' truth sweeps one angle from 0; at 90 degrees of yaw the others are not defined, nor needed.
        turned = np.degrees(Rotation.from_matrix(clips[each].clip.rotations).magnitude())
        lost, found = lost_and_found_deg(turned, clips[each].measured)
        words = "never lost" if lost is None else f"lost at {lost:.0f}"
        words += "" if lost is None else (", not found again" if found is None else f", found again at {found:.0f}")
        print(f"  {each:8}  {words} (to {MOTIONS[each].angles_deg(MOTIONS[each].seconds / 2)[axis]:.0f})")
    print(f"\nfilter    {filter_cost_ms(clips['rest-640']):.3f} ms a track and frame ({machine_line()})")
    print("\njitter at rest (degrees) against mean lag (frames), on the same raw poses")
    for family, settings in points.items():
        for setting, turn, late in settings:
            print(f"  {family:14}  {setting:18}  {turn:.3f}   {late:+.2f}")


def plot(folder: Path, points: dict[str, list[tuple[str, float, float]]], clips: dict[str, Tracked]) -> None:
    """Draw jitter_lag.png and uncertainty.png into a folder."""
    from matplotlib.figure import Figure  # late: only plots need it

    folder.mkdir(parents=True, exist_ok=True)
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for (family, settings), marker in zip(points.items(), "o*xs", strict=True):
        _, turn, late = zip(*settings, strict=True)
        axes.plot(late, turn, marker, linestyle="-" if family in ("ours", "moving average") else "", label=family)
    for setting, turn_deg, late_frames in points["ours"]:
        axes.annotate(setting, (late_frames, turn_deg), textcoords="offset points", xytext=(5, 5))
    axes.set(xlabel="mean lag, frames of 1/30 s", ylabel="jitter at rest, degrees (RMS)", ylim=(0, None))
    axes.legend()
    figure.savefig(folder / "jitter_lag.png")

    figure = Figure(figsize=(4, 4), layout="constrained")
    axes = figure.subplots()
    shares = coverage(causal("default"), list(clips.values()))
    axes.plot([0, 1], [0, 1], color="grey", linewidth=1)
    for index, label in enumerate(("rotation", "position")):
        axes.plot(list(shares), [share[index] for share in shares.values()], "o-", label=label)
    axes.set(xlabel="predicted share inside", ylabel="actual share inside", xlim=(0, 1), ylim=(0, 1))
    axes.legend()
    figure.savefig(folder / "uncertainty.png")


def main(argv: list[str] | None = None) -> int:
    """Draw what is missing, track it once, and measure every filter on the same raw poses."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tracking", description=__doc__)
    parser.add_argument("--clips", type=Path, required=True, help="folder of the clips; drawn there if missing")
    parser.add_argument("--head", type=Path, help="ict_facekit.npz, to draw clips")
    parser.add_argument("--faces", type=Path, help="folder with faces.csv and the zips, to draw clips")
    parser.add_argument("--fits", type=Path, help="fits.npz of the training's fit stage, to draw clips")
    parser.add_argument("--plots", type=Path, help="folder to draw the plots into (default: no plots)")
    parser.add_argument("--weights", type=Path, default=None, help="manifest of other weights")
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "gpu"))
    options = parser.parse_args(argv)
    if options.head and options.faces and options.fits:
        draw_clips(options.clips, list(MOTIONS), options.head, options.faces, options.fits)
    missing = [name for name in MOTIONS if not (options.clips / f"{name}.csv").exists()]
    if missing:
        parser.error(f"{options.clips} lacks {', '.join(missing)}: give --head, --faces and --fits to draw them")
    clips = {name: track(read_clip(options.clips, name), options.device, options.weights) for name in MOTIONS}
    points = curves(clips)
    report(clips, points)
    if options.plots is not None:
        plot(options.plots, points, clips)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

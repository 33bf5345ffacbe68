"""Steadiness, lag, leakage and limits of tracked poses, and IDs in crowds, on clips with exact truth and real videos.

`python -m benchmarks.tracking --clips FOLDER` prints tables and, with `--plots FOLDER`, draws the curves. The clips of
one head are drawn the first time, for which the training's data is needed (docs/training.md), those of several heads
need nothing. `python -m benchmarks.uncertainty` measures how honest the claimed uncertainty is.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from filterpy.kalman import KalmanFilter
from scipy.spatial.transform import Rotation

from benchmarks import identities, real_videos
from benchmarks.crowd_scenes import CROWDS
from benchmarks.machine import machine_line
from benchmarks.motion_clips import MOTIONS, draw_clips, read_clip
from benchmarks.options import add_clips, add_drawing, add_network
from benchmarks.plain_filters import AVERAGED_FRAMES, ONE_EURO_SETTINGS, moving_average, one_euro
from benchmarks.scene_clips import draw_scenes, read_scene
from benchmarks.steadiness import (
    lag_s,
    largest_change_deg,
    lost_and_found_deg,
    mean_change_deg,
    position_jitter_mm,
    rotation_jitter_deg,
    share_inside,
    squared_surprise,
)
from benchmarks.tracked import METHODS, Filter, Tracked, causal, plain, swinging, track
from benchmarks.tracking_plot import SMALL_DEG, SMALL_HZ, Point, plot
from fpn.rotations import angles_from_rotation
from tracker.smoothing import SMOOTHING_NAMES

_RATE = 30.0
_SETTLED = 30  # frames after which a filter has settled
LEVELS = (0.5, 0.8, 0.95)
_SWINGS = ("swing-0.5Hz", "swing-1Hz", "swing-2Hz")
_WIDTHS = (320, 640, 1280)
FACES = ("blink", "speak", "smile")


def jitter(method: Filter, rest: Tracked) -> tuple[float, float]:
    """Of rotation in degrees and of position in millimetres, of a head at rest."""
    poses = method(rest)[_SETTLED:]
    return (
        rotation_jitter_deg(Rotation.from_matrix([pose.rotation for pose in poses])),
        position_jitter_mm(np.array([pose.translation for pose in poses])),
    )


def rest_jitter_deg(method: Filter, clips: dict[str, Tracked]) -> float:
    """Of rotation, root mean square over the three sizes of picture."""
    return float(np.sqrt(np.mean([jitter(method, clips[f"rest-{width}"])[0] ** 2 for width in _WIDTHS])))


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
    """Milliseconds of processor time of our filter for one track and frame: the least of ten goes."""
    run, taken = causal("default"), []
    for _ in range(10):
        started = time.thread_time()
        run(tracked)
        taken.append(time.thread_time() - started)
    return 1000 * min(taken) / len(tracked.poses)


def engine_cost_ms(frames: int = 300) -> float:
    """The same of filterpy alone, a prediction and an update of 12 states: a yardstick for the machine's pace."""
    kalman = KalmanFilter(dim_x=12, dim_z=6)
    kalman.H, measured, taken = np.eye(6, 12), np.zeros((6, 1)), []
    for _ in range(10):
        started = time.thread_time()
        for _ in range(frames):
            kalman.predict()
            kalman.update(measured)
        taken.append(time.thread_time() - started)
    return 1000 * min(taken) / frames


def curves(clips: dict[str, Tracked]) -> dict[str, list[Point]]:
    """For each family of filters, its points."""
    families: dict[str, list[tuple[str, Filter]]] = {
        "ours": [(name, METHODS[name]) for name in SMOOTHING_NAMES],
        "ours, offline": [("offline", METHODS["offline"])],
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
    small = swinging(clips["rest-640"], SMALL_DEG, SMALL_HZ)  # so small a movement is hardest to tell from noise

    def point(setting: str, method: Filter) -> Point:
        return Point(setting, rest_jitter_deg(method, clips), mean_lag_frames(method, clips), lag_frames(method, small))

    return {family: [point(*each) for each in methods] for family, methods in families.items()}


def report_clips(clips: dict[str, Tracked], points: dict[str, list[Point]]) -> None:
    """Print the tables of the clips of one head."""
    print("jitter at rest, degrees and mm (root mean square), by picture width")
    for name, method in METHODS.items():
        cells = [jitter(method, clips[f"rest-{width}"]) for width in _WIDTHS]
        print(f"  {name:8}  " + "   ".join(f"{turn:.3f} / {move:.2f}" for turn, move in cells))
    print(f"\nlag of yaw, frames of 1/30 s: {', '.join((*_SWINGS, 'step'))}")
    for name, method in METHODS.items():
        print(f"  {name:8}  " + "   ".join(f"{lag_frames(method, clips[each]):+.2f}" for each in (*_SWINGS, "step")))
    print("\nchange of a still head's rotation while its face moves, degrees: largest and root mean square")
    print("            " + "".join(f"{name:14}" for name in METHODS))
    for each in FACES:
        changes = []
        for method in METHODS.values():
            rotations = Rotation.from_matrix([pose.rotation for pose in method(clips[each])])[10:]
            still = slice(0, 20)
            changes.append(f"{largest_change_deg(rotations, still):.2f} / {mean_change_deg(rotations, still):.2f}")
        print(f"  {each:8}  " + "".join(f"{cell:14}" for cell in changes))
    print("\nshare of the truth in predicted regions (rotation, position), at default, of one average head")
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
    rest = clips["rest-640"]
    print(f"\nfilter    {filter_cost_ms(replace(rest, leakage=None)):.3f} ms of processor time a track and frame, "
          f"with expressions taken back {filter_cost_ms(rest):.3f}, "
          f"filterpy alone {engine_cost_ms():.3f} ({machine_line()})")  # fmt: skip
    print(
        "\non the same raw poses: jitter at rest (degrees), mean lag, and lag on a swing of 1 degree at 0.5 Hz (frames)"
    )
    for family, settings in points.items():
        for point in settings:
            print(
                f"  {family:14}  {point.setting:18}  {point.jitter_deg:.3f}   {point.lag:+.2f}   {point.small_lag:+.2f}"
            )


def main(argv: list[str] | None = None) -> int:
    """Draw what is missing, track it once, measure every filter on the same raw poses, and IDs in crowds."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tracking", description=__doc__)
    add_clips(parser)
    add_drawing(parser)
    parser.add_argument("--crowds", type=Path, help="folder of the scenes of several heads, drawn there if missing")
    parser.add_argument("--videos", type=Path, help="folder of real videos, whose truth nobody knows")
    parser.add_argument("--seconds", type=float, default=8.0, help="of each real video (default: %(default)g)")
    add_network(parser)
    options = parser.parse_args(argv)
    if options.head and options.faces and options.fits:
        draw_clips(options.clips, list(MOTIONS), options.head, options.faces, options.fits)
    missing = [name for name in MOTIONS if not (options.clips / f"{name}.csv").exists()]
    if missing:
        parser.error(f"{options.clips} lacks {', '.join(missing)}: give --head, --faces and --fits to draw them")
    clips = {name: track(read_clip(options.clips, name), options.device, options.weights) for name in MOTIONS}
    points = curves(clips)
    report_clips(clips, points)
    if options.crowds is not None:
        draw_scenes(options.crowds, CROWDS)
        scenes = [read_scene(options.crowds, name) for name in CROWDS]
        identities.report([identities.follow(scene, options.device, options.weights) for scene in scenes])
    if options.videos is not None:
        real_videos.report(options.videos, options.seconds, options.device, options.weights)
    if options.plots is not None:
        plot(options.plots, points)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

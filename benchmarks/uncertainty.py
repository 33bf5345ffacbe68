"""Claimed against actual errors, on clips of many drawn people; measures the scales in `tracker/claims.py`.

`python -m benchmarks.uncertainty --clips FOLDER` draws the clips the first time (ten minutes), fits the scales on each
half of the people, checks them on the other, and says what the program claims, and what it should: the mean of both.
Drawn heads are easier than real ones, so nothing is claimed to be more certain than the network says, and, with
`--photographs LIST` of real people with ground truth, no rotation more than these ask for.
Every person is one sample of the error that stays from frame to frame: clips of one head, however long, cannot show
whether a region is too wide.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from benchmarks.claims import Claims
from benchmarks.options import add_clips, add_network
from benchmarks.portraits import Row, look, read_list
from benchmarks.scene_clips import SceneClip, draw_scenes, read_scene
from benchmarks.single_scenes import HALVES
from benchmarks.steadiness import share_inside, squared_surprise
from benchmarks.told_claims import LEVEL, Seen, ToldClaims, asked_scale, fit_told, held_out_shares
from fpn.estimator import FacePoseEstimator
from fpn.pose import HeadPose
from tracker import HeadPoseTracker
from tracker.claims import (
    POSITION_SCALE,
    ROTATION_SCALE,
    SURE_DEG,
    TOLD_SURE,
    TOLD_UNSURE,
    UNSURE_DEG,
    HonestEstimator,
)
from tracker.frame import TrackState
from tracker.head_pose_tracker import Estimator
from tracker.leakage import Leakage, load_leakage
from tracker.sources import open_source

Float = npt.NDArray[np.float64]

_TOLD = ToldClaims(SURE_DEG, UNSURE_DEG, TOLD_SURE, TOLD_UNSURE)
LEVELS = (0.5, 0.8, 0.9, 0.95)


@dataclass(frozen=True)
class Surprise:
    """Of all measured frames: squared Mahalanobis lengths of the errors of rotation (n,) and position (n,), and what
    is claimed for the rotation, standard deviation of an axis (n,), degrees.
    """

    rotation: Float
    position: Float
    claimed_deg: Float = field(default_factory=lambda: np.zeros(0))

    def scales(self) -> tuple[float, float]:
        """What standard deviations must be multiplied by, so that the 95 % regions hold 95 %."""
        return asked_scale(self.rotation), asked_scale(self.position)

    def scaled(self, rotation: float, position: float) -> Surprise:
        """What it would be if the claimed standard deviations were multiplied."""
        return Surprise(self.rotation / rotation**2, self.position / position**2, rotation * self.claimed_deg)

    def __add__(self, other: Surprise) -> Surprise:
        """Of the people of both."""
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return Surprise(*(np.concatenate(pair) for pair in pairs))

    @property
    def rotations(self) -> Seen:
        """Of the rotations alone."""
        return Seen(self.claimed_deg, self.rotation)

    def shares(self) -> dict[float, tuple[float, float]]:
        """For each level, the shares of true rotations and positions inside the region that should hold so many."""
        return {level: (share_inside(self.rotation, level), share_inside(self.position, level)) for level in LEVELS}


def held_out_share(surprise: Float) -> float:
    """Share of photographs (n,) in the region of 95 % as all others ask for it."""
    others = (np.delete(surprise, index) for index in range(len(surprise)))
    scaled = [each / asked_scale(rest) ** 2 for each, rest in zip(surprise, others, strict=True)]
    return share_inside(np.array(scaled), LEVEL)


def measure_photographs(rows: Sequence[Row], estimator: FacePoseEstimator) -> Seen:
    """The rotations of photographs of people, with boxes given."""
    poses = [look(estimator, row.load()).pose for row in rows]
    claims = Claims.of(poses, np.array([row.rotation for row in rows]))
    return Seen(claims.claimed_deg, claims.surprise)


def measure(
    clips: Sequence[SceneClip], estimator: Estimator, smoothing: str, leakage: Leakage | None = None
) -> Surprise:
    """What the poses of clips of one head each claim, against the truth."""
    turn_errors, turn_spreads, move_errors, move_spreads = [], [], [], []
    for clip in clips:
        with (
            open_source(str(clip.video)) as source,
            HeadPoseTracker(estimator=estimator, smoothing=smoothing, leakage=leakage) as tracker,
        ):
            for frame, (truth,) in zip(source, clip.frames, strict=True):
                for pose in _seen(tracker, frame.image, frame.time_s):
                    turn = Rotation.from_matrix(truth.pose.rotation @ pose.rotation.T)
                    turn_errors.append(turn.as_rotvec())
                    move_errors.append(truth.pose.translation - pose.translation)
                    turn_spreads.append(pose.rotation_covariance)
                    move_spreads.append(pose.position_covariance)
    return Surprise(
        squared_surprise(np.array(turn_errors), np.array(turn_spreads)),
        squared_surprise(np.array(move_errors), np.array(move_spreads)),
        np.degrees(np.sqrt(np.trace(turn_spreads, axis1=1, axis2=2) / 3)),
    )


def _seen(tracker: HeadPoseTracker, image: npt.NDArray[np.uint8], time_s: float) -> list[HeadPose]:
    return [face.pose for face in tracker.update(image, time_s) if face.state is not TrackState.COASTING]


def stated(scales: Sequence[tuple[float, float]], photographs: float = 1.0) -> tuple[float, float]:
    """The scales to write into `tracker/claims.py`, from those of the halves: their means.

    Never below 1, and for rotation never below what photographs ask for.
    """
    rotation, position = (max(1.0, round(float(np.mean(each)), 2)) for each in zip(*scales, strict=True))
    return max(rotation, round(photographs, 2)), position


def plot(folder: Path, shares: dict[str, dict[float, tuple[float, float]]]) -> None:
    """Draw uncertainty.png into a folder: claimed against actual shares."""
    from matplotlib.figure import Figure  # late: only plots need it

    folder.mkdir(parents=True, exist_ok=True)
    figure = Figure(figsize=(4, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="grey", linewidth=1)
    axes.fill_between([0.93, 0.97], 0.9, 0.98, color="grey", alpha=0.3, linewidth=0)
    for name, style in zip(shares, ("--", "-"), strict=False):
        for index, (what, colour) in enumerate((("rotation", "C0"), ("position", "C1"))):
            actual = [share[index] for share in shares[name].values()]
            axes.plot(list(shares[name]), actual, "o" + style, color=colour, label=f"{what}, {name}")
    axes.set(xlabel="claimed share inside", ylabel="actual share inside", xlim=(0.4, 1), ylim=(0.4, 1))
    axes.legend()
    figure.savefig(folder / "uncertainty.png")


def main(argv: list[str] | None = None) -> int:
    """Draw what is missing, fit on each half of the people, check on the other."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.uncertainty", description=__doc__)
    add_clips(parser)
    parser.add_argument("--photographs", type=Path, metavar="CSV", help="list of real people's pictures with truth")
    add_network(parser)
    options = parser.parse_args(argv)
    for scenes in HALVES:
        draw_scenes(options.clips, scenes)
    halves = [[read_scene(options.clips, name) for name in scenes] for scenes in HALVES]
    network = FacePoseEstimator(device=options.device, weights=options.weights)
    one, other = (measure(half, network, "off") for half in halves)
    scales = [one.scales(), other.scales()]
    for half, (rotation, position) in zip(halves, scales, strict=True):
        print(f"{len(half)} people ask for scales of {rotation:.2f} for rotation, {position:.2f} for position")
    photographs = 1.0
    if options.photographs is not None:
        seen_from_far = [row for row in read_list(options.photographs) if row.intrinsics is None]
        looked_at = measure_photographs(seen_from_far, network)
        surprise = looked_at.surprise
        photographs = asked_scale(surprise)
        print(f"{len(seen_from_far)} photographs ask for {photographs:.2f} for rotation; each as the others ask: "
              f"{100 * held_out_share(surprise):.0f} % in the region of 95 %")  # fmt: skip
        for scale in (ROTATION_SCALE, photographs):
            inside = (share_inside(surprise / scale**2, level) for level in LEVELS)
            print(f"  times {scale:.2f}: {', '.join(f'{100 * each:.0f}' for each in inside)} % of them in the regions")
    rotation, position = stated(scales, photographs)
    print(f"tracker/claims.py should say {rotation:.2f}, {position:.2f}; it says {ROTATION_SCALE}, {POSITION_SCALE}")
    leakage = load_leakage(options.weights)
    program = [measure(half, HonestEstimator(network), "default", leakage) for half in halves]
    if options.photographs is not None:
        before = [_TOLD.undone(half.rotations) for half in program]
        asked = fit_told(before[0] + before[1], looked_at.scaled(ROTATION_SCALE))
        print(f"and, as long as the former stays: {asked}; it says {_TOLD}")
        faces, real = (100 * share for share in held_out_shares(before[0], before[1], looked_at.scaled(ROTATION_SCALE)))
        print(f"  the region of 95 % then holds {faces:.1f} % of other drawn faces, {real:.0f} % of other photographs")
    print("\nshare of the truth in regions that claim so much (rotation, position), all people")
    shares = {
        "network": (one + other).shares(),
        "scaled as the other half asks": (one.scaled(*scales[1]) + other.scaled(*scales[0])).shares(),
        "program": (program[0] + program[1]).shares(),
    }
    print(" " * 32 + "".join(f"{100 * level:14.0f} %" for level in LEVELS))
    for name, each in shares.items():
        print(f"  {name:30}" + "".join(f"{100 * turn:7.0f} % {100 * move:3.0f} % " for turn, move in each.values()))
    if options.plots is not None:
        plot(options.plots, {name: shares[name] for name in ("network", "program")})
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""What faces that move do to the poses that the network sees; measures `tracker/expression.json`.

`python -m benchmarks.expressions --pictures FOLDER` draws pictures of 96 people the first time (minutes, for which the
training's data is needed). On three quarters of them it fits how errors go with the network's own shape weights, and
how much people differ in that, and checks it on the others. With `--write` the tracker uses the fit from then on. New
weights need it run again: without, the tracker knows that the fit is of other weights, and leaves it out.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.linalg import eigh
from scipy.spatial.transform import Rotation

from benchmarks.expression_pictures import (
    CHECKED,
    FARTHEST_TURN_DEG,
    FITTED,
    SIZE,
    ExpressionPicture,
    draw_pictures,
    read_pictures,
)
from benchmarks.options import add_drawing, add_network
from benchmarks.own_effects import fit_own_effects
from fpn.camera import Camera
from fpn.estimator import FacePoseEstimator
from fpn.head import FACE_CENTER_MM
from fpn.lift import region_of
from fpn.pose import HeadPose
from tracker.head_pose_tracker import Estimator
from tracker.leakage import LEAKAGE_FILE, Leakage, write_leakage

Float = npt.NDArray[np.float64]

PARTS = ("face", "turn")
_IN_WORDS = np.array([*np.degrees(np.ones(3)), 100.0])  # of an error's four parts: degrees, and per cent
_RIDGE = 0.01  # over the variance of an expression of usual size
_TURN_VARIANCE = float(np.sum(np.radians(FARTHEST_TURN_DEG) ** 2) / 3)  # of heads that turn, radians squared
_LEAST_VARIANCE = 1e-5  # of a shape weight: less is the sensor's noise
_STEADIED = 10.0  # times that noise: directions along which little moves are not known well from so few people
_MOST_DIRECTIONS = 8  # each costs the tracker time
_SMALL_TURNS = 0.1  # over the variance of the turns in the pictures: of 6 degrees, where those are of 18


@dataclass(frozen=True)
class Part:
    """One person's pictures of one part: shape weights (n, 50), and errors (n, 4) as `Leakage.effect` has them."""

    person: int
    name: str
    shapes: Float
    errors: Float

    @property
    def centred(self) -> tuple[Float, Float]:
        """Both without the part's mean: how large a constant error is, is not the question."""
        return self.shapes - self.shapes.mean(0), self.errors - self.errors.mean(0)


def measure(pictures: Sequence[ExpressionPicture], estimator: Estimator) -> list[Part]:
    """What the network sees of pictures, in regions that it has chosen itself."""
    camera = Camera.from_fov(*SIZE)
    seen: dict[tuple[int, str], list[tuple[Float, Float]]] = {}
    for picture in pictures:
        image, none = picture.image(), np.zeros((3, 3))
        region = region_of(HeadPose(picture.rotation, picture.translation, none, none), camera)
        for _ in range(2):
            (estimate,) = estimator.estimate(image, [region], camera)
            region = estimate.roi
        if estimate.shape is None:
            raise ValueError("this network tells no shape weights")
        error = error_of(estimate.pose, picture.rotation, picture.translation)
        seen.setdefault((picture.person, picture.part), []).append((estimate.shape.astype(np.float64), error))
    return [
        Part(person, name, np.array([shape for shape, _ in values]), np.array([error for _, error in values]))
        for (person, name), values in seen.items()
    ]


def error_of(pose: HeadPose, rotation: Float, translation: Float) -> Float:
    """What `Leakage.effect` speaks of (4,): turn in the head's frame, radians, and log of the distance's ratio."""
    turn = Rotation.from_matrix(rotation.T @ pose.rotation).as_rotvec()
    seen, true = pose.translation + pose.rotation @ FACE_CENTER_MM, translation + rotation @ FACE_CENTER_MM
    return np.array([*turn, np.log(np.linalg.norm(seen) / np.linalg.norm(true))])


def fit(parts: Sequence[Part]) -> Leakage:
    """What faces that move do to poses of people on average, and how much people differ in that."""
    directions, turning = fit_directions(parts)
    expressions, errors = (np.concatenate(each) for each in zip(*(part.centred for part in parts), strict=True))
    effect = _ridge(expressions @ directions, errors)
    faces = [part for part in parts if part.name == "face"]
    moved = np.array([part.shapes - part.shapes[0] for part in faces]) @ directions  # the first face rests
    own = fit_own_effects(moved, np.array([part.errors for part in faces]) - moved @ effect)
    return Leakage(directions, turning, effect, own.spread, own.remainder, own.levels_off)


def fit_directions(parts: Sequence[Part]) -> tuple[Float, Float]:
    """The directions (50, n) in which shape weights change more with moving faces than with heads that turn a little.

    A head that turns far is seen to turn. But one that seems to turn by a few degrees may be an eye that closes, whose
    direction far turns would drown. Moving faces have the variance 1 along them; with it come (n,) the variances
    that turns of a radian have. From the generalised eigenvectors of the two covariances.
    """
    moving, turning = (_covariance([part.centred[0] for part in parts if part.name == name]) for name in PARTS)
    noise, small = _LEAST_VARIANCE * np.eye(len(turning)), _SMALL_TURNS * turning
    count = int(np.clip(np.sum(eigh(moving, small + noise, eigvals_only=True) > 1), 1, _MOST_DIRECTIONS))
    ratios, vectors = eigh(moving, small + _STEADIED * noise)  # ascending
    directions = vectors[:, ::-1][:, :count] / np.sqrt(np.maximum(ratios[::-1][:count], 1e-12))
    return directions, np.diag(directions.T @ turning @ directions) / _TURN_VARIANCE


def _covariance(centred: Sequence[Float]) -> Float:
    together = np.concatenate(centred)
    return np.asarray(together.T @ together / len(together))


def _ridge(expressions: Float, errors: Float) -> Float:
    normal = expressions.T @ expressions + _RIDGE * len(expressions) * np.eye(expressions.shape[1])
    return np.asarray(np.linalg.solve(normal, expressions.T @ errors))


def leaks(parts: Sequence[Part], name: str, effect: Float) -> Float:
    """Root mean square errors (4,) of a part that are left with an effect (50, 4) of the shape weights.

    Degrees, and per cent of the distance.
    """
    left = [errors - shapes @ effect for shapes, errors in (part.centred for part in parts if part.name == name)]
    rms = np.sqrt(np.mean(np.concatenate(left) ** 2, axis=0))
    return np.asarray(rms * _IN_WORDS)


def report(parts: Sequence[Part], leakage: Leakage) -> None:
    """Print what changes of the face, and turns of the head, do to the poses of people."""
    print("  root mean square change of the error, before and after: pitch, yaw, roll (degrees), distance (%)")
    of_weights = leakage.directions @ leakage.effect
    for name in PARTS:
        before, after = (leaks(parts, name, effect) for effect in (np.zeros_like(of_weights), of_weights))
        print(f"  {name:6}" + "   ".join(f"{a:.2f} -> {b:.2f}" for a, b in zip(before, after, strict=True)))


def main(argv: list[str] | None = None) -> int:
    """Draw what is missing, fit on some people, check on others."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.expressions", description=__doc__)
    parser.add_argument("--pictures", type=Path, required=True, help="folder of the pictures; drawn there if missing")
    parser.add_argument("--write", action="store_true", help=f"write the fit to tracker/{LEAKAGE_FILE.name}")
    add_drawing(parser)
    add_network(parser)
    options = parser.parse_args(argv)
    if options.head and options.faces and options.fits:
        draw_pictures(options.pictures, options.head, options.faces, options.fits)
    if not (options.pictures / "truth.csv").exists():
        parser.error(f"{options.pictures} has no pictures: give --head, --faces and --fits to draw them")
    parts = measure(read_pictures(options.pictures), FacePoseEstimator(device=options.device, weights=options.weights))
    leakage = fit([part for part in parts if part.person in FITTED])
    own = np.sqrt(np.trace(leakage.spread, axis1=1, axis2=2))
    print(f"fitted on {len(FITTED)} people: {leakage.effect.shape[0]} directions; for an expression of usual size, "
          "people's own effects and what is left")  # fmt: skip
    print("  " + ",  ".join(f"{a:.2f} and {b:.2f}" for a, b in (_IN_WORDS * np.array([own, leakage.remainder])).T))
    print(f"checked on {len(CHECKED)} others, faces that move and heads that turn")
    report([part for part in parts if part.person in CHECKED], leakage)
    if options.write:
        write_leakage(leakage, options.weights)
        print(f"wrote {LEAKAGE_FILE}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

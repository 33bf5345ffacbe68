"""What faces that move do to the poses that the network sees; measures `tracker/expression.json`.

`python -m benchmarks.expressions --pictures FOLDER` draws pictures of 96 people the first time (minutes, for which the
training's data is needed), fits how errors go with the network's own shape weights on three quarters of them, and
checks it on the others. With `--write` the tracker uses the fit from then on. New weights need it run again: without,
the tracker knows that the fit is of other weights, and leaves it out.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from benchmarks.expression_pictures import CHECKED, FITTED, SIZE, ExpressionPicture, draw_pictures, read_pictures
from benchmarks.options import add_drawing, add_network
from fpn.camera import Camera
from fpn.estimator import FacePoseEstimator
from fpn.head import FACE_CENTER_MM
from fpn.lift import region_of
from fpn.pose import HeadPose
from tracker.expression import LEAKAGE_FILE, Leakage, write_leakage
from tracker.head_pose_tracker import Estimator

Float = npt.NDArray[np.float64]

PARTS = ("face", "turn")
_RIDGE = 0.01  # over the variance of each shape weight


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


def fit_effect(parts: Sequence[Part]) -> Float:
    """The effect (50, 4) that explains most of the errors: ridge regression, each weight by its own variance."""
    shapes, errors = (np.concatenate(each) for each in zip(*(part.centred for part in parts), strict=True))
    deviation = np.maximum(shapes.std(0), 1e-6)
    scaled = shapes / deviation
    normal = scaled.T @ scaled + _RIDGE * len(scaled) * np.eye(scaled.shape[1])
    return np.asarray(np.linalg.solve(normal, scaled.T @ errors) / deviation[:, np.newaxis])


def fit(parts: Sequence[Part], folds: int = 6) -> Leakage:
    """Effect and doubt; the doubt is what is left on people whom the effect was not fitted on."""
    people = sorted({part.person for part in parts})
    taken, left = [], []
    for fold in range(folds):
        others = set(people[fold::folds])
        effect = fit_effect([part for part in parts if part.person not in others])
        for part in parts:
            if part.person in others and part.name == "face":
                shapes, errors = part.centred
                taken.append(shapes @ effect)
                left.append(errors - shapes @ effect)
    return Leakage(fit_effect(parts), _doubt(np.concatenate(taken), np.concatenate(left)))


def _doubt(taken: Float, left: Float) -> Float:
    remaining = np.sqrt(np.mean(left**2, axis=0))
    turn = np.sqrt(np.mean(np.sum(taken[:, :3] ** 2, axis=1)))
    distance = np.sqrt(np.mean(taken[:, 3] ** 2))
    return np.asarray(remaining / np.maximum([turn, turn, turn, distance], 1e-9))


def leaks(parts: Sequence[Part], name: str, effect: Float) -> Float:
    """Root mean square errors (4,) of a part that are left with an effect: degrees, and per cent of the distance."""
    left = [errors - shapes @ effect for shapes, errors in (part.centred for part in parts if part.name == name)]
    rms = np.sqrt(np.mean(np.concatenate(left) ** 2, axis=0))
    return np.asarray(rms * [*np.degrees(np.ones(3)), 100])


def report(parts: Sequence[Part], leakage: Leakage) -> None:
    """Print what changes of the face, and turns of the head, do to the poses of people."""
    print("  root mean square change of the error, before and after: pitch, yaw, roll (degrees), distance (%)")
    for name in PARTS:
        before, after = (leaks(parts, name, effect) for effect in (np.zeros_like(leakage.effect), leakage.effect))
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
    print(f"fitted on {len(FITTED)} people; what is left, over what is taken back: "
          f"{', '.join(f'{value:.2f}' for value in leakage.doubt)}")  # fmt: skip
    print(f"checked on {len(CHECKED)} others, faces that move and heads that turn")
    report([part for part in parts if part.person in CHECKED], leakage)
    if options.write:
        write_leakage(leakage, options.weights)
        print(f"wrote {LEAKAGE_FILE}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

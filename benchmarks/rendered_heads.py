"""Pictures of synthetic heads with their exact poses, as a list that `benchmarks.accuracy` scores.

`python -m benchmarks.rendered_heads --out FOLDER`, then `python -m benchmarks.accuracy --truth FOLDER/gt.csv`. The
heads are the face model's with random weights and the average face as their skin: nobody. Every group of pictures shows
the same heads in the same poses, so that a group's difference from the plain one is what its name says.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from fpn.camera import Camera
from fpn.network import EXPRESSION_COUNT, IDENTITY_COUNT
from fpn.rotations import rotation_from_angles
from models.face_model import FaceModel, load_face_model
from renderer.synthetic_head import SyntheticHead

Float = npt.NDArray[np.float64]
Picture = npt.NDArray[np.uint8]

_SIZE = (640, 480)
_FAR_MM, _NEAR_MM = (450.0, 750.0), (230.0, 300.0)
_PITCH_DEG, _ROLL_DEG = 35.0, 40.0
_IDENTITY, _EXPRESSION = 0.8, 1.0  # spread of the weights; 1 is that of the faces the model was made from
_NOISE = 3.0


@dataclass(frozen=True)
class Group:
    """What makes a group's pictures. tone: factor on the skin's reflectance. expression: whether faces move."""

    tone: float = 1.0
    expression: bool = False
    distance_mm: tuple[float, float] = _FAR_MM


GROUPS = {
    "plain": Group(),
    "darker skin": Group(tone=0.5),
    "paler skin": Group(tone=1.35),
    "expressions": Group(expression=True),
    "near, perspective": Group(distance_mm=_NEAR_MM),
}


@dataclass(frozen=True)
class Drawn:
    """A picture (H, W, 3) uint8 BGR, the head's rotation (3, 3), and the box (x, y, width, height) of its landmarks."""

    group: str
    image: Picture
    rotation: Float
    box: tuple[float, float, float, float]


def draw(model: FaceModel, camera: Camera, count: int, seed: int) -> Iterator[Drawn]:
    """`count` heads in as many poses, turned evenly from -90 to 90 degrees, once for every group."""
    yaws = -90 + 180 * (np.arange(count) + 0.5) / count
    for number, yaw in enumerate(np.random.default_rng(seed).permutation(yaws)):
        for name, group in GROUPS.items():
            yield _draw_one(model, camera, name, group, float(yaw), np.random.default_rng((seed, number)))


def _draw_one(model: FaceModel, camera: Camera, name: str, group: Group, yaw: float, rng: np.random.Generator) -> Drawn:
    weights = np.concatenate([_IDENTITY * _normal(rng, IDENTITY_COUNT), _EXPRESSION * _normal(rng, EXPRESSION_COUNT)])
    if not group.expression:
        weights[IDENTITY_COUNT:] = 0
    # Turned about its own axis, then seen from above or below, then rolled in the picture: the literature's order of
    # angles would show a profile's crown.
    pitch, roll = rng.uniform(-1, 1) * _PITCH_DEG, rng.uniform(-1, 1) * _ROLL_DEG
    in_plane, elevated = rotation_from_angles(0, 0, roll), rotation_from_angles(0, pitch, 0)
    rotation = in_plane @ elevated @ rotation_from_angles(yaw, 0, 0)
    side = rng.uniform(-0.15, 0.15, 2)
    distance = group.distance_mm[0] + rng.uniform() * (group.distance_mm[1] - group.distance_mm[0])
    # The eyes stand above the picture's middle, so that the face is in it.
    translation = rotation @ [0.0, -40.0, -10.0] + distance * np.array([side[0], side[1], 1.0])
    light = rotation.T @ np.array([rng.uniform(-0.9, 0.9), -0.4, -0.8])
    plain = SyntheticHead.average(model, light / np.linalg.norm(light), model.shape(weights.astype(np.float32)),
                                  int(rng.integers(1 << 30)))  # fmt: skip
    head = replace(plain, texture=np.asarray((plain.texture * group.tone).clip(0, 255), np.uint8))
    spots = rng.uniform(30, 220, (6, 8, 1)) + rng.uniform(-20, 20, (6, 8, 3))
    background = cv2.resize(spots.astype(np.float32), (camera.width, camera.height), interpolation=cv2.INTER_CUBIC)
    picture = head.photograph(camera, rotation, translation, background.clip(0, 255).astype(np.uint8))
    noisy = picture + _NOISE * rng.standard_normal(picture.shape)
    landmarks = camera.project(head.vertices[model.landmarks68] @ rotation.T + translation)
    low, high = landmarks.min(0), landmarks.max(0)
    box = float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1])
    return Drawn(name, np.rint(noisy.clip(0, 255)).astype(np.uint8), rotation, box)


def _normal(rng: np.random.Generator, count: int) -> Float:
    return np.clip(rng.standard_normal(count), -2, 2)


def write_list(folder: Path, count: int, seed: int) -> Path:
    """Draw into a folder: pictures and `gt.csv`, in the form of `benchmarks.portraits`."""
    camera = Camera.from_fov(*_SIZE)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "gt.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        rotation = [f"R{i}{j}" for i in range(3) for j in range(3)]
        writer.writerow(["image", "group", *rotation, "box_x", "box_y", "box_w", "box_h", "f_px", "cx_px", "cy_px"])
        K = camera.K
        for number, drawn in enumerate(draw(load_face_model(), camera, count, seed)):
            name = f"{number:04d}.png"
            if not cv2.imwrite(str(folder / name), drawn.image):
                raise OSError(f"{folder / name}: cannot be written")
            values = [*drawn.rotation.ravel(), *drawn.box, K[0, 0], K[0, 2], K[1, 2]]
            writer.writerow([name, drawn.group, *(f"{value:.7f}" for value in values)])
    return path


def main(argv: list[str] | None = None) -> int:
    """Draw the list."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.rendered_heads",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--out", type=Path, required=True, help="folder to draw into")
    parser.add_argument("--count", type=int, default=40, help="heads and poses, each drawn once for every group")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(argv)
    print(f"wrote {write_list(options.out, options.count, options.seed)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

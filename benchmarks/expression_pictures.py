"""Pictures of drawn people: each moves the face and holds the head still, then turns the head and holds the face still.

They are drawn once, by the training code from its data, into a folder that the user names, and read from there. Between
pictures of one person and part, only what the part is for differs.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from fpn.camera import Camera
from fpn.rotations import rotation_from_angles

Float = npt.NDArray[np.float64]
Picture = npt.NDArray[np.uint8]

SIZE = (480, 360)
FITTED, CHECKED = range(72), range(100, 124)
"""Numbers of the people that are measured, and of others, with another skin, on whom it is checked."""
_SKINS = {0: range(24), 1: range(24, 48), 2: range(48, 72), 7: CHECKED}  # seeds of average skins, and who has them
_PHOTOGRAPHS = 60  # of which each skin is the average
_FACES, _TURNS = 8, 5  # pictures of each part; the first face rests
FARTHEST_TURN_DEG = (25.0, 14.0, 10.0)
"""Of the heads that turn: yaw, pitch and roll, to either side, all angles alike often."""
_NOISE = 3.0  # standard deviation of the sensor's noise, grey levels of 255

# Blendshapes of ICT-FaceKit that act together, the most that they do here, and how often they are chosen.
_ACTIONS: tuple[tuple[tuple[str, ...], float, float], ...] = (
    (("eyeBlink_L", "eyeBlink_R"), 1.0, 3),
    (("jawOpen",), 0.5, 4),
    (("mouthFunnel",), 0.5, 2),
    (("mouthPucker",), 0.5, 2),
    (("mouthSmile_L", "mouthSmile_R"), 0.8, 4),
    (("browInnerUp_L", "browInnerUp_R", "browOuterUp_L", "browOuterUp_R"), 0.8, 2),
    (("browDown_L", "browDown_R"), 0.8, 1),
    (("mouthFrown_L", "mouthFrown_R"), 0.8, 1),
    (("mouthStretch_L", "mouthStretch_R"), 0.8, 1),
    (("cheekSquint_L", "cheekSquint_R", "eyeSquint_L", "eyeSquint_R"), 0.8, 1),
    (("mouthUpperUp_L", "mouthUpperUp_R", "mouthLowerDown_L", "mouthLowerDown_R"), 0.8, 1),
)


@dataclass(frozen=True)
class ExpressionPicture:
    """part: "face" or "turn", whatever changes in it. rotation (3, 3) and translation (3,) mm: the truth."""

    person: int
    part: str
    file: Path
    rotation: Float
    translation: Float

    def image(self) -> Picture:
        """(H, W, 3) uint8 BGR. Raises FileNotFoundError if it is gone."""
        picture = cv2.imread(str(self.file), cv2.IMREAD_COLOR)
        if picture is None:
            raise FileNotFoundError(self.file)
        return np.asarray(picture, np.uint8)


def read_pictures(folder: Path) -> list[ExpressionPicture]:
    """The pictures that were drawn before. Raises FileNotFoundError if they were not."""
    with (folder / "truth.csv").open(newline="", encoding="utf-8") as file:
        return [
            ExpressionPicture(
                int(row["person"]),
                row["part"],
                folder / row["picture"],
                Rotation.from_quat([float(row[f"q{axis}"]) for axis in "xyzw"]).as_matrix(),
                np.array([float(row[f"t{axis}_mm"]) for axis in "xyz"]),
            )
            for row in csv.DictReader(file)
        ]


def draw_pictures(folder: Path, head_file: Path, faces: Path, fits: Path) -> None:
    """Draw all pictures, in minutes, unless the folder has them.

    head_file: ict_facekit.npz; faces: folder with faces.csv; fits: fits.npz of the training's fit stage.
    """
    if (folder / "truth.csv").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    rows: list[list[object]] = []
    for number, (person, part, rotation, translation, picture) in enumerate(_drawn(head_file, faces, fits)):
        name = f"{number:05d}.png"
        if not cv2.imwrite(str(folder / name), picture):
            raise OSError(f"{folder / name}: cannot be written")
        quaternion = Rotation.from_matrix(rotation).as_quat(canonical=True)
        rows.append([person, part, name, *(f"{value:.9f}" for value in quaternion), *translation])
    with (folder / "truth.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["person", "part", "picture", "qx", "qy", "qz", "qw", "tx_mm", "ty_mm", "tz_mm"])
        writer.writerows(rows)


def _drawn(head_file: Path, faces: Path, fits: Path) -> Iterator[tuple[int, str, Float, Float, Picture]]:
    from training.average_head import average_head  # late: it compiles its rasteriser
    from training.demo_clip import backdrop, render
    from training.head_model import load_head_model

    model = load_head_model(head_file)
    camera = Camera.from_fov(*SIZE)
    room = cv2.resize(backdrop(), SIZE, interpolation=cv2.INTER_AREA)
    for seed, people in _SKINS.items():
        average = average_head(model, faces, fits, _PHOTOGRAPHS, seed=500 + seed)
        for person in people:
            rng = np.random.default_rng([41, person])
            head = own_head(model, average, rng, tones=(0.6, 1.2))
            for part, angles, translation, weights in _poses(rng, model.expression_names):
                rotation = rotation_from_angles(*angles)
                clean = render(model, head, camera, rotation, translation, weights, room)
                noisy = clean + _NOISE * rng.standard_normal(clean.shape)
                yield person, part, rotation, translation, np.asarray(np.rint(noisy.clip(0, 255)), np.uint8)


def own_head(model: Any, average: Any, rng: np.random.Generator, tones: tuple[float, float] = (1.0, 1.0)) -> Any:
    """A head of its own shape, as `render` takes it, under an average skin that is darker or paler by a tone."""
    identity = 0.8 * np.clip(rng.normal(size=30), -2, 2).astype(np.float32)
    tone = np.float32(rng.uniform(*tones)) if tones[0] < tones[1] else np.float32(tones[0])
    return SimpleNamespace(
        shape=average.shape + np.tensordot(identity, model.identity[: len(identity)], 1),
        colours=tone * average.colours,
        front=tone * average.front,
        front_weight=average.front_weight,
        front_coordinates=average.front_coordinates,  # the skin sticks to the vertices
    )


def _poses(
    rng: np.random.Generator, names: list[str]
) -> Iterator[tuple[str, tuple[float, float, float], Float, npt.NDArray[np.float32]]]:
    """Part, yaw, pitch and roll in degrees, position in millimetres, expression weights of one person's pictures."""
    yaw, pitch, roll = rng.uniform(-1, 1, 3) * (35, 15, 12)
    distance = rng.uniform(420, 750)
    place = distance * np.array([rng.uniform(-0.2, 0.2), rng.uniform(-0.12, 0.05), 1.0])
    rest = np.zeros(len(names), np.float32)
    for number in range(_FACES):
        yield "face", (yaw, pitch, roll), place, _expression(rng, names) if number else rest
    held = _expression(rng, names) if rng.uniform() < 0.5 else rest
    for _ in range(_TURNS):
        turned = rng.uniform(-1, 1, 3) * FARTHEST_TURN_DEG
        yield "turn", (yaw + turned[0], pitch + turned[1], roll + turned[2]), place, held


def _expression(rng: np.random.Generator, names: list[str]) -> npt.NDArray[np.float32]:
    """One to three actions of the face, each of some strength."""
    weights = np.zeros(len(names), np.float32)
    often = np.array([action[2] for action in _ACTIONS])
    for chosen in rng.choice(len(_ACTIONS), rng.integers(1, 4), replace=False, p=often / often.sum()):
        shapes, most, _ = _ACTIONS[chosen]
        strength = rng.uniform(0.1, 1.0)
        for name in shapes:
            weights[names.index(name)] = strength * most
    return weights

"""Draw the training pictures once and keep them on disk: real crops as they are and heads turned to every pose.

Drawing costs ten times what a training step does on a small CPU, so pictures are drawn with a margin around the face,
stored, and varied cheaply at training time (`training.augment`): in-plane rotation and mirroring are exact there.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from fpn.rotations import angles_from_rotation, rotation_from_angles
from training.head_model import HeadModel, load_head_model
from training.mesh_landmarks import crop_rows, read_crops
from training.turning import (
    PICTURE_SIZE,
    PIXELS_PER_MM,
    Grey,
    Photo,
    Target,
    photograph_as_it_is,
    photograph_texture,
    turn,
)

REAL, TURNED, REAL_FAR = 0, 1, 2
TRUSTED_YAW_DEG = 40.0
"""Up to here the face mesh's yaw is right on average; beyond it shrinks (71 degrees come out as 57)."""
_TURNABLE_YAW_DEG = 48.0
_FAR_YAW_DEG = (36.0, 57.0)
_YAW_STRETCH = 1.7
"""How many degrees of true yaw a degree of the mesh's stands for beyond `TRUSTED_YAW_DEG`. The labelled pans of
`fasseg.zip` come out as 37 at 45, 49 at 60 and 55 at 75 degrees, which asks for 2.1; but people were asked for those
pans, not measured, and tend to fall short of them."""
_PHOTOS_A_TASK = 50


@dataclass(frozen=True)
class Drawn:
    """Pictures of one or more photographs and what is known of them.

    pictures: (n, 192, 192) uint8. rotations: (n, 3, 3) float32, relative to the line of sight. landmarks: (n, 68, 3)
    float32 px. kind: (n,) REAL, TURNED or REAL_FAR (a real crop, its large yaw stretched).
    """

    pictures: npt.NDArray[np.uint8]
    rotations: npt.NDArray[np.float32]
    landmarks: npt.NDArray[np.float32]
    kind: npt.NDArray[np.uint8]
    photo: npt.NDArray[np.int32]


def usable_photos(rows: list[dict[str, str]], fits: Any, far: bool = False) -> npt.NDArray[np.int64]:
    """Rows whose fit can be trusted to draw from: mesh and its mirror agree, not squashed, unmasked, not near profile;
    or, with `far`, those turned too far for that whose yaw can still be told (`stretched`).

    `fasseg.zip` is kept out altogether: its labelled pans check large angles.
    """
    yaw, pitch, _ = angles_from_rotation(np.nan_to_num(fits["rotation"]))
    number = {key: np.array([float(row[key] or "nan") for row in rows]) for key in ("mesh_aspect", "iod_px")}
    named = np.array(
        [
            row["zip"] != "fasseg.zip"
            and "with_mask" not in row["original_path"].split("/")[-2:][0]
            and "augmented_image" not in row["original_path"]
            for row in rows
        ]
    )
    without_mask = np.array(["without_mask" in row["original_path"] for row in rows])
    named |= without_mask & np.array(["augmented_image" not in row["original_path"] for row in rows])
    good = (
        np.isfinite(fits["scale"])
        & (fits["residual_mm"] < (5.0 if far else 4.0))
        & (fits["disagreement_px"] < 3.0)
        & (np.abs(yaw) > (_FAR_YAW_DEG[0] if far else -1))
        & (np.abs(yaw) < (_FAR_YAW_DEG[1] if far else _TURNABLE_YAW_DEG))
        & (np.abs(pitch) < 40)
        & (number["mesh_aspect"] > 0.88)
        & (number["mesh_aspect"] < 1.2)
        & (number["iod_px"] > 26)
        & named
    )
    return np.flatnonzero(good)


def stretched(rotation: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The likely rotation (3, 3) of a face whose mesh says `rotation`: yaw beyond the trusted range is stretched."""
    yaw, pitch, roll = (float(angle) for angle in angles_from_rotation(rotation))
    beyond = max(abs(yaw) - TRUSTED_YAW_DEG, 0.0)
    return rotation_from_angles(np.sign(yaw) * (abs(yaw) + (_YAW_STRETCH - 1) * beyond), pitch, roll)


def random_background(rng: np.random.Generator, other: Grey) -> Grey:
    """Anything that may stand behind a head: part of another photograph, a gradient, noise or a plain tone."""
    size = PICTURE_SIZE
    choice = rng.random()
    if choice < 0.55:
        angle, zoom = rng.uniform(0, 360), rng.uniform(1.5, 5)
        turned = cv2.getRotationMatrix2D((size / 2, size / 2), angle, zoom)
        turned[:, 2] += rng.uniform(-60, 60, 2)
        picture = cv2.warpAffine(other, turned, (size, size), borderMode=cv2.BORDER_REFLECT)
        return np.asarray(cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.3, 5)), np.uint8)
    return plain_background(rng)


def plain_background(rng: np.random.Generator) -> Grey:
    """A background (192, 192) uint8 that certainly holds no face: a gradient, noise or a plain tone."""
    size = PICTURE_SIZE
    choice = rng.random()
    if choice < 0.45:
        corners = rng.uniform(0, 255, (2, 2)).astype(np.float32)
        return np.asarray(cv2.resize(corners, (size, size), interpolation=cv2.INTER_CUBIC).clip(0, 255), np.uint8)
    if choice < 0.78:
        coarse = int(rng.integers(4, 48))
        noise = rng.uniform(0, 255, (coarse, coarse)).astype(np.float32)
        return np.asarray(cv2.resize(noise, (size, size), interpolation=cv2.INTER_CUBIC).clip(0, 255), np.uint8)
    return np.full((size, size), rng.integers(0, 256), np.uint8)


def random_expression(
    rng: np.random.Generator, own: npt.NDArray[np.float32], names: list[str]
) -> npt.NDArray[np.float32]:
    """The photograph's expression, weaker or stronger, now and then with closed eyes, an open mouth or a smile."""
    weights = own * rng.uniform(0.5, 1.2)

    def add(starts: str, amount: float) -> None:
        for number, name in enumerate(names):
            if name.startswith(starts):
                weights[number] += amount

    if rng.random() < 0.25:
        add("eyeBlink", rng.uniform(0.4, 1))
    if rng.random() < 0.25:
        add("jawOpen", rng.uniform(0.1, 0.8))
    if rng.random() < 0.2:
        add("mouthSmile", rng.uniform(0.2, 0.8))
    if rng.random() < 0.15:
        add(names[rng.integers(len(names))], rng.uniform(0.2, 0.8))
    return np.clip(weights, 0, 1).astype(np.float32)


def random_target(rng: np.random.Generator, photo: Photo, names: list[str]) -> Target:
    """A pose to draw: mostly further out to the side the photograph already shows, yaw to 100 degrees, pitch to 55."""
    yaw, pitch, roll = (float(angle) for angle in angles_from_rotation(photo.rotation))
    side = np.sign(yaw) if abs(yaw) > 8 else rng.choice([-1.0, 1.0])
    choice = rng.random()
    if choice < 0.2:  # a small turn: almost the photograph
        yaw, pitch, roll = yaw + rng.normal(0, 10), pitch + rng.normal(0, 8), roll + rng.normal(0, 8)
    else:
        outward = side * rng.uniform(0, 100)
        yaw = outward if choice < 0.75 else rng.uniform(-60, 60)
        pitch = rng.normal(0, 12) if rng.random() < 0.6 else rng.uniform(-55, 55)
        roll = rng.normal(0, 12)
    rotation = rotation_from_angles(np.clip(yaw, -100, 100), np.clip(pitch, -60, 60), roll)
    turned = np.degrees(np.arccos(np.clip((rotation @ photo.rotation.T)[2, 2], -1, 1)))
    direction = rng.normal(size=3)
    light = direction / np.linalg.norm(direction) * rng.uniform(0.1, 0.7)
    return Target(
        rotation=rotation,
        expression=random_expression(rng, photo.expression, names),
        distance_mm=float(np.exp(rng.uniform(np.log(280), np.log(1500)))) if rng.random() < 0.4 else np.inf,
        light=tuple(light) if rng.random() < 0.4 else (0.0, 0.0, 0.0),
        sheet=bool(rng.random() < (0.8 if turned < 65 else 0.35)),
        hair_tone=None if rng.random() < 0.55 else float(rng.uniform(8, 220)),
        lower_face_tone=float(rng.uniform(30, 235)) if rng.random() < 0.06 else None,
    )


def draw_glasses(picture: Grey, landmarks: npt.NDArray[np.float32], rotation: npt.NDArray[np.float64],
                 rng: np.random.Generator) -> None:  # fmt: skip
    """Spectacles or sunglasses drawn in 3D before the eyes of a drawn head, in place; the hidden side is left out."""
    width, height = rng.uniform(21, 29), rng.uniform(15, 23)
    square = rng.uniform(2, 5)
    tone, thick = int(rng.integers(0, 90) if rng.random() < 0.8 else rng.integers(150, 255)), int(rng.integers(1, 4))
    dark = rng.random() < 0.3
    angles = np.linspace(0, 2 * np.pi, 40)
    rim_x = width * np.sign(np.cos(angles)) * np.abs(np.cos(angles)) ** (2 / square)
    rim_y = height * np.sign(np.sin(angles)) * np.abs(np.sin(angles)) ** (2 / square)
    yaw = float(angles_from_rotation(rotation)[0])
    shift = 4
    for side, eye in ((-1, slice(36, 42)), (1, slice(42, 48))):
        if side * yaw > 40:  # yaw > 0 turns the subject's left eye (side 1) away
            continue
        center = landmarks[eye].mean(0)
        ring = np.stack([rim_x, rim_y + 3, np.full_like(rim_x, -14)], 1) @ rotation.T * PIXELS_PER_MM + center
        polygon = np.rint(ring[:, :2] * 2**shift).astype(np.int32)
        if dark:
            glass = picture.copy()
            cv2.fillPoly(glass, [polygon], int(rng.integers(0, 60)), cv2.LINE_AA, shift)
            opacity = rng.uniform(0.6, 1)
            cv2.addWeighted(glass, opacity, picture, 1 - opacity, 0, picture)
        cv2.polylines(picture, [polygon], True, tone, thick, cv2.LINE_AA, shift)
        hinge = np.array([side * width, 0, -14]) @ rotation.T * PIXELS_PER_MM + center
        ear = np.array([side * 42, -3, 78]) @ rotation.T * PIXELS_PER_MM + center
        if side * yaw < -8:  # this side's temple is seen
            ends = np.rint(np.stack([hinge, ear])[:, :2] * 2**shift).astype(np.int32)
            cv2.polylines(picture, [ends], False, tone, thick, cv2.LINE_AA, shift)
    if abs(yaw) < 50:
        inner = [landmarks[eye].mean(0) + np.array([s * -width, -2, -16]) @ rotation.T * PIXELS_PER_MM
                 for s, eye in ((-1, slice(36, 42)), (1, slice(42, 48)))]  # fmt: skip
        cv2.polylines(
            picture,
            [np.rint(np.stack(inner)[:, :2] * 2**shift).astype(np.int32)],
            False,
            tone,
            thick,
            cv2.LINE_AA,
            shift,
        )


def draw_photos(task: tuple[Path, Path, Path, npt.NDArray[np.int64], int, int]) -> Drawn:
    """All pictures of some photographs: each as it is, where its pose is trusted, and `turns` times turned; without
    turns, each as it is with its yaw stretched.
    """
    faces, head, fit_file, numbers, turns, seed = task
    cv2.setNumThreads(1)
    model = _model(head)
    rows = crop_rows(faces)
    fits = np.load(fit_file)
    fit = {key: fits[key][numbers] for key in ("scale", "rotation", "translation", "identity", "expression")}
    greys = [cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY) for crop in read_crops(faces, [rows[n] for n in numbers])]
    rng = np.random.default_rng(seed)
    pictures, rotations, landmarks, kinds, photos = [], [], [], [], []

    def keep(picture: Grey, rotation: npt.NDArray[np.float64], points: npt.NDArray[np.float32], kind: int) -> None:
        if rng.random() < 0.1:
            draw_glasses(picture, points, rotation, rng)
        pictures.append(picture)
        rotations.append(rotation)
        landmarks.append(points)
        kinds.append(kind)
        photos.append(number)

    for place, number in enumerate(numbers):
        row = rows[number]
        photo = Photo(
            grey=greys[place],
            valid=tuple(float(row[key]) for key in ("valid_x0", "valid_y0", "valid_x1", "valid_y1")),  # type: ignore[arg-type]
            **{key: values[place] for key, values in fit.items()},
        )
        background = random_background(rng, greys[rng.integers(len(greys))])
        if turns == 0:
            rotation = stretched(photo.rotation)
            picture, points = photograph_as_it_is(replace(photo, rotation=rotation), model, background)
            keep(picture, rotation, points, REAL_FAR)
            continue
        if abs(float(angles_from_rotation(photo.rotation)[0])) < TRUSTED_YAW_DEG:
            picture, points = photograph_as_it_is(photo, model, background)
            keep(picture, photo.rotation, points, REAL)
        texture = photograph_texture(photo, model, model.shape(photo.identity, photo.expression))
        for _ in range(turns):
            target = random_target(rng, photo, model.expression_names)
            background = random_background(rng, greys[rng.integers(len(greys))])
            picture, points = turn(photo, model, texture, target, background)
            keep(picture, target.rotation, points, TURNED)
    return Drawn(
        np.stack(pictures),
        np.stack(rotations).astype(np.float32),
        np.stack(landmarks).astype(np.float32),
        np.array(kinds, np.uint8),
        np.array(photos, np.int32),
    )


_models: dict[Path, HeadModel] = {}


def _model(path: Path) -> HeadModel:
    """One head model a process."""
    if path not in _models:
        _models[path] = load_head_model(path)
    return _models[path]


def main(argv: list[str] | None = None) -> int:
    """Draw the set into a folder: pictures.npy (memory-mapped by training) and labels.npz."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faces", type=Path, required=True, help="folder with faces.csv and the zips")
    parser.add_argument("--head", type=Path, required=True, help="ict_facekit.npz")
    parser.add_argument("--fits", type=Path, required=True, help="fits.npz of training.head_fit")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--turns", type=int, default=4, help="turned pictures of each photograph")
    parser.add_argument("--far", action="store_true", help="only real crops at large yaw, their yaw stretched")
    parser.add_argument("--photos", type=int, default=None, help="only so many photographs, chosen evenly")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args(argv)
    numbers = usable_photos(crop_rows(options.faces), np.load(options.fits), options.far)
    rng = np.random.default_rng(options.seed)
    rng.shuffle(numbers)
    numbers = numbers[: options.photos]
    parts = np.array_split(numbers, max(1, len(numbers) // _PHOTOS_A_TASK))
    tasks = [
        (
            options.faces,
            options.head,
            options.fits,
            np.sort(part),
            0 if options.far else options.turns,
            options.seed * 100_003 + i,
        )
        for i, part in enumerate(parts)
    ]
    options.out.mkdir(parents=True, exist_ok=True)
    labels: list[Drawn] = []
    empty = np.empty((0, PICTURE_SIZE, PICTURE_SIZE), np.uint8)
    with (options.out / "pictures.raw").open("wb") as file, ProcessPoolExecutor(options.workers) as pool:
        for done, drawn in enumerate(pool.map(draw_photos, tasks)):
            drawn.pictures.tofile(file)
            labels.append(replace(drawn, pictures=empty))
            if done % 20 == 19:
                print(f"{done + 1} of {len(tasks)}: {sum(len(part.kind) for part in labels)} pictures", flush=True)
    np.savez(
        options.out / "labels.npz",
        **{
            key: np.concatenate([getattr(part, key) for part in labels])
            for key in ("rotations", "landmarks", "kind", "photo")
        },
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

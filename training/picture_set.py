"""Draw the training pictures once and keep them on disk: real crops as they are and heads turned to every pose.

Drawing costs ten times what a training step does on a small CPU, so pictures are drawn with a margin around the face,
stored, and varied cheaply at training time (`training.augment`): in-plane rotation and mirroring are exact there.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from fpn.rotations import angles_from_rotation
from training.backgrounds import random_background
from training.glasses import draw_glasses
from training.head_model import HeadModel, load_head_model
from training.mesh_landmarks import crop_rows, read_crops
from training.targets import another_expression, random_target
from training.turning import (
    PICTURE_SIZE,
    Grey,
    Photo,
    photograph_as_it_is,
    photograph_texture,
    turn,
)

REAL, TURNED, UNLABELLED = 0, 1, 2
TRUSTED_YAW_DEG = 40.0
"""Up to here the face mesh's yaw is right on average; beyond it shrinks (71 degrees come out as 57)."""
_TURNABLE_YAW_DEG = 48.0
_PHOTOS_A_TASK = 50


@dataclass(frozen=True)
class Drawn:
    """Pictures of one or more photographs and what is known of them.

    pictures: (n, 192, 192) uint8. rotations: (n, 3, 3) float32, relative to the line of sight. landmarks: (n, 68, 3)
    float32 px. kind: (n,) REAL, TURNED or UNLABELLED (a real picture, its pose a guess of a network of ours).
    photo: (n,) int32, the row of the photograph. twin: (n,) bool, the next picture is the same head in the same pose,
    light and place with another expression.
    """

    pictures: npt.NDArray[np.uint8]
    rotations: npt.NDArray[np.float32]
    landmarks: npt.NDArray[np.float32]
    kind: npt.NDArray[np.uint8]
    photo: npt.NDArray[np.int32]
    twin: npt.NDArray[np.bool_]


def usable_photos(rows: list[dict[str, str]], fits: Any) -> npt.NDArray[np.int64]:
    """Rows whose fit can be trusted to draw from: mesh and its mirror agree, not squashed, unmasked, not near profile.

    Nothing is drawn from `fasseg.zip`: its labelled pans check large angles.
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
        & (fits["residual_mm"] < 4.0)
        & (fits["disagreement_px"] < 3.0)
        & (np.abs(yaw) < _TURNABLE_YAW_DEG)
        & (np.abs(pitch) < 40)
        & (number["mesh_aspect"] > 0.88)
        & (number["mesh_aspect"] < 1.2)
        & (number["iod_px"] > 26)
        & named
    )
    return np.flatnonzero(good)


def draw_photos(task: tuple[Path, Path, Path, npt.NDArray[np.int64], int, bool, int]) -> Drawn:
    """All pictures of some photographs: each as it is, where its pose is trusted, and `turns` times turned; the turned
    ones in pairs that differ in expression alone, where `twins` are wanted.
    """
    faces, head, fit_file, numbers, turns, twins, seed = task
    cv2.setNumThreads(1)
    model = _model(head)
    rows = crop_rows(faces)
    fits = np.load(fit_file)
    fit = {key: fits[key][numbers] for key in ("scale", "rotation", "translation", "identity", "expression")}
    greys = [cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY) for crop in read_crops(faces, [rows[n] for n in numbers])]
    rng = np.random.default_rng(seed)
    pictures, rotations, landmarks, kinds, photos = [], [], [], [], []
    twin: list[bool] = []

    def keep(drawn: tuple[Grey, npt.NDArray[np.float32]], rotation: npt.NDArray[np.float64], kind: int,
             glasses: int | None, has_twin: bool = False) -> None:  # fmt: skip
        if glasses is not None:
            draw_glasses(*drawn, rotation, np.random.default_rng(glasses))
        pictures.append(drawn[0])
        landmarks.append(drawn[1])
        rotations.append(rotation)
        kinds.append(kind)
        photos.append(number)
        twin.append(has_twin)

    def some_glasses() -> int | None:
        return int(rng.integers(2**32)) if rng.random() < 0.1 else None

    for place, number in enumerate(numbers):
        row = rows[number]
        photo = Photo(
            grey=greys[place],
            valid=tuple(float(row[key]) for key in ("valid_x0", "valid_y0", "valid_x1", "valid_y1")),  # type: ignore[arg-type]
            **{key: values[place] for key, values in fit.items()},
        )
        background = random_background(rng, greys[rng.integers(len(greys))])
        if abs(float(angles_from_rotation(photo.rotation)[0])) < TRUSTED_YAW_DEG:
            keep(photograph_as_it_is(photo, model, background), photo.rotation, REAL, some_glasses())
        texture = photograph_texture(photo, model, model.shape(photo.identity, photo.expression))
        for _ in range(turns):
            target = random_target(rng, photo, model.expression_names)
            background = random_background(rng, greys[rng.integers(len(greys))])
            glasses = some_glasses()
            keep(turn(photo, model, texture, target, background), target.rotation, TURNED, glasses, twins)
            if twins:
                other = replace(target, expression=another_expression(rng, target.expression, model.expression_names))
                keep(turn(photo, model, texture, other, background), target.rotation, TURNED, glasses)
    return Drawn(
        np.stack(pictures),
        np.stack(rotations).astype(np.float32),
        np.stack(landmarks).astype(np.float32),
        np.array(kinds, np.uint8),
        np.array(photos, np.int32),
        np.array(twin, np.bool_),
    )


_models: dict[Path, HeadModel] = {}


def _model(path: Path) -> HeadModel:
    """One head model a process."""
    if path not in _models:
        _models[path] = load_head_model(path)
    return _models[path]


def write_set(folder: Path, parts: Iterable[Drawn]) -> None:
    """Write pictures.raw (memory-mapped by training) and labels.npz, part by part as they come."""
    folder.mkdir(parents=True, exist_ok=True)
    labels: list[Drawn] = []
    empty = np.empty((0, PICTURE_SIZE, PICTURE_SIZE), np.uint8)
    with (folder / "pictures.raw").open("wb") as file:
        for done, drawn in enumerate(parts):
            drawn.pictures.tofile(file)
            labels.append(replace(drawn, pictures=empty))
            if done % 20 == 19:
                print(f"{sum(len(part.kind) for part in labels)} pictures", flush=True)
    np.savez(
        folder / "labels.npz",
        **{
            key: np.concatenate([getattr(part, key) for part in labels])
            for key in ("rotations", "landmarks", "kind", "photo", "twin")
        },
    )


def main(argv: list[str] | None = None) -> int:
    """Draw the set into a folder: pictures.raw (memory-mapped by training) and labels.npz."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faces", type=Path, required=True, help="folder with faces.csv and the zips")
    parser.add_argument("--head", type=Path, required=True, help="ict_facekit.npz")
    parser.add_argument("--fits", type=Path, required=True, help="fits.npz of training.head_fit")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--turns", type=int, default=4, help="turned pictures of each photograph")
    parser.add_argument("--twins", action="store_true", help="draw each of them again with another expression")
    parser.add_argument("--photos", type=int, default=None, help="only so many photographs, chosen evenly")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args(argv)
    numbers = usable_photos(crop_rows(options.faces), np.load(options.fits))
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
            options.turns,
            options.twins,
            options.seed * 100_003 + i,
        )
        for i, part in enumerate(parts)
    ]
    with ProcessPoolExecutor(options.workers) as pool:
        write_set(options.out, pool.map(draw_photos, tasks))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

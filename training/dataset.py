"""Batches for training, varied anew every time they are drawn from the stored pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fpn.rotations import angles_from_rotation
from training.augment import Placement, Sample, photograph, place, random_placement
from training.backgrounds import plain_background
from training.occluders import occlude
from training.picture_set import REAL, TURNED, UNLABELLED
from training.turning import PICTURE_SIZE

Float32 = npt.NDArray[np.float32]

TARGETS = {"present": slice(0, 1), "rotation": slice(1, 10), "center": slice(10, 12), "log_side": slice(12, 13),
           "landmarks": slice(13, 13 + 204), "twin": slice(217, 218), "posed": slice(218, 219),
           "likelihood": slice(219, 220)}  # fmt: skip
"""Where each label stands in a row of targets; all but `present` count only where a face is present.

twin: 1 where the next row must be read with the same error, whatever that is, since nothing that moves the pose differs
between the two (expression, crop, camera); -1 where it is mirrored besides; 0 elsewhere; a smaller number gives it less
weight. posed: 1 where rotation and landmarks count; real faces far turned and neighbouring frames of videos teach only
what needs no label, that looks at them agree. likelihood: the share at which predicted uncertainties count, 1 unless
the trainer lowers it.
"""
TARGET_SIZE = 220
_TWINS, _NEIGHBOURS = 255, 254  # beside REAL, TURNED, UNLABELLED: drawn pictures that have a twin, and frames of videos
_SHARES = {REAL: 0.32, TURNED: 0.36, _TWINS: 0.2, UNLABELLED: 0.08, _NEIGHBOURS: 0.04}
_SECOND_LOOK_SHARE = 0.08
_ABSENT_SHARE = 0.1
_OCCLUDED_SHARE = 0.2
_YAW_BIN_DEG = 10.0
_KEPT_BACK = 40


@dataclass
class PictureSet:
    """One or more folders written by `training.picture_set`, pictures memory-mapped.

    kept_back: (n,) bool, pictures of every fortieth photograph, which are not drawn from where that was asked.
    """

    pictures: Sequence[npt.NDArray[np.uint8]]
    folder: npt.NDArray[np.int32]
    place_in_folder: npt.NDArray[np.int32]
    rotations: Float32
    landmarks: Float32
    kind: npt.NDArray[np.uint8]
    twin: npt.NDArray[np.bool_]
    kept_back: npt.NDArray[np.bool_]
    chances: npt.NDArray[np.float64]
    real: npt.NDArray[np.int64]

    @classmethod
    def open(cls, folders: list[Path], keep_back: bool = False) -> PictureSet:
        """Open folders; how often a picture is drawn makes the yaws even and real pictures a fixed share."""
        pictures, labels = [], []
        for path in folders:
            with np.load(path / "labels.npz") as data:
                labels.append({key: data[key] for key in data.files})
            shape = (len(labels[-1]["kind"]), PICTURE_SIZE, PICTURE_SIZE)
            pictures.append(np.memmap(path / "pictures.raw", np.uint8, "r", shape=shape))
        rotations = np.concatenate([part["rotations"] for part in labels])
        kind = np.concatenate([part["kind"] for part in labels])
        yaw = angles_from_rotation(rotations)[0]
        kept_back = np.concatenate([part["photo"] for part in labels]) % _KEPT_BACK == 0
        drawn = ~kept_back if keep_back else np.ones(len(kind), bool)
        twin = np.concatenate([part["twin"] for part in labels])
        group = np.where(twin, np.where(kind == UNLABELLED, _NEIGHBOURS, _TWINS), kind)
        drawn &= ~np.roll(twin, 1)  # a second of two comes with its first
        chances = np.zeros(len(kind))
        for number, share in _SHARES.items():
            chosen = (group == number) & drawn
            if not chosen.any():
                continue
            bins = np.digitize(np.abs(yaw[chosen]), np.arange(_YAW_BIN_DEG, 90, _YAW_BIN_DEG))
            # Half way to even yaws: the front is where faces mostly are.
            rarity = 1 / np.sqrt(np.bincount(bins)[bins])
            chances[chosen] = share * rarity / rarity.sum()
        return cls(
            pictures=pictures,
            folder=np.concatenate([np.full(len(part["kind"]), i, np.int32) for i, part in enumerate(labels)]),
            place_in_folder=np.concatenate([np.arange(len(part["kind"]), dtype=np.int32) for part in labels]),
            rotations=rotations,
            landmarks=np.concatenate([part["landmarks"] for part in labels]),
            kind=kind,
            twin=twin,
            kept_back=kept_back,
            chances=np.cumsum(chances / chances.sum()),
            real=np.flatnonzero((kind == REAL) & drawn),
        )

    def picture(self, number: int) -> npt.NDArray[np.uint8]:
        """The stored picture (192, 192) uint8 of that number over all folders."""
        return self.pictures[self.folder[number]][self.place_in_folder[number]]


def absent(rng: np.random.Generator, pictures: PictureSet, size: int) -> npt.NDArray[np.uint8]:
    """A crop (size, size) without a face in its place: background, or a face far off, much too large or too small."""
    number = int(rng.choice(pictures.real))
    picture = pictures.picture(number)
    if rng.random() < 0.15:
        other = plain_background(rng)
        whole = Placement(rng.uniform(0, 360), rng.uniform(0.5, 1.6), (0.0, 0.0), False)
        return place(other, pictures.rotations[number], pictures.landmarks[number], whole, size, None).crop
    direction = rng.uniform(0, 2 * np.pi)
    choice = rng.random()
    if choice < 0.45:  # what is beside a face: hair, ears, shoulders, things
        side = rng.uniform(0.3, 0.6)
        distance = rng.uniform(0.58, 0.8) / side
    elif choice < 0.8:  # the edge of a face
        side, distance = rng.uniform(0.7, 1.4), rng.uniform(0.6, 0.95)
    elif choice < 0.9:  # a piece of a face
        side, distance = rng.uniform(0.2, 0.35), rng.uniform(0, 0.6)
    else:
        side, distance = rng.uniform(3, 5), rng.uniform(0, 0.3)
    shift = (float(distance * np.cos(direction)), float(distance * np.sin(direction)))
    away = Placement(rng.uniform(-60, 60), float(side), shift, False)
    border = None if rng.random() < 0.5 else int(rng.integers(0, 256))
    return place(picture, pictures.rotations[number], pictures.landmarks[number], away, size, border).crop


def sample(rng: np.random.Generator, pictures: PictureSet, number: int, size: int, placement: Placement) -> Sample:
    """A crop of a stored picture, with any border."""
    border = None if rng.random() < 0.5 else int(rng.integers(0, 256))
    return place(
        pictures.picture(number), pictures.rotations[number], pictures.landmarks[number], placement, size, border
    )


def twins(rng: np.random.Generator, pictures: PictureSet, number: int, size: int) -> tuple[Sample, Sample, float]:
    """Two crops that must be read with the same error, and the label `twin` of the first.

    Where the picture has a twin: both in the same place of the crop, mostly seen by the same camera, so that only the
    expression differs. Else: two looks at the same picture, now and then mirrored. Some have a thing before the face,
    both or one of them.
    """
    if pictures.twin[number]:
        placement, border = random_placement(rng), int(rng.integers(0, 256))
        first, second = (
            place(pictures.picture(n), pictures.rotations[n], pictures.landmarks[n], placement, size, border)
            for n in (number, number + 1)
        )
        label, same_camera = 1.0, rng.random() < 0.7
    else:
        looks = [random_placement(rng) for _ in range(2)]
        first, second = (sample(rng, pictures, number, size, look) for look in looks)
        label, same_camera = 1.0 if looks[0].mirrored == looks[1].mirrored else -1.0, False
    if rng.random() < _OCCLUDED_SHARE:
        # Before both in the same place, or before the second alone: hiding a part must not move the pose either.
        material, seed = np.ascontiguousarray(first.crop[::-1]), int(rng.integers(2**32))
        for covered in (first, second) if rng.random() < 0.5 else (second,):
            occlude(np.random.default_rng(seed), covered.crop, material)
    seeds = rng.integers(2**32, size=2)
    for drawn, seed in zip((first, second), seeds[[0, 0]] if same_camera else seeds, strict=True):
        drawn.crop[:] = photograph(np.random.default_rng(int(seed)), drawn.crop)
    return first, second, label


def batch(
    rng: np.random.Generator, pictures: PictureSet, count: int, size: int
) -> tuple[npt.NDArray[np.uint8], Float32]:
    """Crops (count, size, size, 1) uint8 and targets (count, TARGET_SIZE) float32, laid out as `TARGETS`."""
    crops = np.empty((count, size, size, 1), np.uint8)
    targets = np.zeros((count, TARGET_SIZE), np.float32)
    targets[:, TARGETS["rotation"]] = np.eye(3).ravel()
    targets[:, TARGETS["likelihood"]] = 1
    numbers = np.searchsorted(pictures.chances, rng.random(count)).clip(0, len(pictures.chances) - 1)
    row = 0

    def keep(drawn: Sample, posed: bool, twin: float = 0.0) -> None:
        nonlocal row
        crops[row, ..., 0] = drawn.crop
        targets[row, TARGETS["present"]] = 1
        targets[row, TARGETS["rotation"]] = drawn.rotation.ravel()
        targets[row, TARGETS["center"]] = drawn.center
        targets[row, TARGETS["log_side"]] = drawn.log_side
        targets[row, TARGETS["landmarks"]] = drawn.landmarks.ravel()
        targets[row, TARGETS["twin"]] = twin
        targets[row, TARGETS["posed"]] = posed
        row += 1

    for number in map(int, numbers):
        if row == count:
            break
        posed = bool(pictures.kind[number] != UNLABELLED)
        if rng.random() < _ABSENT_SHARE:
            crops[row, ..., 0] = photograph(rng, absent(rng, pictures, size))
            row += 1
        elif row + 1 < count and (pictures.twin[number] or not posed or rng.random() < _SECOND_LOOK_SHARE):
            first, second, label = twins(rng, pictures, number, size)
            keep(first, posed, label)
            keep(second, posed)
        else:
            drawn = sample(rng, pictures, number, size, random_placement(rng))
            if rng.random() < _OCCLUDED_SHARE:
                occlude(rng, drawn.crop, crops[row - 1, ..., 0])
            drawn.crop[:] = photograph(rng, drawn.crop)
            keep(drawn, posed)
    return crops, targets

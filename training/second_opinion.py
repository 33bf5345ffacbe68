"""What a trained network of our own says of the labels it learned from: `python -m training second-opinion`.

Mesh and network err in their own ways: on twenty near-frontal validation images the mesh's fit is off by 4.3 degrees on
average once a constant is removed, a network taught by such fits by 4.1, what lies between them by 3.6. A network that
goes on learning from the mesh alone comes to repeat its errors instead. So every photograph is read by a network, and
`fit --opinions` moves its pose part of the way. What network and mesh see differently on average, by yaw and by pitch,
is left out: an opinion is about one photograph, not about where zero is or how far yaws reach.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from fpn.network import OUTPUTS
from fpn.rotations import angles_from_rotation, mirror_rotation, rotation_from_six
from training.augment import Placement, place
from training.dataset import PictureSet
from training.finished_run import read_run
from training.picture_set import REAL

Float = npt.NDArray[np.float64]

SHARE = 0.7
"""Of the way from the mesh to the network. On the validation images 0.5 and 0.7 do the same; what it has learned from,
the network reads too much as the mesh does."""
LARGEST_DEG = 12.0
"""Opinions further off count as that far: one of the two is lost then."""
_BIN_DEG = 10.0
_AT_ONCE = 256


def readings(model: Any, pictures: PictureSet, numbers: npt.NDArray[np.int64]) -> Float:
    """Rotations (n, 3, 3) that `model` reads in stored pictures, the mean of each and its mirror image."""
    size = model.input_shape[1]
    result = np.empty((len(numbers), 3, 3))
    for start in range(0, len(numbers), _AT_ONCE):
        part = numbers[start : start + _AT_ONCE]
        both = []
        for mirrored in (False, True):
            look = Placement(0.0, 1.0, (0.0, 0.0), mirrored)
            crops = np.stack(
                [
                    place(pictures.picture(n), pictures.rotations[n], pictures.landmarks[n], look, size, None).crop
                    for n in part
                ]
            )
            out = model.predict_on_batch(crops[..., None].astype(np.float32))
            read = rotation_from_six(out[:, OUTPUTS["rotation"]].astype(np.float64))
            both.append(mirror_rotation(read) if mirrored else read)
        turn = Rotation.from_matrix(np.swapaxes(both[0], 1, 2) @ both[1]).as_rotvec()
        result[start : start + len(part)] = both[0] @ Rotation.from_rotvec(turn / 2).as_matrix()
    return result


def opinions(labels: Float, read: Float) -> Float:
    """Rotation vectors (n, 3) in degrees, head axes, by which labels (n, 3, 3) should turn to lie between both.

    Means over labels of like yaw, and of like pitch, are taken out first.
    """
    apart = Rotation.from_matrix(np.swapaxes(labels, 1, 2) @ read).as_rotvec(degrees=True)
    for angle in angles_from_rotation(labels)[:2]:
        _, group = np.unique(np.round(angle / _BIN_DEG), return_inverse=True)
        counts = np.bincount(group)
        means = np.stack([np.bincount(group, apart[:, axis]) / counts for axis in range(3)], axis=1)
        apart = apart - means[group]
    length = np.linalg.norm(apart, axis=1, keepdims=True)
    return np.asarray(SHARE * apart * np.minimum(1, LARGEST_DEG / np.maximum(length, 1e-9)))


def main(argv: list[str] | None = None) -> int:
    """Read every real picture of a set with a run's averaged weights and write the opinions for `fit --opinions`."""
    parser = argparse.ArgumentParser(prog="python -m training second-opinion", description=__doc__)
    parser.add_argument("--set", type=Path, required=True, help="a folder of drawn pictures, with the real ones")
    parser.add_argument("--run", type=Path, required=True, help="folder of the run that reads them")
    parser.add_argument("--out", type=Path, required=True, help="file to write, NAME.npz")
    options = parser.parse_args(argv)
    model, _ = read_run(options.run)
    pictures = PictureSet.open([options.set])
    numbers = np.flatnonzero(pictures.kind == REAL)
    with np.load(options.set / "labels.npz") as labels:
        photos = labels["photo"][numbers]
    turns = opinions(pictures.rotations[numbers].astype(np.float64), readings(model, pictures, numbers))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    np.savez(options.out, photo=photos, turn_deg=turns)
    print(f"{len(photos)} photographs, moved by {np.linalg.norm(turns, axis=1).mean():.1f} degrees on average")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

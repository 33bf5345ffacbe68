"""What the mesh makes of pictures whose turn is known: `python -m training check-labels`.

The turn from a photograph to a picture drawn of it is exact, so two things can be measured that no label tells.
Photographs from the front, whose label the mesh can hardly get wrong, turned away: how far short of the turn does it
read them? And photographs from the side, turned to the front: do they still look to that side, so that their label was
short? What the mesh loses shows in the first table always, in the second unless `training.head_fit.with_lost_yaw` has
put it right (the second shows somewhat less than there is: half the face is then filled from its mirror side, which
looks straight ahead).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from fpn.rotations import angles_from_rotation
from training.dataset import PictureSet
from training.head_fit import MeshFit
from training.head_model import load_head_model
from training.mesh_landmarks import FaceMesh, crop_rows, patch_transform
from training.picture_set import TURNED

Float = npt.NDArray[np.float64]

FRONT_DEG, LEVEL_DEG = 6.0, 15.0
TURNS_DEG = (0.0, 6.0, 12.0, 18.0, 24.0, 30.0, 36.0, 42.0, 50.0, 60.0)
BASES_DEG = (0.0, 8.0, 16.0, 24.0, 32.0, 40.0, 50.0)


@dataclass(frozen=True)
class Shortfall:
    """A range of yaws [low, high) in degrees, how many pictures were read, how far outward the mesh reads them beyond
    their label (mean) and the standard error of that, in degrees.
    """

    low: float
    high: float
    count: int
    outward: float
    error: float


def shortfall(low: float, high: float, read: Float, label: Float, side: Float) -> Shortfall:
    """Of yaws (n,) read and labelled; side (n,): a number with the sign of the side that is outward."""
    outward = (read - label) * np.sign(side)
    return Shortfall(low, high, len(outward), float(outward.mean()), float(outward.std() / np.sqrt(len(outward))))


def mesh_points(mesh: FaceMesh, picture: npt.NDArray[np.uint8], landmarks: Float,
                order: npt.NDArray[np.int64]) -> Float | None:  # fmt: skip
    """The mesh (468, 3) in pixels, mean of plain and mirrored, of a face whose 68 landmarks are about known; None where
    it is not seen. The patch is placed by the landmarks first, then twice by the mesh itself.
    """
    image = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR)
    across = landmarks[42:48, :2].mean(0) - landmarks[36:42, :2].mean(0)
    roll = float(np.arctan2(across[1], across[0]))
    upright = np.array([[np.cos(roll), np.sin(roll)], [-np.sin(roll), np.cos(roll)]])
    around, wider = landmarks.astype(np.float64), 1.13  # the 68 landmarks have no forehead
    for _ in range(3):
        box = around[:, :2] @ upright.T
        low, high = box.min(0), box.max(0)
        center, extent = (low + high) / 2 @ upright, wider * float((high - low).max())
        plain = mesh.find(image, patch_transform(center, extent, roll, mirrored=False))
        if plain is None:
            return None
        around, wider = plain.astype(np.float64), 1.0
    mirrored = mesh.find(image, patch_transform(center, extent, roll, mirrored=True))
    return None if mirrored is None else (around + mirrored[order]) / 2


def check(pictures: PictureSet, photo_yaw: Float, fit: MeshFit, most: int) -> tuple[list[Shortfall], list[Shortfall]]:
    """Shortfalls by the yaw to which frontal photographs were turned, and by that from which others were turned back.

    photo_yaw: (n,) degrees, the label of the photograph of each picture. most: pictures read for each range.
    """
    mesh = FaceMesh()
    yaw, pitch, _ = angles_from_rotation(pictures.rotations.astype(np.float64))
    usable = (pictures.kind == TURNED) & (np.abs(pitch) < LEVEL_DEG)
    rng = np.random.default_rng(0)

    def over(ranges: Sequence[float], chosen: npt.NDArray[np.bool_], by: Float) -> list[Shortfall]:
        results = []
        for low, high in pairwise(ranges):
            numbers = rng.permutation(np.flatnonzero(chosen & (np.abs(by) >= low) & (np.abs(by) < high)))[:most]
            found = [(n, mesh_points(mesh, pictures.picture(n), pictures.landmarks[n], fit.order)) for n in numbers]
            seen = np.array([n for n, points in found if points is not None], np.int64)
            if len(seen) == 0:
                continue
            points = np.stack([points for _, points in found if points is not None])
            read = angles_from_rotation(fit.pose.fit(points)[0].rotation)[0]
            results.append(shortfall(low, high, read, yaw[seen], by[seen]))
        return results

    away = over(TURNS_DEG, usable & (np.abs(photo_yaw) < FRONT_DEG), yaw)
    back = over(BASES_DEG, usable & (np.abs(yaw) < FRONT_DEG + 2), photo_yaw)
    return away, back


def table(title: str, rows: list[Shortfall]) -> str:
    """The rows as Markdown."""
    lines = [f"| {title} | pictures | read outward of the label |", "|---|---|---|"]
    lines += [f"| {r.low:.0f} to {r.high:.0f} | {r.count} | {r.outward:+.2f} +- {r.error:.2f} |" for r in rows]
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> int:
    """Measure and print both tables."""
    parser = argparse.ArgumentParser(prog="python -m training check-labels", description=__doc__)
    parser.add_argument("--faces", type=Path, required=True, help="folder with faces.csv")
    parser.add_argument("--head", type=Path, required=True, help="ict_facekit.npz")
    parser.add_argument("--landmarks", type=Path, required=True, help="landmarks.npy of the landmarks stage")
    parser.add_argument("--fits", type=Path, required=True, help="fits.npz that the pictures were drawn with")
    parser.add_argument("--set", type=Path, required=True, help="a folder of drawn pictures")
    parser.add_argument("--most", type=int, default=150, help="pictures for each range of yaws")
    options = parser.parse_args(argv)
    fit = MeshFit.find(load_head_model(options.head), crop_rows(options.faces), np.load(options.landmarks))
    with np.load(options.set / "labels.npz") as labels:
        photos = labels["photo"]
    photo_yaw = angles_from_rotation(np.nan_to_num(np.load(options.fits)["rotation"]))[0][photos]
    away, back = check(PictureSet.open([options.set]), photo_yaw, fit, options.most)
    print(table("frontal photographs turned to, degrees", away))
    print()
    print(table("photographs turned back from, degrees", back))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

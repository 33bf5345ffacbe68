"""Real crops at large yaw, framed and sorted by a trained network of our own: `python -m training far`.

The face mesh cannot tell 60 degrees from 90 and finds no face in a profile; a network taught by turned heads can. It
looks at every such crop twelve times, mirrored, turned in plane and at two sizes; a crop is kept where all looks tell
the same pose. Their mean says where the face is and how often the crop is drawn; it is no label of the pose
(`training.dataset.TARGETS`, posed): what such crops teach is that looks must agree.
"""

from __future__ import annotations

import argparse
from itertools import product
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
import numpy.typing as npt

from fpn.head import FACE_CENTER_MM
from fpn.network import OUTPUTS
from fpn.roi import Roi
from fpn.rotations import angles_from_rotation, geodesic_deg, mirror_rotation, rotation_from_six
from training.augment import Placement, place
from training.backgrounds import random_background
from training.evaluate import Validation, predict
from training.face_basis import FaceBasis, face_basis
from training.finished_run import read_run
from training.head_model import load_head_model
from training.mesh_landmarks import crop_rows, read_crops
from training.picture_set import UNLABELLED, Drawn, write_set
from training.turning import PICTURE_SIZE, PIXELS_PER_MM, ROI_PIXELS, Grey

Float = npt.NDArray[np.float64]

LOOKS = tuple(
    Placement(angle, side, (0.0, 0.0), mirrored)
    for angle, side, mirrored in product((-12.0, 0.0, 12.0), (0.94, 1.06), (False, True))
)
LARGEST_SPREAD_DEG = 5.0
_MIDDLE = (PICTURE_SIZE - 1) / 2
_FIRST_REGION = Roi(_MIDDLE, _MIDDLE, 112.0)  # where the face is in every crop of `faces.csv`, by how they were cut
_CANDIDATE_YAW_DEG = 30.0
_KEPT_YAW_DEG = 33.0
_AT_ONCE = 64
_CERTAIN_LOGIT = 2.0
_CHECK_PERSON = 9
"""Persons of `fasseg.zip` from this number on are kept out of training: their labelled pans check large angles."""


def candidates(rows: list[dict[str, str]]) -> list[int]:
    """Rows whose face is, or may be, far turned: mesh yaw beyond 30 degrees, or no mesh; not squashed, not masked."""
    chosen = []
    for number, row in enumerate(rows):
        parts = row["original_path"].split("/")
        if "with_mask" in parts or "augmented_image" in row["original_path"] or _is_checked(row):
            continue
        if row["mesh_found"] == "1":
            if abs(float(row["mesh_yaw_deg"])) < _CANDIDATE_YAW_DEG or not 0.85 < float(row["mesh_aspect"]) < 1.25:
                continue
            if float(row["iod_px"]) < 26:
                continue
        chosen.append(number)
    return chosen


def _is_checked(row: dict[str, str]) -> bool:
    name = row["original_path"].split("/")[-1]
    return row["zip"] == "fasseg.zip" and name.startswith("personne") and int(name[8:10]) >= _CHECK_PERSON


def framed(grey: Grey, valid: tuple[int, int, int, int], region: Roi, background: Grey) -> Grey:
    """The crop framed as drawn pictures are, `region` 110 pixels wide in the middle, unreal pixels `background`'s."""
    zoom = ROI_PIXELS / region.side
    affine = np.array([[zoom, 0, _MIDDLE - zoom * region.center_x], [0, zoom, _MIDDLE - zoom * region.center_y]])
    x0, y0, x1, y1 = valid
    real = np.zeros_like(grey)
    real[y0:y1, x0:x1] = 255
    size = (PICTURE_SIZE, PICTURE_SIZE)
    picture = cv2.warpAffine(grey, affine, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.where(cv2.warpAffine(real, affine, size) > 127, picture, background).astype(np.uint8)


def agreed_pose(model: Any, picture: Grey) -> tuple[Float, float, npt.NDArray[np.float32], float]:
    """What the looks at a framed picture say: mean rotation (3, 3), their root mean square distance from it in degrees,
    mean shape weights (50,) and mean logit of presence.
    """
    size = model.input_shape[1]
    nothing = np.zeros((68, 3), np.float32)
    seen = [place(picture, np.eye(3, dtype=np.float32), nothing, look, size, None) for look in LOOKS]
    crops = np.stack([each.crop for each in seen])[..., None].astype(np.float32)
    out = model.predict_on_batch(crops)
    rotations = np.swapaxes(np.stack([each.rotation for each in seen]), 1, 2) @ rotation_from_six(
        out[:, OUTPUTS["rotation"]]
    )
    mirrored = np.array([look.mirrored for look in LOOKS])
    rotations[mirrored] = mirror_rotation(rotations[mirrored])
    u, _, vt = np.linalg.svd(rotations.sum(0))
    mean = u @ np.diag([1, 1, np.linalg.det(u @ vt)]) @ vt
    spread = float(np.sqrt((geodesic_deg(rotations, np.broadcast_to(mean, rotations.shape)) ** 2).mean()))
    return mean, spread, out[~mirrored][:, OUTPUTS["shape"]].mean(0), float(out[:, OUTPUTS["presence"]].mean())


def draw_far(faces: Path, model: Any, basis: FaceBasis, rng: np.random.Generator) -> Drawn:
    """All pictures on whose pose the looks agree, with that pose."""
    rows = crop_rows(faces)
    numbers = candidates(rows)
    greys = [cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY) for crop in read_crops(faces, [rows[n] for n in numbers])]
    regions: list[Roi] = []
    for start in range(0, len(greys), _AT_ONCE):
        part = greys[start : start + _AT_ONCE]
        unknown = np.tile(np.eye(3), (len(part), 1, 1))
        regions += predict(model, Validation("far", part, [_FIRST_REGION] * len(part), unknown))[1]
    pictures, rotations, landmarks, photos = [], [], [], []
    for number, grey, region in zip(numbers, greys, regions, strict=True):
        valid = [round(float(rows[number][key])) for key in ("valid_x0", "valid_y0", "valid_x1", "valid_y1")]
        x0, y0, x1, y1 = (min(max(value, 0), PICTURE_SIZE) for value in valid)
        background = random_background(rng, greys[rng.integers(len(greys))])
        picture = framed(grey, (x0, y0, x1, y1), region, background)
        rotation, spread, shape, logit = agreed_pose(model, picture)
        yaw = float(angles_from_rotation(rotation)[0])
        if spread > LARGEST_SPREAD_DEG or logit < _CERTAIN_LOGIT or abs(yaw) < _KEPT_YAW_DEG:
            continue
        local = basis.mean + np.tensordot(shape, basis.components, 1) - FACE_CENTER_MM
        points = (local @ rotation.T * PIXELS_PER_MM).astype(np.float32)
        points[:, :2] += _MIDDLE
        pictures.append(picture)
        rotations.append(rotation)
        landmarks.append(points)
        photos.append(number)
    print(f"{len(pictures)} of {len(numbers)} crops kept")
    return Drawn(
        np.stack(pictures),
        np.stack(rotations).astype(np.float32),
        np.stack(landmarks),
        np.full(len(pictures), UNLABELLED, np.uint8),
        np.array(photos, np.int32),
        np.zeros(len(pictures), bool),
    )


def main(argv: list[str] | None = None) -> int:
    """Frame the far crops with a run's averaged weights and write them as a set for `train`."""
    parser = argparse.ArgumentParser(prog="python -m training far", description=__doc__)
    parser.add_argument("--faces", type=Path, required=True, help="folder with faces.csv and the zips")
    parser.add_argument("--head", type=Path, required=True, help="ict_facekit.npz")
    parser.add_argument("--fits", type=Path, required=True, help="fits.npz of the fit stage")
    parser.add_argument("--run", type=Path, required=True, help="folder of the run that looks at them")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(argv)
    model, _ = read_run(options.run)
    keras.utils.set_random_seed(options.seed)
    head = load_head_model(options.head)
    basis = face_basis(head, np.load(options.fits), head.landmarks68)
    drawn = draw_far(options.faces, model, basis, np.random.default_rng(options.seed))
    write_set(options.out, [drawn])
    return 0

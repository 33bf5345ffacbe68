"""An average face over many photographs, as a texture for synthetic heads: nobody in particular.

Every photograph is carried onto the average head through its own fit; what hundreds of them agree on is kept. The front
is kept as a picture seen from straight ahead, the sides as a colour at every vertex.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from fpn.rotations import angles_from_rotation
from training.head_model import HeadModel
from training.mesh_landmarks import crop_rows, read_crops
from training.rasteriser import interpolate, rasterise
from training.turning import PICTURE_SIZE, Photo, photograph_texture

Float32 = npt.NDArray[np.float32]

FRONT_SIZE = 512
FRONT_PIXELS_PER_MM = 2.0
_FACE_MIDDLE_MM = 40.0  # below the eyes
_EYES_OPEN = 0.25  # of the blink weight: averaged lids blur otherwise


@dataclass(frozen=True)
class AverageHead:
    """shape: (V, 3) float32 mm. colours: (V, 3) float32 BGR. front: (512, 512, 3) float32 BGR, the head seen from
    straight ahead (`front_screen`); front_weight: (V,) 0..1, how far it is used at a vertex.
    """

    shape: Float32
    colours: Float32
    front: Float32
    front_weight: Float32

    def front_coordinates(self) -> Float32:
        """Where each vertex lies in `front`, (V, 2) float32 px."""
        return front_screen(self.shape)[:, :2]


def front_screen(shape: Float32) -> Float32:
    """Orthographic screen coordinates (V, 3) of a head seen from straight ahead, framed as `AverageHead.front`."""
    screen = shape * np.float32(FRONT_PIXELS_PER_MM)
    screen[:, :2] += (FRONT_SIZE - 1) / 2
    screen[:, 1] -= _FACE_MIDDLE_MM * FRONT_PIXELS_PER_MM
    return screen


def average_head(model: HeadModel, faces: Path, fit_file: Path, count: int, seed: int) -> AverageHead:
    """Average `count` colour photographs with trusted fits, each also mirrored: the result is symmetric."""
    rows = crop_rows(faces)
    fits = np.load(fit_file)
    yaw, pitch, _ = angles_from_rotation(np.nan_to_num(fits["rotation"]))
    sharp = np.array([row["is_grey"] == "0" and float(row["iod_px"] or 0) > 45 for row in rows])
    named = np.array(["with_mask" not in row["original_path"] and row["zip"] != "driver_frames.zip" for row in rows])
    trusted = sharp & named & (fits["residual_mm"] < 3) & (fits["disagreement_px"] < 1.5) & (np.abs(pitch) < 15)
    blink, jaw = (model.expression_names.index(name) for name in ("eyeBlink_L", "jawOpen"))
    trusted &= (fits["expression"][:, blink] < _EYES_OPEN) & (fits["expression"][:, jaw] < 0.1)
    rng = np.random.default_rng(seed)
    front_rows = rng.permutation(np.flatnonzero(trusted & (np.abs(yaw) < 12)))[:count]
    side_rows = rng.permutation(np.flatnonzero(trusted & (np.abs(yaw) > 22) & (np.abs(yaw) < 45)))[: count // 2]

    shape = model.neutral
    screen = front_screen(shape.copy())
    index, weights, _ = rasterise(screen, model.triangles, FRONT_SIZE, FRONT_SIZE)
    front_sum, front_seen = np.zeros((FRONT_SIZE, FRONT_SIZE, 3)), np.zeros((FRONT_SIZE, FRONT_SIZE))
    colour_sum, colour_seen = np.zeros((len(shape), 3)), np.zeros(len(shape))
    chosen = np.concatenate([front_rows, side_rows])
    for number, crop in zip(chosen, read_crops(faces, [rows[n] for n in chosen]), strict=True):
        row = rows[number]
        photo = Photo(
            grey=np.asarray(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY), np.uint8),
            valid=tuple(float(row[key]) for key in ("valid_x0", "valid_y0", "valid_x1", "valid_y1")),  # type: ignore[arg-type]
            **{key: fits[key][number] for key in ("scale", "rotation", "translation", "identity", "expression")},
        )
        own = model.shape(photo.identity, photo.expression)
        texture = photograph_texture(photo, model, own)
        # Each photograph's exposure is brought to a common one by its own skin.
        gain = 150.0 / max(texture.skin, 40.0)
        picture = crop.astype(np.float32) * gain
        u, v = texture.coordinates.T
        at_vertex = picture[
            np.clip(np.rint(v).astype(int), 0, PICTURE_SIZE - 1), np.clip(np.rint(u).astype(int), 0, PICTURE_SIZE - 1)
        ]
        weight = texture.weight.astype(np.float64) ** 2
        colour_sum += at_vertex * weight[:, None]
        colour_seen += weight
        if abs(yaw[number]) < 12:
            attributes = np.column_stack([texture.coordinates, texture.weight]).astype(np.float32)
            a = interpolate(index, weights, model.triangles, attributes)
            seen = a[..., 2] ** 2
            front_sum += cv2.remap(picture, a[..., 0], a[..., 1], cv2.INTER_CUBIC) * seen[..., None]
            front_seen += seen
    front_sum += front_sum[:, ::-1]
    front_seen += front_seen[:, ::-1]
    colour_sum += colour_sum[model.mirror]
    colour_seen += colour_seen[model.mirror]
    known = colour_seen > 0.02 * colour_seen.max()
    colours = colour_sum / np.maximum(colour_seen, 1e-6)[:, None]
    skin = np.median(colours[known], axis=0)
    colours[~known] = skin
    front = front_sum / np.maximum(front_seen, 1e-6)[..., None]
    evidence = cv2.GaussianBlur(front_seen / front_seen.max(), (0, 0), 3)
    x, y = np.clip(np.rint(screen[:, :2]).astype(int), 0, FRONT_SIZE - 1).T
    return AverageHead(
        shape=shape,
        colours=colours.astype(np.float32),
        front=front.clip(0, 255).astype(np.float32),
        front_weight=np.clip((evidence[y, x] - 0.15) / 0.3, 0, 1).astype(np.float32),
    )

"""Render the demo clip: a synthetic head with an average face, its exact 6DoF pose in every frame beside it.

The face is the mean of hundreds of photographs on the neutral head of ICT-FaceKit: no identifiable person. It turns,
nods, tilts, comes nearer, crosses the picture, blinks and speaks; `demo_truth.csv` holds the truth.
"""

from __future__ import annotations

import argparse
import csv
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt
from scipy.interpolate import PchipInterpolator
from scipy.spatial.transform import Rotation

from fpn.camera import Camera
from fpn.rotations import rotation_from_angles
from training.average_head import AverageHead, average_head
from training.head_model import HeadModel, load_head_model
from training.rasteriser import interpolate, rasterise, vertex_normals

WIDTH, HEIGHT, RATE, SECONDS = 640, 480, 30, 13
_OVERSAMPLING = 2
_HAIR_BGR = (38, 48, 62)
_SHIRT_BGR = (96, 70, 52)
DEMO_FOLDER = Path(__file__).resolve().parents[1] / "tracker" / "demo"

# time (s): yaw, pitch, roll (degrees), x, y, z (mm)
_KEYFRAMES = np.array(
    [
        (0.0, 0, 0, 0, 0, 0, 760),
        (0.9, 0, 0, 0, 0, 0, 760),
        (1.9, 58, 3, 2, 15, 0, 760),
        (3.4, -58, 3, -2, -15, 0, 760),
        (4.4, 0, 0, 0, 0, 0, 760),
        (5.2, 0, 28, 0, 0, 5, 740),
        (6.2, 0, -28, 0, 0, 5, 740),
        (6.9, 0, 0, 0, 0, 0, 740),
        (7.6, 3, 0, 28, 10, 0, 740),
        (8.6, -3, 0, -28, -10, 0, 740),
        (9.2, 0, 0, 0, 0, 0, 720),
        (10.2, -15, 5, -5, 190, -20, 620),
        (11.4, 20, -5, 8, -150, 10, 430),
        (12.3, 8, 4, 0, 20, 10, 480),
        (13.0, 0, 0, 0, 0, 0, 700),
    ]
)
_BLINKS = (0.5, 2.6, 4.3, 6.8, 9.1, 11.0, 12.2)
_SPEECH = (9.3, 12.6)


def trajectory(times: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Rotations (n, 3, 3) and translations (n, 3) mm at `times` (n,) seconds; smooth between key frames."""
    values = PchipInterpolator(_KEYFRAMES[:, 0], _KEYFRAMES[:, 1:])(times)
    return rotation_from_angles(*values[:, :3].T), values[:, 3:]


def expression(model: HeadModel, time_s: float) -> npt.NDArray[np.float32]:
    """Expression weights (53,): blinks of a quarter of a second, and lips that move while the head speaks."""
    weights = dict.fromkeys(model.expression_names, 0.0)
    closed = max(np.clip(1 - abs(time_s - blink) / 0.13, 0, 1) for blink in _BLINKS)
    weights["eyeBlink_L"] = weights["eyeBlink_R"] = float(closed)
    if _SPEECH[0] < time_s < _SPEECH[1]:
        weights["jawOpen"] = float(0.28 * (0.5 - 0.5 * np.cos(2 * np.pi * 3.1 * time_s)))
        weights["mouthFunnel"] = float(0.2 * (0.5 - 0.5 * np.cos(2 * np.pi * 1.3 * time_s)))
    weights["mouthSmile_L"] = weights["mouthSmile_R"] = float(0.35 * np.exp(-(((time_s - 4.6) / 0.5) ** 2)))
    return np.array(list(weights.values()), np.float32)


def backdrop() -> npt.NDArray[np.float32]:
    """A room out of focus (H, W, 3) float32 BGR: wall, window light and shelves."""
    picture = np.empty((HEIGHT, WIDTH, 3), np.float32)
    picture[:] = np.array([172, 168, 160], np.float32) * np.linspace(1.05, 0.8, HEIGHT, dtype=np.float32)[:, None, None]
    cv2.rectangle(picture, (30, 40), (190, 300), (225, 222, 214), -1)
    cv2.line(picture, (110, 40), (110, 300), (150, 146, 140), 6)
    for row, tones in enumerate(((90, 120, 70, 140, 100), (130, 80, 110, 60, 120), (70, 110, 140, 90, 80))):
        for column, tone in enumerate(tones):
            left, top = 450 + 34 * column, 60 + 95 * row
            cv2.rectangle(picture, (left, top), (left + 26, top + 70), (tone, tone * 0.9, tone * 1.1), -1)
        cv2.rectangle(picture, (440, 132 + 95 * row), (630, 140 + 95 * row), (70, 90, 110), -1)
    return cv2.GaussianBlur(picture, (0, 0), 7)


def _hair(shape: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """How far (V,) 0..1 a vertex lies under short hair: behind a line from the forehead past the ears to the nape."""
    x, y, z = shape.T
    skull = np.maximum(np.minimum((z - 62) / 6, (95 - y) / 8), (-y - 72) / 5)
    ear = np.minimum.reduce([(np.abs(x) - 74) / 1.5, (z - 45) / 4, (110 - z) / 4, (y + 30) / 4, (62 - y) / 4])
    return np.asarray(1 / (1 + np.exp(-skull)) * (1 - np.clip(ear, 0, 1)), np.float32)


def render(
    model: HeadModel,
    head: AverageHead,
    camera: Camera,
    rotation: npt.NDArray[np.float64],
    translation: npt.NDArray[np.float64],
    weights: npt.NDArray[np.float32],
    background: npt.NDArray[np.float32],
) -> npt.NDArray[np.uint8]:
    """One frame (H, W, 3) uint8 BGR of the head in that pose, seen by `camera` with real perspective."""
    shape = head.shape + np.tensordot(weights, model.expression, 1)
    posed = (shape @ rotation.T + translation).astype(np.float32)
    large = camera.resized(camera.width * _OVERSAMPLING, camera.height * _OVERSAMPLING)
    screen = np.column_stack([large.project(posed), posed[:, 2]]).astype(np.float32)
    normals = vertex_normals(np.ascontiguousarray(posed), model.triangles)
    index, corner_weights, _ = rasterise(screen, model.triangles, large.height, large.width)
    tone = head.colours.copy()
    hair = _hair(shape)[:, None]
    tone += hair * (np.array(_HAIR_BGR, np.float32) - tone)
    collar = np.clip((shape[:, 1:2] - 132) / 3, 0, 1)
    tone += collar * (np.array(_SHIRT_BGR, np.float32) * 1.1 - tone)
    tone[model.part("mouth_socket")] = (30, 28, 70)
    front_weight = head.front_weight * (1 - hair[:, 0]) * (shape[:, 1] < 120)
    front_weight[model.part("mouth_socket")] = 0
    coordinates = head.front_coordinates()
    attributes = np.column_stack([coordinates, front_weight, tone, normals]).astype(np.float32)
    a = interpolate(index, corner_weights, model.triangles, attributes)
    front = cv2.remap(head.front, a[..., 0], a[..., 1], cv2.INTER_LINEAR)
    colour = a[..., 3:6] + a[..., 2:3] * (front - a[..., 3:6])
    towards_window = np.array([-0.45, -0.35, -0.82], np.float32)
    light = 0.62 + 0.5 * np.clip(a[..., 6:9] @ towards_window, 0, 1)
    colour *= light[..., None]
    covered = (index >= 0).astype(np.float32)[..., None]
    shoulders = camera.project(translation + np.array([0.0, 215.0, 60.0]))[0]
    reach = camera.K[0, 0] / translation[2]
    scene = background.copy()
    torso = (
        np.array([[-85, 0], [-185, 45], [-225, 110], [-240, 600], [240, 600], [225, 110], [185, 45], [85, 0]]) * reach
    )
    outline = np.rint(shoulders + torso - [0, 75 * reach]).astype(np.int32)
    cv2.fillPoly(scene, [outline], _SHIRT_BGR, cv2.LINE_AA)
    scene = cv2.resize(cv2.GaussianBlur(scene, (0, 0), 2), (large.width, large.height))
    scene += covered * (colour - scene)
    small = cv2.resize(scene, (camera.width, camera.height), interpolation=cv2.INTER_AREA)
    return np.asarray(small.clip(0, 255), np.uint8)


def write_clip(model: HeadModel, head: AverageHead, folder: Path) -> None:
    """Write demo.mp4 and demo_truth.csv into `folder`."""
    camera = Camera.from_fov(WIDTH, HEIGHT)
    times = np.arange(RATE * SECONDS) / RATE
    rotations, translations = trajectory(times)
    background = backdrop()
    folder.mkdir(parents=True, exist_ok=True)
    with av.open(str(folder / "demo.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(RATE))
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.options = {"crf": "21", "preset": "slow"}
        for time_s, rotation, translation in zip(times, rotations, translations, strict=True):
            weights = expression(model, float(time_s))
            picture = render(model, head, camera, rotation, translation, weights, background)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        container.mux(stream.encode())
    quaternions = Rotation.from_matrix(rotations).as_quat(canonical=True)
    with (folder / "demo_truth.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["frame", "time_s", "qx", "qy", "qz", "qw", "tx_mm", "ty_mm", "tz_mm"])
        for frame, (time_s, quaternion, translation) in enumerate(zip(times, quaternions, translations, strict=True)):
            values = [*(f"{value:.7f}" for value in quaternion), *(f"{value:.3f}" for value in translation)]
            writer.writerow([frame, f"{time_s:.6f}", *values])


def main(argv: list[str] | None = None) -> int:
    """Make the clip again from the photographs and their fits."""
    parser = argparse.ArgumentParser(prog="python -m training demo", description=__doc__)
    parser.add_argument("--faces", type=Path, required=True, help="folder with faces.csv and the zips")
    parser.add_argument("--head", type=Path, required=True, help="ict_facekit.npz")
    parser.add_argument("--fits", type=Path, required=True, help="fits.npz of the fit stage")
    parser.add_argument("--photos", type=int, default=600, help="photographs to average")
    parser.add_argument("--out", type=Path, default=DEMO_FOLDER)
    options = parser.parse_args(argv)
    model = load_head_model(options.head)
    head = average_head(model, options.faces, options.fits, options.photos, seed=1)
    write_clip(model, head, options.out)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

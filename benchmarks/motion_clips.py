"""Clips of a synthetic head with its exact pose: rest, swings, a step, faces that move in still heads, sweeps.

They are drawn once, by the training code from its data, into a folder that the user names, and read from there.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from fpn.camera import Camera
from fpn.rotations import rotation_from_angles

Float = npt.NDArray[np.float64]

RATE = 30
_SIZE = (640, 480)
_NOISE = 3.0  # standard deviation of the sensor's noise, grey levels of 255: a webcam in a room in the evening
_CRF = "23"  # libx264's default quality

Weights = dict[str, float]


@dataclass(frozen=True)
class Motion:
    """What a clip shows: yaw, pitch and roll in degrees, and the face's expression, as functions of seconds.

    place_mm: where the head is, in the camera frame.
    """

    seconds: float
    angles_deg: Callable[[float], tuple[float, float, float]]
    expression: Callable[[float], Weights] = lambda _: {}
    size: tuple[int, int] = _SIZE
    place_mm: tuple[float, float, float] = (0.0, 0.0, 650.0)


@dataclass(frozen=True)
class Clip:
    """A clip and its truth: times (n,) seconds, rotations (n, 3, 3), translations (n, 3) millimetres."""

    name: str
    video: Path
    times_s: Float
    rotations: Float
    translations: Float


def swing(frequency_hz: float, amplitude_deg: float) -> Motion:
    """Rest for a second, then yaw to and fro for four."""
    return Motion(5.0, lambda t: (amplitude_deg * np.sin(2 * np.pi * frequency_hz * max(t - 1, 0.0)), 0.0, 0.0))


def step(degrees: float, seconds: float = 0.2) -> Motion:
    """Rest, a quick turn of the head (minimum jerk, Flash and Hogan 1985), and rest."""

    def angles(t: float) -> tuple[float, float, float]:
        p = float(np.clip((t - 1.5) / seconds, 0, 1))
        return degrees * (10 * p**3 - 15 * p**4 + 6 * p**5), 0.0, 0.0

    return Motion(3.0, angles)


def sweep(axis: int, degrees: float, rate_deg_s: float = 30.0) -> Motion:
    """Slowly from the front to an angle, about yaw (0), pitch (1) or roll (2), and back."""

    def angles(t: float) -> tuple[float, float, float]:
        turned = degrees - abs(degrees - rate_deg_s * max(t - 1, 0.0))
        yaw, pitch, roll = np.eye(3)[axis] * max(turned, 0.0)
        return float(yaw), float(pitch), float(roll)

    return Motion(2 * degrees / rate_deg_s + 2, angles)


def face_only(*names: str, rate_hz: float, strength: float) -> Motion:
    """A still head whose expression weights rise to `strength` (1 is the most a face can do) and fall again."""

    def weights(t: float) -> Weights:
        return dict.fromkeys(names, strength * max(0.0, float(np.sin(2 * np.pi * rate_hz * (t - 1)))) if t > 1 else 0.0)

    return Motion(4.0, lambda _: (0.0, 0.0, 0.0), weights)


def _still(_: float) -> tuple[float, float, float]:
    return 8.0, -4.0, 2.0


MOTIONS = {
    "rest-320": Motion(5.0, _still, size=(320, 240)),
    "rest-640": Motion(5.0, _still),
    "rest-1280": Motion(5.0, _still, size=(1280, 960)),
    "swing-0.5Hz": swing(0.5, 20.0),
    "swing-1Hz": swing(1.0, 15.0),
    "swing-2Hz": swing(2.0, 8.0),
    "step": step(25.0),
    "blink": face_only("eyeBlink_L", "eyeBlink_R", rate_hz=1.5, strength=1.0),
    "speak": face_only("jawOpen", "mouthFunnel", rate_hz=2.5, strength=0.3),
    "smile": face_only("mouthSmile_L", "mouthSmile_R", rate_hz=0.7, strength=0.6),
    "yaw": sweep(0, 90.0),
    "pitch": sweep(1, 60.0),
    "roll": sweep(2, 90.0),
}
"""All clips by name."""


def read_clip(folder: Path, name: str) -> Clip:
    """A clip that was drawn before. Raises FileNotFoundError if it was not."""
    with (folder / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        rows = [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]
    return Clip(
        name,
        folder / f"{name}.mp4",
        np.array([row["time_s"] for row in rows]),
        Rotation.from_quat([[row[f"q{axis}"] for axis in "xyzw"] for row in rows]).as_matrix(),
        np.array([[row[f"t{axis}_mm"] for axis in "xyz"] for row in rows]),
    )


def draw_clips(folder: Path, names: list[str], head_file: Path, faces: Path, fits: Path) -> None:
    """Draw the clips that the folder does not have; minutes for all.

    head_file: ict_facekit.npz; faces: folder with faces.csv; fits: fits.npz of the training's fit stage.
    """
    missing = [name for name in names if not (folder / f"{name}.csv").exists()]
    if not missing:
        return
    from training.average_head import average_head  # late: it compiles its rasteriser
    from training.demo_clip import backdrop, render
    from training.head_model import load_head_model

    model = load_head_model(head_file)
    head = average_head(model, faces, fits, 600, seed=1)
    background = backdrop()
    folder.mkdir(parents=True, exist_ok=True)

    def picture(camera: Camera, rotation: Float, translation: Float, weights: Weights) -> npt.NDArray[np.uint8]:
        values = np.array([weights.get(each, 0.0) for each in model.expression_names], np.float32)
        room = cv2.resize(background, (camera.width, camera.height), interpolation=cv2.INTER_AREA)
        return render(model, head, camera, rotation, translation, values, room)

    for name in missing:
        write_clip(folder, name, MOTIONS[name], picture)


def write_clip(
    folder: Path,
    name: str,
    motion: Motion,
    picture: Callable[[Camera, Float, Float, Weights], npt.NDArray[np.uint8]],
) -> None:
    """Write NAME.mp4, with sensor noise and compression, and then NAME.csv with the truth."""
    camera = Camera.from_fov(*motion.size)
    times = np.arange(round(motion.seconds * RATE)) / RATE
    place = np.array(motion.place_mm)
    rotations = np.array([rotation_from_angles(*motion.angles_deg(float(t))) for t in times])

    def pictures() -> Iterator[npt.NDArray[np.uint8]]:
        last: tuple[tuple[float, float, float], Weights] | None = None
        for t, rotation in zip(times.tolist(), rotations, strict=True):
            shown = motion.angles_deg(t), motion.expression(t)
            if shown != last:  # a head that rests is drawn once
                drawn, last = picture(camera, rotation, place, shown[1]), shown
            yield drawn

    encode(folder / f"{name}.mp4", motion.size, pictures())
    quaternions = Rotation.from_matrix(rotations).as_quat(canonical=True)
    with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["frame", "time_s", "qx", "qy", "qz", "qw", "tx_mm", "ty_mm", "tz_mm"])
        for frame, (time_s, quaternion) in enumerate(zip(times, quaternions, strict=True)):
            writer.writerow([frame, f"{time_s:.6f}", *(f"{value:.9f}" for value in quaternion), *place])


def encode(path: Path, size: tuple[int, int], pictures: Iterator[npt.NDArray[np.uint8]]) -> None:
    """Write pictures (H, W, 3) uint8 BGR as a video, with sensor noise added and H.264's usual compression."""
    rng = np.random.default_rng(0)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(RATE))
        stream.width, stream.height = size
        stream.pix_fmt, stream.options = "yuv420p", {"crf": _CRF}
        for clean in pictures:
            noisy = clean + _NOISE * rng.standard_normal(clean.shape, np.float32)
            pixels = np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="bgr24")))
        container.mux(stream.encode())

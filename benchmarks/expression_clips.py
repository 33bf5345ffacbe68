"""Clips of drawn people who blink, speak, smile, raise their brows and frown, and hold their heads still.

They are drawn once, by the training code from its data, into a folder that the user names, and read from there. The
people are none of those of `benchmarks.expression_pictures`, on whom anything is fitted.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.expression_pictures import own_head
from benchmarks.motion_clips import Motion, Weights, write_clip
from fpn.camera import Camera

Float = npt.NDArray[np.float64]

PEOPLE = tuple(f"person {number}" for number in range(8))
SECONDS = {"blink": (1.1, 2.9), "speak": (3.0, 5.6), "smile": (5.7, 7.1), "brows": (7.1, 8.1), "frown": (8.1, 9.3)}
"""When each of the expressions is shown; before, the face rests."""

_BLINKS = ((1.3, 0.13), (1.9, 0.1), (2.5, 0.16), (4.3, 0.13), (6.4, 0.12))  # middle and half length, seconds
_PHOTOGRAPHS = 60  # of which each skin is the average


def draw_people(folder: Path, head_file: Path, faces: Path, fits: Path) -> None:
    """Draw the clips that the folder does not have, about a minute for each.

    head_file: ict_facekit.npz; faces: folder with faces.csv; fits: fits.npz of the training's fit stage.
    """
    missing = [number for number, name in enumerate(PEOPLE) if not (folder / f"{name}.csv").exists()]
    if not missing:
        return
    from training.average_head import average_head  # late: it compiles its rasteriser
    from training.demo_clip import backdrop, render
    from training.head_model import load_head_model

    model, background = load_head_model(head_file), backdrop()
    folder.mkdir(parents=True, exist_ok=True)
    for number in missing:
        rng = np.random.default_rng([77, number])
        average = average_head(model, faces, fits, _PHOTOGRAPHS, seed=1000 + number)
        head = own_head(model, average, rng)

        def picture(
            camera: Camera, rotation: Float, translation: Float, weights: Weights, head: Any = head
        ) -> npt.NDArray[np.uint8]:
            values = np.array([weights.get(each, 0.0) for each in model.expression_names], np.float32)
            room = cv2.resize(background, (camera.width, camera.height), interpolation=cv2.INTER_AREA)
            return render(model, head, camera, rotation, translation, values, room)

        write_clip(folder, PEOPLE[number], _motion(rng), picture)


def _motion(rng: np.random.Generator) -> Motion:
    angles = float(rng.uniform(-22, 22)), float(rng.uniform(-10, 10)), float(rng.uniform(-8, 8))
    place = float(rng.uniform(-60, 60)), float(rng.uniform(-40, 20)), float(rng.uniform(500, 900))
    syllables_hz, lips_hz, opening = rng.uniform(2, 3.5), rng.uniform(1, 2), rng.uniform(0.2, 0.45)

    def weights(t: float) -> Weights:
        closed = max(max(0.0, 1 - abs(t - middle) / half) for middle, half in _BLINKS)
        shown = {"eyeBlink": closed, "mouthSmile": 0.7 * _held(t, 5.8, 7.0), "cheekSquint": 0.5 * _held(t, 5.8, 7.0),
                 "browOuterUp": 0.6 * _held(t, 7.2, 8.0), "browDown": 0.6 * _held(t, 8.2, 9.0),
                 "mouthFrown": 0.6 * _held(t, 8.2, 9.0)}  # fmt: skip
        both = {f"{name}_{side}": strength for name, strength in shown.items() for side in "LR"}
        if not 3 < t < 5.5:
            return both
        syllable, lips = np.sin(2 * np.pi * np.array([syllables_hz, lips_hz]) * (t - 3)).tolist()
        spoken = {
            "jawOpen": max(0.0, syllable),
            "mouthFunnel": max(0.0, 0.6 * lips),
            "mouthPucker": max(0, -0.4 * lips),
        }
        return {**both, **{name: float(opening * strength) for name, strength in spoken.items()}}

    return Motion(9.3, lambda _: angles, weights, place_mm=place)


def _held(t: float, begin: float, end: float) -> float:
    """How far an expression is shown, 0..1, that comes within a quarter of a second and goes within 0.3."""
    return float(np.clip((t - begin) / 0.25, 0, 1) * np.clip((end - t) / 0.3, 0, 1))

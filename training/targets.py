"""What a photographed head is turned into: random poses, expressions, light and lens."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fpn.rotations import angles_from_rotation, rotation_from_angles
from training.hair import Hair
from training.turning import Photo, Target


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


def another_expression(
    rng: np.random.Generator, weights: npt.NDArray[np.float32], names: list[str]
) -> npt.NDArray[np.float32]:
    """A plainly different expression than `weights`: a blink, a smile, speech, brows, or several of them at once."""
    chosen: set[str] = set()
    while not chosen:
        chosen = {kind for kind in ("blink", "smile", "speech", "brows") if rng.random() < 0.4}
    starts = {
        "blink": ["eyeBlink"],
        "smile": ["mouthSmile", "cheekSquint", "mouthDimple"][: rng.integers(1, 4)],
        "speech": ["jawOpen", *rng.choice(["mouthFunnel", "mouthPucker", "mouthStretch", "mouthLowerDown"], 1)],
        "brows": [str(rng.choice(["browInnerUp", "browOuterUp", "browDown"]))],
    }
    other = weights.copy()
    for kind in sorted(chosen):
        for start in starts[kind]:
            amount = rng.uniform(0.3, 1)
            for number, name in enumerate(names):
                if name.startswith(start):
                    # Towards whichever end is further: an open eye closes, a closed one opens.
                    other[number] += amount if other[number] < 0.5 else -amount
    return np.clip(other, 0, 1).astype(np.float32)


def random_hair(rng: np.random.Generator) -> Hair:
    """From the photograph's own, flat, to long and thick hair over forehead and ears."""
    tone = None if rng.random() < 0.4 else float(rng.uniform(8, 220))
    seed = int(rng.integers(2**32))
    if rng.random() < 0.25:
        return Hair(tone=tone, seed=seed)
    thickness = float(rng.gamma(2.0, 8.0))
    if rng.random() < 0.5:
        return Hair(tone=tone, thickness_mm=thickness, length_mm=float(rng.uniform(20, 110)), seed=seed)
    return Hair(
        fringe_mm=float(rng.uniform(30, 80)),
        side_mm=float(rng.uniform(38, 95)),
        length_mm=float(rng.uniform(20, 140)),
        thickness_mm=thickness,
        tone=tone,
        covers=True,
        ears=bool(rng.random() < 0.5),
        seed=seed,
    )


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
        hair=random_hair(rng),
        lower_face_tone=float(rng.uniform(30, 235)) if rng.random() < 0.06 else None,
    )

"""Things that come between camera and face: patches of any kind, hands, strands of hair; drawn onto crops in place."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Grey = npt.NDArray[np.uint8]

_SHIFT = 4  # fractional bits of coordinates given to OpenCV


def occlude(rng: np.random.Generator, crop: Grey, other: Grey) -> None:
    """Lay a thing over part of the face, in place; `other`: a crop of the same size to take material from."""
    choice = rng.random()
    if choice < 0.45:
        lay_patch(rng, crop, other)
    elif choice < 0.75:
        lay_hand(rng, crop)
    else:
        lay_hair(rng, crop)


def lay_patch(rng: np.random.Generator, crop: Grey, other: Grey) -> None:
    """A hand-sized plain, noisy or photographed patch of any shape, in place."""
    size = crop.shape[0]
    shape = np.zeros_like(crop)
    center = rng.uniform(0.05, 0.95, 2) * size
    axes = rng.uniform(0.06, 0.3, 2) * size
    if rng.random() < 0.5:
        cv2.ellipse(shape, (center, 2 * axes, rng.uniform(0, 180)), 255, -1)
    else:
        corners = cv2.boxPoints((tuple(center), tuple(2 * axes), rng.uniform(0, 180)))
        cv2.fillConvexPoly(shape, np.rint(corners).astype(np.int32), 255)
    if rng.random() < 0.5:
        patch = np.full_like(crop, rng.integers(0, 256))
    else:
        patch = np.roll(other, rng.integers(0, size, 2), axis=(0, 1))
    crop[shape > 0] = patch[shape > 0]


def lay_hand(rng: np.random.Generator, crop: Grey) -> None:
    """A hand in about the face's skin tone, its fingers reaching from outside over chin, cheek or eyes, in place."""
    size = crop.shape[0]
    third = size // 3
    tone = float(np.median(crop[third:-third, third:-third])) * rng.uniform(0.75, 1.25)
    width = size * rng.uniform(0.055, 0.09)
    # From below or a side, seldom from above, fingers pointing inwards.
    from_deg = rng.choice([rng.normal(90, 35), rng.normal(0, 30), rng.normal(180, 30), rng.normal(-90, 30)],
                          p=[0.4, 0.25, 0.25, 0.1])  # fmt: skip
    outward = np.array([np.cos(np.radians(from_deg)), np.sin(np.radians(from_deg))])
    palm = size / 2 + outward * size * rng.uniform(0.32, 0.6)
    turn = np.radians(rng.normal(0, 25))
    inward = -np.array(
        [outward[0] * np.cos(turn) - outward[1] * np.sin(turn), outward[0] * np.sin(turn) + outward[1] * np.cos(turn)]
    )
    across = np.array([-inward[1], inward[0]])
    fingers = int(rng.integers(1, 6))
    lengths = width * rng.uniform(3.5, 5.0) * np.array([0.85, 1.0, 0.95, 0.75, 0.6])
    spread = rng.uniform(0.0, 0.16)
    edge = max(1, round(size / 60))
    _disc(crop, palm, 2.2 * width, tone * 0.95)
    for number in range(fingers):
        beside = number - (fingers - 1) / 2
        root = palm + across * beside * width * 1.05 + inward * width
        aim = inward + across * beside * spread
        tip = root + aim / np.linalg.norm(aim) * lengths[number]
        shade = tone * rng.uniform(0.92, 1.05)
        _line(crop, root, tip, round(width) + edge, 0.7 * shade)
        _line(crop, root, tip, round(width), shade)
        _line(crop, root + across * width * 0.15, tip + across * width * 0.1, max(1, round(width / 3)), 1.06 * shade)


def lay_hair(rng: np.random.Generator, crop: Grey) -> None:
    """Strands of hair from above or a side over forehead, eyes or a cheek, single or as a dense fringe, in place."""
    size = crop.shape[0]
    tone = float(rng.uniform(5, 90) if rng.random() < 0.7 else rng.uniform(90, 230))
    count = int(rng.integers(4, 25) if rng.random() < 0.5 else rng.integers(40, 110))
    middle = rng.uniform(0.15, 0.85)
    breadth = rng.uniform(0.05, 0.3)
    length = rng.uniform(0.25, 0.8)
    bend = rng.normal(0, 0.15)
    steps = np.linspace(0, 1, 8)[:, None]
    for _ in range(count):
        x = (middle + rng.normal(0, breadth)) * size
        start = np.array([x, size * rng.uniform(-0.05, 0.2)])
        end = start + size * np.array([bend + rng.normal(0, 0.05), length * rng.uniform(0.7, 1.1)])
        control = (start + end) / 2 + size * rng.normal(0, 0.04, 2)
        curve = (1 - steps) ** 2 * start + 2 * steps * (1 - steps) * control + steps**2 * end
        level = int(np.clip(tone * rng.uniform(0.6, 1.4), 0, 255))
        points = np.rint(curve * 2**_SHIFT).astype(np.int32)
        cv2.polylines(crop, [points], False, level, int(rng.integers(1, 3)), cv2.LINE_AA, _SHIFT)


def _line(crop: Grey, start: npt.NDArray[np.float64], end: npt.NDArray[np.float64], width: int, tone: float) -> None:
    ends = [tuple(int(value) for value in np.rint(point * 2**_SHIFT)) for point in (start, end)]
    cv2.line(crop, ends[0], ends[1], int(np.clip(tone, 0, 255)), width, cv2.LINE_AA, _SHIFT)


def _disc(crop: Grey, center: npt.NDArray[np.float64], radius: float, tone: float) -> None:
    place = tuple(int(value) for value in np.rint(center * 2**_SHIFT))
    cv2.circle(crop, place, round(radius * 2**_SHIFT), int(np.clip(tone, 0, 255)), -1, cv2.LINE_AA, _SHIFT)

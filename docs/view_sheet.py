"""Makes docs/views.jpg: photographs of synthetic heads, and the views made of each, true views beside them."""

from pathlib import Path

import cv2
import numpy as np

from fpn.camera import Camera
from fpn.pose import HeadPose
from fpn.rotations import rotation_from_angles
from models.face_model import load_face_model
from renderer import View, frontalize
from renderer.synthetic_head import SyntheticHead
from renderer.view import SEED_YAWS_DEG

SIZE = 176
POSES = ((0, 0, 0), (25, -8, 12), (-40, 6, -10), (60, 0, 5))  # yaw, pitch, roll of the heads, degrees
CAPTION = 22


def main() -> None:
    """Draw one row a head: the photograph, the views, and the frontal view as a camera in front would have seen it."""
    rows = [captioned_row(*pose, seed=7 * number + 3) for number, pose in enumerate(POSES)]
    cv2.imwrite(str(Path(__file__).parent / "views.jpg"), np.vstack(rows), [cv2.IMWRITE_JPEG_QUALITY, 88])


def captioned_row(yaw: float, pitch: float, roll: float, seed: int) -> np.ndarray:
    """The row of one head."""
    model = load_face_model()
    weights = np.clip(np.random.default_rng(seed).normal(0, 0.8, 50), -2, 2)
    rotation = rotation_from_angles(yaw, pitch, roll)
    light = rotation.T @ np.array([0.5, -0.4, -0.77])
    head = SyntheticHead.average(model, light, model.shape(weights), seed)
    camera = Camera.from_fov(640, 480, 45)
    pose = HeadPose(rotation, np.array([20.0, -10.0, 720.0]), np.eye(3), np.eye(3))
    photograph = head.photograph(camera, rotation, pose.translation, backdrop())
    top, left = 240 - 150, 320 - 130
    tiles = [("photograph", cv2.resize(photograph[top : top + 300, left : left + 300], (SIZE, SIZE)))]
    for view_yaw in SEED_YAWS_DEG:
        view = frontalize(photograph, pose, camera, View(view_yaw), SIZE, shape=weights)
        tiles.append((f"view {view_yaw:g}", view.picture))
    confidence = frontalize(photograph, pose, camera, View(), SIZE, shape=weights).confidence
    tiles.append(("confidence of 0", cv2.cvtColor(np.uint8(confidence * 255), cv2.COLOR_GRAY2BGR)))
    truth, covered, _ = head.from_side(View(), SIZE, float(np.linalg.norm(pose.translation)))
    truth[~covered] = 128
    tiles.append(("truth of 0", truth))
    return np.hstack([captioned(words, tile) for words, tile in tiles])


def backdrop() -> np.ndarray:
    """A wall with soft shelves."""
    rows = np.full((6, 8, 3), (168, 172, 160), np.uint8)
    rows[1:4, 6:8] = (110, 90, 120)
    rows[0:3, 0:2] = (222, 226, 226)
    return cv2.GaussianBlur(cv2.resize(rows, (640, 480), interpolation=cv2.INTER_NEAREST), (0, 0), 9)


def captioned(words: str, tile: np.ndarray) -> np.ndarray:
    """A tile under its name."""
    strip = np.full((CAPTION, tile.shape[1], 3), 255, np.uint8)
    cv2.putText(strip, words, (6, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (40, 40, 40), 1, cv2.LINE_AA)
    return np.vstack([strip, tile])


if __name__ == "__main__":
    main()

from dataclasses import dataclass

import numpy as np
import pytest

from fpn.camera import Camera
from fpn.pose import HeadPose
from fpn.rotations import rotation_from_angles
from models.face_model import load_face_model
from renderer.synthetic_head import SyntheticHead

LIGHT = np.array([-0.35, -0.4, -0.85])


@dataclass(frozen=True)
class Photograph:
    """A picture of a synthetic head and what is true of it."""

    image: np.ndarray
    head: SyntheticHead
    pose: HeadPose
    camera: Camera


def pose_of(yaw=0.0, pitch=0.0, roll=0.0, translation=(0.0, -20.0, 600.0)):
    rotation = rotation_from_angles(yaw, pitch, roll)
    return HeadPose(rotation, np.array(translation), np.eye(3), np.eye(3))


@pytest.fixture(scope="session")
def take_photograph():
    """Photographs of the average face, taken by a camera of 640x480 pixels unless another is given; kept."""
    model = load_face_model()
    kept = {}

    def take(yaw=0.0, pitch=0.0, roll=0.0, translation=(0.0, -20.0, 600.0), weights=None, camera=None, texture=None):
        key = (
            yaw,
            pitch,
            roll,
            tuple(translation),
            None if weights is None else tuple(weights),
            id(camera),
            id(texture),
        )
        if key not in kept:
            pose = pose_of(yaw, pitch, roll, translation)
            lens = camera or Camera.from_fov(640, 480)
            light = pose.rotation.T @ LIGHT
            head = SyntheticHead.average(model, light / np.linalg.norm(light), model.shape(weights))
            if texture is not None:
                head = SyntheticHead(model, head.vertices, texture, head.light)
            wall = np.full((lens.height, lens.width, 3), (150, 165, 140), np.uint8)
            image = head.photograph(lens, pose.rotation, pose.translation, wall)
            kept[key] = (Photograph(image, head, pose, lens), camera, texture)
        return kept[key][0]

    return take

"""Clips of several synthetic heads in one picture, with the exact pose, box and visibility of each in every frame.

The heads are the face model's with random weights and the average face as their skin, so the clips need nothing but
what comes with the program. They are drawn once into a folder that the user names, and read from there.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from benchmarks.motion_clips import RATE, encode
from fpn.camera import Camera
from fpn.lift import face_box
from fpn.pose import HeadPose
from fpn.roi import Box
from fpn.rotations import rotation_from_angles
from models.face_model import load_face_model
from renderer.synthetic_head import SyntheticHead

Float = npt.NDArray[np.float64]
Picture = npt.NDArray[np.uint8]

_SHOULDERS_MM = 110.0  # below the eyes: what is above hides as a head does, what is below as shoulders do
_NEAREST_MM = 200.0
_MARGIN = 3  # pixels around what is drawn of a head

Placed = tuple[tuple[float, float, float], tuple[float, float, float]]
"""Yaw, pitch, roll in degrees; position in millimetres in the camera frame."""


@dataclass(frozen=True)
class Scene:
    """Heads by name, each with its place as a function of seconds, None while it is not there.

    seed: chooses faces, light and background.
    boards: upright boards before everything, as left and right edge over the picture's width by seconds.
    covered: seconds between which the lens is covered.
    cut_s: when the picture changes to another background and heads are other people.
    variety: standard deviation of the face model's weights; 1 is that of the faces it was made from.
    """

    seconds: float
    heads: Mapping[str, Callable[[float], Placed | None]]
    seed: int = 0
    size: tuple[int, int] = (960, 540)
    boards: Callable[[float], tuple[float, float] | None] = lambda _: None
    covered: tuple[float, float] = (np.inf, np.inf)
    cut_s: float = np.inf
    variety: float = 0.7


@dataclass(frozen=True)
class TrueHead:
    """A head in a frame. visible: share of its 68 landmarks that are in the picture and behind nothing."""

    name: str
    visible: float
    box: Box
    pose: HeadPose


@dataclass(frozen=True)
class SceneClip:
    """A drawn scene: for every frame of the video its time and its heads."""

    name: str
    video: Path
    times_s: list[float]
    frames: list[list[TrueHead]]


def draw_scenes(folder: Path, scenes: Mapping[str, Scene]) -> None:
    """Draw the scenes that the folder does not have; about a minute for each."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, scene in scenes.items():
        if not (folder / f"{name}.csv").exists():
            _draw(folder, name, scene)


def read_scene(folder: Path, name: str) -> SceneClip:
    """A scene that was drawn before. Raises FileNotFoundError if it was not."""
    times: list[float] = []
    frames: list[list[TrueHead]] = []
    with (folder / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if int(row["frame"]) == len(frames):
                times.append(float(row["time_s"]))
                frames.append([])
            if row["head"]:
                frames[-1].append(_head_of(row))
    return SceneClip(name, folder / f"{name}.mp4", times, frames)


def _head_of(row: Mapping[str, str]) -> TrueHead:
    none = np.zeros((3, 3))
    rotation = Rotation.from_quat([float(row[f"q{axis}"]) for axis in "xyzw"]).as_matrix()
    place = np.array([float(row[f"t{axis}_mm"]) for axis in "xyz"])
    box = Box(*(float(row[key]) for key in ("x", "y", "width", "height")))
    return TrueHead(row["head"], float(row["visible"]), box, HeadPose(rotation, place, none, none))


@dataclass
class _Studio:
    """What is needed to draw a scene: the faces, and the background before and after the cut."""

    scene: Scene
    camera: Camera
    faces: dict[str, SyntheticHead] = field(default_factory=dict)

    def face(self, name: str) -> SyntheticHead:
        """The face of a head, the same one every time."""
        if name not in self.faces:
            rng = np.random.default_rng([self.scene.seed, *name.encode()])
            model = load_face_model()
            weights = self.scene.variety * np.clip(rng.normal(0, 1, len(model.components)), -2.5, 2.5)
            light = np.array([rng.uniform(-0.8, 0.8), -0.4, -0.8])
            face = SyntheticHead.average(
                model, light / np.linalg.norm(light), model.shape(weights), int(rng.integers(1 << 30))
            )
            self.faces[name] = face
        return self.faces[name]

    def background(self, after_cut: bool) -> Picture:
        """A wall with soft spots of little colour."""
        rng = np.random.default_rng([self.scene.seed, int(after_cut)])
        spots = rng.uniform(40, 210, (6, 10, 1)) + rng.uniform(-15, 15, (6, 10, 3))
        soft = cv2.resize(spots.astype(np.float32), self.scene.size, interpolation=cv2.INTER_CUBIC)
        return np.asarray(soft.clip(0, 255), np.uint8)


def _draw(folder: Path, name: str, scene: Scene) -> None:
    studio = _Studio(scene, Camera.from_fov(*scene.size))
    rows: list[list[object]] = []

    def pictures() -> Iterator[Picture]:
        for frame in range(round(scene.seconds * RATE)):
            time_s = frame / RATE
            picture, heads = _picture(studio, time_s)
            begin = [frame, f"{time_s:.6f}"]
            rows.extend([*begin, *_columns(head)] for head in heads)
            if not heads:
                rows.append([*begin, *[""] * 13])
            yield picture

    encode(folder / f"{name}.mp4", scene.size, pictures())
    with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        header = "frame time_s head visible x y width height qx qy qz qw tx_mm ty_mm tz_mm"
        writer.writerow(header.split())
        writer.writerows(rows)


def _columns(head: TrueHead) -> list[object]:
    box, quaternion = head.box, Rotation.from_matrix(head.pose.rotation).as_quat(canonical=True)
    numbers = (box.x, box.y, box.width, box.height, *quaternion, *head.pose.translation)
    return [head.name, f"{head.visible:.3f}", *(f"{number:.9g}" for number in numbers)]


def _picture(studio: _Studio, time_s: float) -> tuple[Picture, list[TrueHead]]:
    scene, camera = studio.scene, studio.camera
    after_cut = time_s >= scene.cut_s
    picture = studio.background(after_cut)
    placed = [(f"{name}'" if after_cut else name, path(time_s)) for name, path in scene.heads.items()]
    there = [(name, *place) for name, place in placed if place is not None and place[1][2] > _NEAREST_MM]
    hidden = _before_everything(scene, time_s)
    heads: list[TrueHead] = []
    for name, angles, place in sorted(there, key=lambda each: each[2][2]):  # the nearest hides the others
        rotation, translation = rotation_from_angles(*angles), np.array(place)
        face = studio.face(name)
        pixels = camera.project(face.vertices @ rotation.T + translation)
        heads.append(_true_head(name, face, rotation, translation, pixels, hidden, camera))
        for part in (face.vertices[:, 1] < _SHOULDERS_MM, face.vertices[:, 1] >= _SHOULDERS_MM):
            hull = cv2.convexHull(np.rint(pixels[part]).astype(np.int32))
            cv2.fillConvexPoly(hidden, hull, 1)
    for head in sorted(heads, key=lambda each: -each.pose.translation[2]):
        _paint(picture, studio.face(head.name), head.pose, camera)
    front = _before_everything(scene, time_s).astype(bool)
    picture[front] = (52, 60, 66) if scene.boards(time_s) is not None else (6, 6, 6)
    return picture, heads


def _before_everything(scene: Scene, time_s: float) -> Picture:
    """(H, W) uint8, 1 where boards or a covered lens leave nothing to be seen."""
    width, height = scene.size
    hidden = np.zeros((height, width), np.uint8)
    board = scene.boards(time_s)
    if board is not None:
        left, right = (int(np.clip(round(edge * width), 0, width)) for edge in board)
        hidden[:, left:right] = 1
    if scene.covered[0] <= time_s < scene.covered[1]:
        hidden[:] = 1
    return hidden


def _true_head(
    name: str,
    face: SyntheticHead,
    rotation: Float,
    translation: Float,
    pixels: Float,
    hidden: Picture,
    camera: Camera,
) -> TrueHead:
    none = np.zeros((3, 3))
    pose = HeadPose(rotation, translation, none, none)
    columns, rows = np.rint(pixels[face.model.landmarks68]).astype(int).T
    inside = (columns >= 0) & (rows >= 0) & (columns < camera.width) & (rows < camera.height)
    seen = hidden[rows[inside], columns[inside]] == 0
    return TrueHead(name, float(seen.sum()) / len(columns), face_box(pose, camera), pose)


def _paint(picture: Picture, face: SyntheticHead, pose: HeadPose, camera: Camera) -> None:
    """Draw a head into the part of the picture where it is; the whole picture would take ten times as long."""
    pixels = camera.project(face.vertices @ pose.rotation.T + pose.translation)
    low = np.maximum(np.floor(pixels.min(0)).astype(int) - _MARGIN, 0)
    high = np.minimum(np.ceil(pixels.max(0)).astype(int) + _MARGIN, (camera.width, camera.height))
    width, height = (high - low).tolist()
    if min(width, height) <= 0:
        return
    K = camera.K.copy()
    K[:2, 2] -= low
    part = picture[low[1] : high[1], low[0] : high[0]]
    part[:] = face.photograph(Camera(K, camera.distortion, width, height), pose.rotation, pose.translation, part)

"""A scene of heads whose poses are known exactly, and a network and a detector that see them as a camera would.

Geometry is written out here rather than taken from the program: a face is 150 mm wide and its centre 40 mm below the
origin of the head frame.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from fpn.camera import Camera
from fpn.pose import FaceEstimate, HeadPose
from fpn.roi import Box, Roi
from tracker.detection import Detection
from tracker.frame import TrackedPose
from tracker.head_pose_tracker import HeadPoseTracker

FACE_MM = 150.0
ROI_MM = 200.0
CLAIM = 10.0  # the uncertainty that the network claims, over its noise: what it claims is mostly a lasting error
CENTER_MM = np.array([0.0, 40.0, 10.0])

Path = Callable[[float], "tuple[Rotation, npt.ArrayLike] | None"]


def still(x_mm: float = 0.0, y_mm: float = 0.0, z_mm: float = 800.0, rotation: Rotation | None = None) -> Path:
    """A head that rests."""
    turned = rotation or Rotation.identity()
    return lambda time_s: (turned, (x_mm, y_mm, z_mm))


def walking(start: Sequence[float], velocity: Sequence[float]) -> Path:
    """A head that moves on a straight line, mm and mm/s."""
    return lambda time_s: (Rotation.identity(), np.asarray(start, float) + time_s * np.asarray(velocity, float))


def away(path: Path, from_s: float, to_s: float) -> Path:
    """The same head, not there from one time to another."""
    return lambda time_s: None if from_s <= time_s < to_s else path(time_s)


@dataclass(frozen=True)
class Face:
    """How a head appears in the picture."""

    name: str
    pose: HeadPose
    box: Box
    roi: Roi

    @property
    def center(self) -> npt.NDArray[np.float64]:
        return np.array([self.roi.center_x, self.roi.center_y])


@dataclass
class Scene:
    """Heads by name. `now` is the time that network and detector see."""

    heads: dict[str, Path]
    width: int = 640
    height: int = 480
    rotation_noise_deg: float = 0.3
    position_noise_mm: tuple[float, float, float] = (1.0, 1.0, 4.0)
    now: float = 0.0
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))

    def __post_init__(self) -> None:
        self.camera = Camera.from_fov(self.width, self.height)
        self.picture = np.zeros((self.height, self.width, 3), np.uint8)

    def pose(self, name: str) -> HeadPose | None:
        """The true pose of a head at the present time."""
        placed = self.heads[name](self.now)
        if placed is None:
            return None
        rotation, translation = placed
        spread = np.diag(np.square(CLAIM * np.array(self.position_noise_mm)))
        turn = np.eye(3) * np.radians(CLAIM * self.rotation_noise_deg) ** 2
        return HeadPose(rotation.as_matrix(), np.asarray(translation, float), turn, spread)

    def faces(self) -> list[Face]:
        """Faces in the picture that no nearer head hides, the nearest first."""
        placed = [(name, pose) for name in self.heads if (pose := self.pose(name)) is not None]
        shown: list[Face] = []
        hiding: list[Face] = []
        for name, pose in sorted(placed, key=lambda each: each[1].translation[2]):
            face = self._appearance(name, pose)
            x, y = face.center
            hidden = any(np.hypot(*(face.center - other.center)) < 0.6 * other.box.width for other in hiding)
            if 0 <= x < self.width and 0 <= y < self.height and not hidden:
                shown.append(face)
            hiding.append(face)
        return shown

    def measured(self, face: Face) -> HeadPose:
        """The pose of a face as a network with noise would measure it."""
        turn = Rotation.from_rotvec(np.radians(self.rotation_noise_deg) * self.rng.normal(size=3))
        return HeadPose(
            turn.as_matrix() @ face.pose.rotation,
            face.pose.translation + self.rng.normal(size=3) * self.position_noise_mm,
            face.pose.rotation_covariance,
            face.pose.position_covariance,
        )

    def _appearance(self, name: str, pose: HeadPose) -> Face:
        center = pose.translation + pose.rotation @ CENTER_MM
        focal = self.camera.K[0, 0]
        x, y = self.camera.K[:2, :2] @ (center[:2] / center[2]) + self.camera.K[:2, 2]
        width = FACE_MM * focal / center[2]
        return Face(name, pose, Box(x - width / 2, y - width / 2, width, width), Roi(x, y, width * ROI_MM / FACE_MM))


@dataclass
class SimulatedNetwork:
    """Finds the face nearest to the middle of a region, if it has about the region's size. Counts its calls."""

    scene: Scene
    presence: float = 0.97
    calls: list[int] = field(default_factory=list)
    regions: list[Roi] = field(default_factory=list)

    def estimate(self, image: npt.NDArray[np.uint8], rois: Sequence[Roi], camera: Camera) -> list[FaceEstimate]:
        assert image.shape == (self.scene.height, self.scene.width, 3)
        assert image.flags.c_contiguous
        self.calls.append(len(rois))
        self.regions += rois
        return [self._estimate(roi) for roi in rois]

    def _estimate(self, roi: Roi) -> FaceEstimate:
        near = [
            face
            for face in self.scene.faces()
            if max(abs(face.center - (roi.center_x, roi.center_y))) < 0.5 * roi.side
            and 0.4 < roi.side / face.roi.side < 2.5
        ]
        if not near:
            nonsense = HeadPose(np.eye(3), np.array([0.0, 0.0, 500.0]), np.eye(3), 1e4 * np.eye(3))
            box = Box(roi.center_x - roi.side / 4, roi.center_y - roi.side / 4, roi.side / 2, roi.side / 2)
            return FaceEstimate(nonsense, 0.03, roi, box)
        face = min(near, key=lambda face: float(np.hypot(*(face.center - (roi.center_x, roi.center_y)))))
        pose = self.scene.measured(face)
        seen = self.scene._appearance(face.name, pose)
        return FaceEstimate(pose, self.presence, seen.roi, seen.box)


@dataclass
class SimulatedDetector:
    """Finds the faces whose middle is in one of the squares; `blind` makes it find nothing."""

    scene: Scene
    blind: bool = False
    looks: int = 0

    def detect(self, image: npt.NDArray[np.uint8], looks: Sequence[Roi] | None = None) -> list[Detection]:
        squares = [Roi(self.scene.width / 2, self.scene.height / 2, 1e6)] if looks is None else looks
        self.looks += len(squares)
        if self.blind:
            return []
        seen = [
            face
            for face in self.scene.faces()
            if any(max(abs(face.center - (look.center_x, look.center_y))) < look.side / 2 for look in squares)
        ]
        return [Detection(face.box, 0.9) for face in seen]


def tracker_of(scene: Scene, **options: object) -> HeadPoseTracker:
    """A tracker that looks at the scene."""
    options.setdefault("estimator", SimulatedNetwork(scene))
    options.setdefault("detector", SimulatedDetector(scene))
    return HeadPoseTracker(scene.camera, **options)  # type: ignore[arg-type]


def play(
    scene: Scene, tracker: HeadPoseTracker, until_s: float, *, rate_hz: float = 30.0, from_s: float = 0.0
) -> Iterator[tuple[float, tuple[TrackedPose, ...]]]:
    """Run the scene through the tracker; gives each frame's time and poses."""
    for index in range(round(from_s * rate_hz), round(until_s * rate_hz)):
        scene.now = index / rate_hz
        yield scene.now, tracker.update(scene.picture, scene.now)


def who(scene: Scene, tracked: TrackedPose) -> str | None:
    """The name of the head that a tracked pose is on; None if it is on none."""
    near = {
        name: float(np.linalg.norm(pose.translation - tracked.pose.translation))
        for name in scene.heads
        if (pose := scene.pose(name)) is not None
    }
    name = min(near, key=lambda each: near[each], default=None)
    return name if name is not None and near[name] < 100 else None

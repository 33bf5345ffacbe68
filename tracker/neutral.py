"""The neutral pose: the pose that a person calls zero, set by a key or an option and remembered for each camera."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from fpn.pose import HeadPose
from tracker.errors import NeutralError
from tracker.frame import TrackedFrame, TrackedPose, TrackState
from tracker.measurement import is_sane

_LOG = logging.getLogger(__name__)

SETTLE_S = 0.5
"""A face's first poses are not its best: the zero of `--neutral` is the pose it has after this long."""


class Neutral:
    """The neutral pose in force for one source, if any."""

    def __init__(
        self, camera_name: str, *, file: Path | None = None, from_first_face: bool = False, settle_s: float = SETTLE_S
    ) -> None:
        """
        camera_name: what `file` calls the camera, the source's name.
        file: where neutral poses are remembered; that of this camera is in force from the start.
        from_first_face: take the pose of the first face seen instead, `settle_s` seconds later. Until then every pose
            is the zero.

        Raises NeutralError for a file that is no file of neutral poses, or that could not be written.
        """
        self._camera_name = camera_name
        self._file = file
        self._settle_s = settle_s
        self._settling = from_first_face
        self._first_seen_s: float | None = None
        remembered = _read(file).get(camera_name) if file is not None else None
        self.pose: HeadPose | None = None if from_first_face else remembered
        """In the camera frame; None where poses are told in the camera frame themselves."""

    def applied(self, result: TrackedFrame) -> TrackedFrame:
        """The frame with the neutral pose that holds for it."""
        if self._settling:
            self._settle(result)
        return result if self.pose is None else replace(result, neutral=self.pose)

    def set(self, faces: Sequence[TrackedPose]) -> str:
        """Make the present pose of the longest known face the zero, and remember it; says for people what was done."""
        pose = _first_measured(faces)
        if pose is None:
            return "no face to take the zero pose from"
        self.pose, self._settling = pose, False
        problem = self._remember()
        return f"zero pose set, but not stored: {problem}" if problem else "this pose is zero now"

    def clear(self) -> None:
        """Tell poses in the camera frame again. What is remembered stays so."""
        self.pose, self._settling = None, False

    def _settle(self, result: TrackedFrame) -> None:
        pose = _first_measured(result.poses)
        if pose is None:
            return
        self.pose = pose
        if self._first_seen_s is None:
            self._first_seen_s = result.frame.time_s
        if result.frame.time_s - self._first_seen_s >= self._settle_s:
            self._settling = False
            self._remember()

    def _remember(self) -> str | None:
        """Write the pose under the camera's name, beside those of others; says what was in the way."""
        if self._file is None or self.pose is None:
            return None
        try:
            _write(self._file, {**_read(self._file), self._camera_name: self.pose})
        except (OSError, NeutralError) as error:
            problem = (error.strerror if isinstance(error, OSError) else None) or str(error)
            _LOG.warning("%s: the zero pose is not stored: %s", self._file, problem)
            return problem
        return None


def _first_measured(faces: Sequence[TrackedPose]) -> HeadPose | None:
    return next((face.pose for face in faces if face.state is not TrackState.COASTING), None)


def _read(file: Path) -> dict[str, HeadPose]:
    if not file.parent.is_dir():
        raise NeutralError(f"{file}: there is no folder {file.parent}; create it first")
    try:
        entries = json.loads(file.read_text(encoding="utf-8"))
        poses = {str(name): _pose(entry) for name, entry in entries.items()}
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise NeutralError(f"{file}: cannot be read ({error.strerror}); check its permissions") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise NeutralError(f"{file}: not a file of neutral poses; give another name, or remove it") from error
    return poses


def _pose(entry: Any) -> HeadPose:
    rotation = Rotation.from_quat(np.array(entry["rotation_xyzw"], np.float64)).as_matrix()
    translation = np.array(entry["translation_mm"], np.float64)
    pose = HeadPose(rotation, translation, np.zeros((3, 3)), np.zeros((3, 3)))
    if rotation.shape != (3, 3) or translation.shape != (3,) or not is_sane(pose):
        raise ValueError("not a pose of finite numbers")
    return pose


def _write(file: Path, poses: dict[str, HeadPose]) -> None:
    entries = {
        name: {
            "rotation_xyzw": Rotation.from_matrix(pose.rotation).as_quat(canonical=True).tolist(),
            "translation_mm": pose.translation.tolist(),
        }
        for name, pose in poses.items()
    }
    unfinished = file.with_name(f"{file.name}.part")  # a run that is killed leaves the old file whole
    unfinished.write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")
    unfinished.replace(file)

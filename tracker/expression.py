"""What a face's expression does to the pose that the network sees: taken back as far as it is known, doubted beyond.

A jaw that opens or lips that smile look a little like a head that nods or comes nearer, and the network takes some of
the one for the other. It also tells the face's shape, so the two can be told apart: how its rotation and distance go
with changes of the shape weights has been measured on drawn people who move their faces and hold their heads still, and
turn their heads and hold their faces still (`python -m benchmarks.expressions`). That much is taken back. What remains
is counted as noise for as long as the face moves, in proportion: speech and blinking are averaged over, and a turn
that is larger than the expression explains is followed at once.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fpn.head import FACE_CENTER_MM
from fpn.pose import HeadPose
from models.manifest import MANIFEST, read_entry
from tracker.so3 import rotation_exp

Vector = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]

LEAKAGE_FILE = Path(__file__).with_name("expression.json")
"""What was measured of the weights in `models/`; it says of which."""

_MEMORY_S = 60.0  # the usual shape of a face is its mean over about this long: an expression held longer is usual
_FIRST_S = 1 / 30  # what the first measurement is worth in that mean
_LASTS_S = 0.3  # the doubt outlives a change of expression by about this long: speech opens and closes the mouth
_MOST_TURN, _MOST_DISTANCE = math.radians(5.0), 0.06  # no expression does more; shape weights of a face half hidden may
_ORDINARY = 1.5  # times the usual claimed variance: expressions stay below, a face that something hides claims 2 to 25
_SURE, _UNSURE = math.cos(math.radians(45.0)), math.cos(math.radians(75.0))
# Cosines of the angle between nose and line of sight: shape weights are believed wholly up to the former.
_NEGLIGIBLE = math.radians(0.1)  # radians, and parts of the distance: what is taken back of a face at rest


@dataclass(frozen=True)
class Leakage:
    """How the pose that certain weights of the network see goes with the shape weights that they see.

    effect: (50, 4), for a shape weight of 1: rotation vector in the head's frame, radians, by which the seen rotation
        is turned from the true one, `R_seen = R_true exp([v])`; and logarithm of seen over true distance.
    doubt: (4,), standard deviation of what is left of each when that has been taken back: of the three rotations over
        the angle taken back, of the distance over the logarithm taken back.
    """

    effect: Matrix
    doubt: Vector


def load_leakage(weights: Path | None = None, file: Path = LEAKAGE_FILE) -> Leakage | None:
    """What is known of the weights that a manifest names, by default those of `models/`; None if nothing is.

    Raises WeightsError if there is no such manifest.
    """
    identity = weights_identity(weights)
    known = json.loads(file.read_text(encoding="utf-8"))
    if known["weights"] != identity:
        return None
    return Leakage(np.array(known["effect"], np.float64), np.array(known["doubt"], np.float64))


def write_leakage(leakage: Leakage, weights: Path | None = None, file: Path = LEAKAGE_FILE) -> None:
    """Keep what was measured of the weights that a manifest names."""
    rounded: dict[str, Any] = {
        "weights": weights_identity(weights),
        "effect": [[float(f"{value:.4g}") for value in row] for row in leakage.effect],
        "doubt": [float(f"{value:.3g}") for value in leakage.doubt],
    }
    file.write_text(json.dumps(rounded) + "\n", encoding="utf-8")


def weights_identity(weights: Path | None = None) -> str:
    """The hash that a manifest gives of its weights, which tells them from all others."""
    files = read_entry("pose", MANIFEST if weights is None else weights).get("files", {})
    return str(files.get("litert", {}).get("sha256", ""))


class SteadyFace:
    """The usual shape of one face, and what its present shape makes of its poses."""

    def __init__(self, leakage: Leakage) -> None:
        self._leakage = leakage
        self._usual: Vector | None = None
        self._usual_claim = math.inf
        self._known_s = _FIRST_S
        self._turn = self._distance = 0.0

    def steadied(
        self, pose: HeadPose, shape: npt.NDArray[np.float32] | None, time_step_s: float
    ) -> tuple[HeadPose, Matrix | None]:
        """A measured pose without what the expression does to it, and the covariance (6, 6) of what may be left of it.

        shape: (50,) weights measured with it. time_step_s: since the last frame.
        The covariance is of rotation vector and position, radians and millimetres, camera frame; None for nothing.
        A pose or a shape of anything but finite numbers, or no shape, leaves the pose as it is, and no trace.
        """
        claim = float(pose.rotation_covariance.trace())
        trust = _trust(pose) * min(1.0, _ORDINARY * self._usual_claim / max(claim, 1e-12)) ** 2
        if shape is None or not trust > 0:
            return pose, None
        usual = shape.astype(np.float64) if self._usual is None else self._usual
        change = shape - usual
        effect = change.dot(self._leakage.effect)
        x, y, z, nearer = effect.tolist()
        turn, distance = trust * math.sqrt(x * x + y * y + z * z), trust * abs(nearer)
        if not math.isfinite(turn + distance):
            return pose, None
        self._known_s = min(self._known_s + trust * time_step_s, _MEMORY_S)
        share = min(trust * time_step_s / self._known_s, 1.0)
        self._usual = usual + share * change
        self._usual_claim = (
            claim if math.isinf(self._usual_claim) else self._usual_claim + share * (claim - self._usual_claim)
        )
        most = min(1.0, _MOST_TURN / max(turn, 1e-9), _MOST_DISTANCE / max(distance, 1e-9))
        fading = math.exp(-time_step_s / _LASTS_S)
        self._turn = max(most * turn, self._turn * fading)
        self._distance = max(most * distance, self._distance * fading)
        return _taken_back(pose, (-trust * most) * effect), self._left(pose)

    def _left(self, pose: HeadPose) -> Matrix | None:
        if self._turn < _NEGLIGIBLE and self._distance < _NEGLIGIBLE:
            return None
        doubt = self._leakage.doubt
        axes = pose.rotation * (doubt[:3] * self._turn)
        along = pose.translation * (doubt[3] * self._distance)
        left = np.zeros((6, 6))
        left[:3, :3] = axes.dot(axes.T)
        left[3:, 3:] = along[:, np.newaxis] * along
        return left


def steadied_track(
    times_s: Sequence[float],
    poses: Sequence[HeadPose | None],
    shapes: Sequence[npt.NDArray[np.float32] | None],
    leakage: Leakage,
) -> tuple[list[HeadPose | None], list[Matrix | None]]:
    """The measured poses of one track, None where the face was not seen, as `SteadyFace.steadied` gives them."""
    face = SteadyFace(leakage)
    steadied: list[HeadPose | None] = []
    disturbances: list[Matrix | None] = []
    last_s = times_s[0] if times_s else 0.0
    for time_s, pose, shape in zip(times_s, poses, shapes, strict=True):
        taken = (None, None) if pose is None else face.steadied(pose, shape, time_s - last_s)
        steadied.append(taken[0])
        disturbances.append(taken[1])
        last_s = time_s
    return steadied, disturbances


def _trust(pose: HeadPose) -> float:
    """How far the shape weights of a face are believed, 0..1, by the angle between its nose and the line of sight."""
    x, y, z = pose.translation.tolist()
    (_, _, a), (_, _, b), (_, _, c) = pose.rotation.tolist()
    cosine = (a * x + b * y + c * z) / max(math.sqrt(x * x + y * y + z * z), 1e-9)
    if cosine >= _SURE:
        return 1.0
    if not cosine > _UNSURE:  # NaN too
        return 0.0
    return (cosine - _UNSURE) / (_SURE - _UNSURE)


def _taken_back(pose: HeadPose, correction: Vector) -> HeadPose:
    """The pose with a correction (4,); the head turns about the face's centre, which the network sees in the crop."""
    rotation = pose.rotation.dot(rotation_exp(correction[:3]))
    center = pose.translation + pose.rotation.dot(FACE_CENTER_MM)
    translation = center * math.exp(correction[3]) - rotation.dot(FACE_CENTER_MM)
    return HeadPose(rotation, translation, pose.rotation_covariance, pose.position_covariance)

"""What a face's expression does to the pose that the network sees: taken back as far as it is known, doubted beyond.

A jaw that opens or lips that smile look a little like a head that nods or comes nearer, and the network takes some of
the one for the other. It also tells the face's shape, so the two can be told apart: what of the shape changes with the
face and not with the head's turning, how the pose goes with it, and how much people differ in that, has been measured
on drawn people (`tracker.leakage`). What holds for people on average is taken back at once. A face's own difference is
learnt while its head rests: where the pose changes together with the expression, by no more than people differ, it is
the expression. As long as that is not known it is counted as noise, so that a turn larger than the expression explains
is followed at once.

This is a Kalman filter of the effect as a bias of the measurements, apart from that of the pose (Friedland 1969,
"Treatment of bias in recursive filtering"), with people's differences as its prior.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from fpn.head import FACE_CENTER_MM
from fpn.pose import HeadPose
from tracker.leakage import Leakage
from tracker.measurement import Residual
from tracker.smoothing import PoseFilter
from tracker.so3 import rotation_exp

Vector = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]
Shape = npt.NDArray[np.float32]

_MEMORY_S = 60.0  # the usual shape of a face is its mean over about this long: an expression held longer is usual
_FIRST_S = 1 / 30  # what the first measurement is worth in that mean
_USUAL_WITHIN = 0.5  # of a usual expression's size: faces that move by this much count half in that mean
_LASTS_S = 0.3  # the doubt outlives a change of expression by about this long: speech opens and closes the mouth
_LEARNT_FOR = 0.5  # of a usual expression's size: what was learnt holds for faces that moved on by about this much
_MOST = 2.0  # times the usual size: no expression is larger; shape weights of a face half hidden may say so
_MOST_TURN, _MOST_DISTANCE = math.radians(5.0), 0.06  # and none does more
_ORDINARY = 1.5  # times the usual claimed variance: expressions stay below, a face that something hides claims 2 to 25
_SURE, _UNSURE = math.cos(math.radians(45.0)), math.cos(math.radians(75.0))
# Cosines of the angle between nose and line of sight: shape weights are believed wholly up to the former.
_STILL = 0.05**2  # square of an expression's size, over the usual one's, below which the face is still


class SteadyFace:
    """The usual shape of one face, what its present shape makes of its poses, and what it was seen to make of them."""

    def __init__(self, leakage: Leakage) -> None:
        self._known = leakage
        self._effect, self._spread = leakage.effect, leakage.spread
        self._axes = math.sqrt(leakage.effect.shape[0])  # length of an expression of usual size
        self._usual: Vector | None = None
        self._usual_claim = math.inf
        self._known_s = _FIRST_S
        self._expression: Vector = np.zeros(leakage.effect.shape[0])
        self._size = 0.0  # square of the present or a recent expression's size, over the usual one's

    def measure(self, pose_filter: PoseFilter, pose: HeadPose, shape: Shape | None, time_step_s: float) -> bool:
        """Give a measured pose to its filter, steadied, and learn from what the filter makes of it.

        Otherwise as `PoseFilter.update`; `shape` and `time_step_s` are those of `steadied`.
        """
        steadied, left = self.steadied(pose, shape, time_step_s)
        believed = pose_filter.update(steadied, left)
        if believed and left is not None:
            self.learn(steadied, pose_filter.residual)
        return believed

    def steadied(self, pose: HeadPose, shape: Shape | None, time_step_s: float) -> tuple[HeadPose, Matrix | None]:
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
        expression = trust * change.dot(self._known.directions)
        length = math.sqrt(expression.dot(expression))
        if not math.isfinite(length):
            return pose, None
        rests = 1 / (1 + (length / (_USUAL_WITHIN * self._axes)) ** 2)
        self._follow_usual(usual, change, claim, trust * rests * time_step_s)
        effect = expression.dot(self._effect)
        x, y, z, nearer = effect.tolist()
        turn, distance = math.sqrt(x * x + y * y + z * z), abs(nearer)
        most = min(
            1.0,
            _MOST * self._axes / max(length, 1e-9),
            _MOST_TURN / max(turn, 1e-9),
            _MOST_DISTANCE / max(distance, 1e-9),
        )
        self._move_to(most * expression, time_step_s)
        return _taken_back(pose, -most * effect), self._left(pose)

    def learn(self, steadied: HeadPose, residual: Residual | None) -> None:
        """Learn the face's own effect from what its steadied pose left the filter to explain."""
        expression = self._expression
        if residual is None or expression.dot(expression) < _STILL * self._axes**2:
            return
        R, distance = steadied.rotation, float(np.linalg.norm(steadied.translation))
        sight = steadied.translation / distance
        error, covariance = residual.error, residual.covariance
        errors = np.array([*error[:3].dot(R).tolist(), sight.dot(error[3:]) / distance])
        turn, move = (R * covariance[:3, :3].dot(R)).sum(0), sight.dot(covariance[3:, 3:]).dot(sight)
        variances = np.array([*turn.tolist(), move / distance**2]) + self._size * self._known.remainder**2
        towards = self._spread.dot(expression)
        # A movement that has shown itself teaches nothing of the face.
        turning, moving = residual.levels
        rests = np.array([1 - turning, 1 - turning, 1 - turning, 1 - moving]) ** 2
        gain = (rests / (variances + towards.dot(expression)))[:, np.newaxis] * towards
        self._effect = self._effect + (gain * errors[:, np.newaxis]).T
        self._spread = self._spread - gain[:, :, np.newaxis] * towards[:, np.newaxis]

    def _follow_usual(self, usual: Vector, change: Vector, claim: float, trusted_s: float) -> None:
        self._known_s = min(self._known_s + trusted_s, _MEMORY_S)
        share = min(trusted_s / self._known_s, 1.0)
        self._usual = usual + share * change
        self._usual_claim = (
            claim if math.isinf(self._usual_claim) else self._usual_claim + share * (claim - self._usual_claim)
        )

    def _move_to(self, expression: Vector, time_step_s: float) -> None:
        """Take the next expression; what was learnt of others fades with the way to it."""
        axes, way = self._axes**2, expression - self._expression
        moved = way.dot(way) / axes
        if moved > _STILL:
            kept = math.exp(-moved / _LEARNT_FOR**2)
            self._effect = self._known.effect + kept * (self._effect - self._known.effect)
            self._spread = self._known.spread + kept * kept * (self._spread - self._known.spread)
        self._expression = expression
        self._size = max(expression.dot(expression) / axes, self._size * math.exp(-2 * time_step_s / _LASTS_S))

    def _left(self, pose: HeadPose) -> Matrix | None:
        if self._size < _STILL:
            return None
        own = self._spread.dot(self._expression).dot(self._expression)
        deviation = np.sqrt(np.maximum(own, 0) + self._size * self._known.remainder**2)
        axes = pose.rotation * deviation[:3]
        along = pose.translation * deviation[3]
        left = np.zeros((6, 6))
        left[:3, :3] = axes.dot(axes.T)
        left[3:, 3:] = along[:, np.newaxis] * along
        return left


def steadied_track(
    times_s: Sequence[float],
    poses: Sequence[HeadPose | None],
    shapes: Sequence[Shape | None],
    leakage: Leakage,
) -> tuple[list[HeadPose | None], list[Matrix | None]]:
    """The measured poses of one track, None where the face was not seen, as `SteadyFace.steadied` gives them."""
    face, pose_filter = SteadyFace(leakage), PoseFilter()
    steadied: list[HeadPose | None] = []
    disturbances: list[Matrix | None] = []
    last_s = times_s[0] if times_s else 0.0
    for time_s, pose, shape in zip(times_s, poses, shapes, strict=True):
        step_s, last_s = time_s - last_s, time_s
        pose_filter.predict(step_s)
        if pose is None:
            steadied.append(None)
            disturbances.append(None)
            continue
        taken, left = face.steadied(pose, shape, step_s)
        if pose_filter.update(taken, left) and left is not None:
            face.learn(taken, pose_filter.residual)
        steadied.append(taken)
        disturbances.append(left)
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

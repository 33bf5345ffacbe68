"""What a face's expression does to the pose that the network sees: taken back as far as it is known, doubted beyond.

A jaw that opens or lips that smile look a little like a head that nods or comes nearer, and the network takes some of
the one for the other. It also tells the face's shape, so the two can be told apart: what of the shape changes with the
face and not with the head's turning, how the pose goes with it, and how much people differ in that, has been measured
on drawn people (`tracker.leakage`). What holds for people on average is taken back at once. What is left is a face's
own and not known; but it is the same as long as the expression is, about the same while it changes a little, and
another one for another. So it is a state of the filter of the pose (Friedland 1969, "Treatment of bias in recursive
filtering"): a Gaussian process over the expressions that the face goes through (Rasmussen and Williams 2006, "Gaussian
Processes for Machine Learning", chapters 2 and 4), from one frame to the next as a Markov chain. What the pose does
together with the expression, by no more than people differ, is then the expression; what it does while the expression
stays is a movement of the head.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from fpn.head import FACE_CENTER_MM
from fpn.pose import HeadPose
from tracker.leakage import Leakage
from tracker.measurement import Bias
from tracker.smoothing import PoseFilter
from tracker.so3 import rotation_exp

Vector = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]
Shape = npt.NDArray[np.float32]

_MEMORY_S = 60.0  # the usual shape of a face is its mean over about this long: an expression held longer is usual
_FIRST_S = 1 / 30  # what the first measurement is worth in that mean
_USUAL_WITHIN = 0.5  # of a usual expression's size: faces that move by this much count half in that mean
_LASTS_S = 0.3  # the doubt outlives a change of expression by about this long: a video's compression keeps some of it
ALIKE = 0.5  # of a usual expression's size: expressions farther apart say little of each other
_MOST = 2.0  # times the usual size: no expression is larger; shape weights of a face half hidden may say so
_MOST_TURN, _MOST_DISTANCE = math.radians(5.0), 0.06  # and none does more
_ORDINARY = 1.5  # times the usual claimed variance: expressions stay below, a face that something hides claims 2 to 25
_SURE, _UNSURE = math.cos(math.radians(45.0)), math.cos(math.radians(75.0))
# Cosines of the angle between nose and line of sight: shape weights are believed wholly up to the former.
_LEAST = 1e-15  # a variance: less is none
_STILL = 0.05  # length of an expression, over the usual one's, below which the face is still


class SteadyFace:
    """The usual shape of one face, and what its present shape makes of its poses."""

    def __init__(self, leakage: Leakage) -> None:
        count = leakage.effect.shape[0]
        self._directions, self._turning, self._effect = leakage.directions, leakage.turning, leakage.effect
        self._spread = leakage.spread.reshape(4 * count, count)
        self._count = count
        self._axes = math.sqrt(count)  # length of an expression of usual size
        self._usual: tuple[Vector, Matrix] | None = None
        self._usual_claim = math.inf
        self._known_s = _FIRST_S
        self._remainder = leakage.remainder.tolist()
        self._levels_off = 1 / leakage.levels_off**2
        self._rest()

    def measure(self, pose_filter: PoseFilter, pose: HeadPose, shape: Shape | None, time_step_s: float) -> bool:
        """Give a measured pose to its filter, steadied.

        Otherwise as `PoseFilter.update`; `shape` and `time_step_s` are those of `steadied`.
        """
        return pose_filter.update(*self.steadied(pose, shape, time_step_s))

    def steadied(self, pose: HeadPose, shape: Shape | None, time_step_s: float) -> tuple[HeadPose, Bias | None]:
        """A measured pose without what the expression does to it, and what of that may be left; None for nothing.

        shape: (50,) weights measured with it. time_step_s: since the last frame.
        A pose or a shape of anything but finite numbers, or no shape, leaves the pose as it is, and no trace.
        """
        (a, _, _), (_, b, _), (_, _, c) = pose.rotation_covariance.tolist()
        claim = a + b + c
        trust = _trust(pose) * min(1.0, _ORDINARY * self._usual_claim / max(claim, 1e-12)) ** 2
        if shape is None or not trust > 0:
            return pose, None
        usual, rotation = self._usual or (shape.astype(np.float64), pose.rotation)
        change, turn = shape - usual, pose.rotation - rotation
        # The best guess of what is the face's in a change that a turn explains in part. For small angles, the squared
        # differences of two rotations' elements add up to twice the square of the angle between them.
        faces = trust / (1 + self._turning * (0.5 * np.vdot(turn, turn)))
        expression = faces * change.dot(self._directions)
        length = math.sqrt(expression.dot(expression))
        if not math.isfinite(length):
            return pose, None
        rests = 1 / (1 + (length / (_USUAL_WITHIN * self._axes)) ** 2)
        share = self._follow_usual(claim, trust * rests * time_step_s)
        self._usual = usual + share * change, rotation + share * turn
        if length < _STILL * self._axes and self._lasting < _STILL:
            self._rest()
            return pose, None
        effect = expression.dot(self._effect)
        x, y, z, nearer = effect.tolist()
        turned, distance = math.sqrt(x * x + y * y + z * z), abs(nearer)
        most = min(
            1.0,
            _MOST * self._axes / max(length, 1e-9),
            _MOST_TURN / max(turned, 1e-9),
            _MOST_DISTANCE / max(distance, 1e-9),
        )
        return _taken_back(pose, -most * effect), self._move_to(most * expression, time_step_s)

    def _follow_usual(self, claim: float, trusted_s: float) -> float:
        """Let the usual claim follow the present one; gives the share by which all that is usual does."""
        self._known_s = min(self._known_s + trusted_s, _MEMORY_S)
        share = min(trusted_s / self._known_s, 1.0)
        self._usual_claim = (
            claim if math.isinf(self._usual_claim) else self._usual_claim + share * (claim - self._usual_claim)
        )
        return share

    def _rest(self) -> None:
        """There is no expression, and nothing of it."""
        self._expression = np.zeros(self._count)
        self._lasting = 0.0  # length of a recent expression, over the usual one's
        self._left = self._left_lasting = 0.0  # what the present one leaves, and a recent one
        self._variances = [0.0] * 4

    def _move_to(self, expression: Vector, time_step_s: float) -> Bias | None:
        """Take the next expression; gives what may be left of its effect.

        Its covariance with that of the expression before has a part that is linear in both, and one that is alike for
        expressions that are. The latter soon levels off: eyes that close change the shape little, and the pose no less
        than a smile does.
        """
        length, way = math.sqrt(expression.dot(expression)) / self._axes, expression - self._expression
        left = self._left_of(length)
        alike = left * self._left * math.exp(-way.dot(way) / (2 * self._count * ALIKE**2))
        fade = math.exp(-time_step_s / _LASTS_S)
        self._lasting, self._left_lasting = max(length, fade * self._lasting), max(left, fade * self._left_lasting)
        if self._lasting < _STILL:
            self._rest()
            return None
        towards = self._spread.dot(expression).reshape(4, self._count)
        deviation, kept, variances = [], [], []
        for own, common, remainder, before in zip(
            towards.dot(expression).tolist(),
            towards.dot(self._expression).tolist(),
            self._remainder,
            self._variances,
            strict=True,
        ):
            rest = remainder * remainder
            variance = own + rest * left * left
            common = max(common + rest * alike, 0.0)
            deviation.append(math.sqrt(own + rest * self._left_lasting * self._left_lasting))
            kept.append(min(common / max(math.sqrt(variance * before), _LEAST), 1.0))
            variances.append(variance)
        self._expression, self._left, self._variances = expression, left, variances
        return Bias(np.array(deviation), np.array(kept))

    def _left_of(self, length: float) -> float:
        """How much an expression of some size leaves, over what one of usual size does."""
        return length * math.sqrt((1 + self._levels_off) / (1 + self._levels_off * length * length))


def steadied_track(
    times_s: Sequence[float],
    poses: Sequence[HeadPose | None],
    shapes: Sequence[Shape | None],
    leakage: Leakage,
) -> tuple[list[HeadPose | None], list[Bias | None]]:
    """The measured poses of one track, None where the face was not seen, as `SteadyFace.steadied` gives them."""
    face, last_s = SteadyFace(leakage), times_s[0] if times_s else 0.0
    steadied: list[HeadPose | None] = []
    biases: list[Bias | None] = []
    for time_s, pose, shape in zip(times_s, poses, shapes, strict=True):
        step_s, last_s = time_s - last_s, time_s
        taken, bias = (None, None) if pose is None else face.steadied(pose, shape, step_s)
        steadied.append(taken)
        biases.append(bias)
    return steadied, biases


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

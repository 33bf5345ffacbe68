"""One face's poses over time, each known from what came before it and from what came after: for recordings.

The error-state model of `tracker.smoothing` on SO(3) x R3, run forwards by a Kalman filter and then backwards by the
smoother of Rauch, Tung and Striebel 1965, "Maximum likelihood estimates of linear dynamic systems", with what
measurements are off by together (`tracker.measurement.Bias`) among the states. Errors are taken from one reference to
another, so there is no wrap; and what comes out is no later than what went in.

What the filter learns while tracking is learnt here in both directions of time: it goes over the measurements forwards
and backwards, and each way tells which of them are mistakes, where the head jumps, how much it moves, and how much the
measurements tremble.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from filterpy.kalman import KalmanFilter
from scipy.linalg.lapack import dposv

from fpn.pose import HeadPose
from tracker.measurement import Bias, claimed_covariance, difference, is_sane, part
from tracker.motion_model import BIAS, STATES, Decay, each_axis, process_noise, transition
from tracker.smoothing import COAST_LIVES_S, LONGEST_STEP_S, START_MOVE, START_TURN, PoseFilter
from tracker.so3 import rotation_exp, rotation_log

Vector = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]

_H = np.eye(6, STATES)
_ANEW = np.zeros(4)  # a bias that is not that of the measurement before


@dataclass(frozen=True)
class SmoothedPose:
    """A pose of the track; `measured` is False where it lies between believed measurements, or after the last."""

    pose: HeadPose
    measured: bool


def smooth_track(
    times_s: Sequence[float],
    measured: Sequence[HeadPose | None],
    biases: Sequence[Bias | None] | None = None,
) -> list[SmoothedPose]:
    """The poses of one track in as many frames as there are times.

    times_s: when the frames were taken, seconds, not decreasing.
    measured: poses as the network gives them, None in frames in which the face was not seen.
    biases: of each pose, as `PoseFilter.update` takes them; by default none.

    Raises ValueError if times decrease, or if the first frame has no sane pose.
    """
    if not measured or measured[0] is None or not is_sane(measured[0]):
        raise ValueError("a track begins with a measured pose of finite numbers")
    steps_s = np.diff(np.asarray(times_s, np.float64)).tolist()
    biased: Sequence[Bias | None] = [None] * len(measured) if biases is None else biases
    forwards = _learn(steps_s, measured, biased)
    backwards = _learn(steps_s[::-1], measured[::-1], _backwards(biased))[::-1]
    begins, believed = _stretches(forwards, backwards)
    seen = [
        _Measured.of(pose, bias, *lessons) if trusted and pose is not None else None
        for pose, bias, trusted, *lessons in zip(measured, biased, believed, forwards, backwards, strict=True)
    ]
    smoothed: list[SmoothedPose] = []
    for begin, end in zip(begins, [*begins[1:], len(measured)], strict=True):
        steps = [
            _Step(
                steps_s[index - 1],
                _densities(forwards, backwards, believed, index),
                _lives(forwards, backwards, believed, index),
                seen[index],
            )
            for index in range(begin + 1, end)
        ]
        first = seen[begin]
        if first is not None:  # always: a stretch begins where a pose was believed
            smoothed += _smooth(_begin(first), steps)
    return smoothed


@dataclass(frozen=True)
class _Lesson:
    """What the filter made of one frame, in one direction of time."""

    believed: bool
    started: bool
    densities: tuple[float, float]
    lives: tuple[float, float]
    trembling: Vector
    levels: tuple[float, ...]


def _backwards(biases: Sequence[Bias | None]) -> list[Bias | None]:
    """The same in the other direction of time, in which a measurement has something in common with the one after it."""
    kept = [_ANEW if after is None else after.kept for after in [*biases[1:], None]]
    return [bias and Bias(bias.deviation, after) for bias, after in zip(biases, kept, strict=True)][::-1]


def _learn(
    steps_s: Sequence[float], measured: Sequence[HeadPose | None], biases: Sequence[Bias | None]
) -> list[_Lesson]:
    tracked = PoseFilter()
    lessons: list[_Lesson] = []
    for step_s, pose, bias in zip([0.0, *steps_s], measured, biases, strict=True):
        starts = tracked.starts
        tracked.predict(step_s)
        believed = pose is not None and tracked.update(pose, bias)
        lessons.append(
            _Lesson(
                believed,
                tracked.starts > starts,
                tracked.densities,
                tracked.velocity_lives,
                tracked.trembling,
                tracked.levels,
            )
        )
    return lessons


def _stretches(forwards: Sequence[_Lesson], backwards: Sequence[_Lesson]) -> tuple[list[int], list[bool]]:
    """Frames with which the track begins, and begins anew after jumps and long gaps; and which frames are believed."""
    begins, believed = [0], [lesson.believed for lesson in forwards]
    for index, lesson in enumerate(forwards):
        if index == 0 or not lesson.started:
            continue
        begin = index
        # The filter needs a few frames to believe in a jump; seen from behind, they belong to what comes after it.
        while begin - 1 > begins[-1] and not believed[begin - 1] and backwards[begin - 1].believed:
            begin -= 1
            believed[begin] = True
        begins.append(begin)
    return begins, believed


def _densities(
    forwards: Sequence[_Lesson], backwards: Sequence[_Lesson], believed: Sequence[bool], index: int
) -> tuple[float, float]:
    """How much the head moves in the step to a frame.

    While it is seen, the middle between what the directions say, on a logarithmic scale: each goes on seeing a movement
    for a while after its end, in its direction. While it is not, what either has seen at its end of the gap.
    """
    before, after = index - 1, min(index, len(forwards) - 1)
    while not believed[before]:
        before -= 1
    while not believed[after] and after < len(forwards) - 1:
        after += 1
    (turn, move), (turn_back, move_back) = forwards[after].densities, backwards[before].densities
    if after - before > 1:
        return max(turn, turn_back), max(move, move_back)
    return math.sqrt(turn * turn_back), math.sqrt(move * move_back)


def _lives(
    forwards: Sequence[_Lesson], backwards: Sequence[_Lesson], believed: Sequence[bool], index: int
) -> tuple[float, float]:
    """How long velocities last in the step to a frame, seconds: as long as the surer direction says."""
    if not believed[index - 1]:
        return COAST_LIVES_S
    (turn, move), (turn_after, move_after) = forwards[index - 1].lives, backwards[index].lives
    return max(turn, turn_after), max(move, move_after)


@dataclass(frozen=True)
class _Measured:
    """A believed pose, and its claimed covariance (6, 6) in two parts: what trembles, and what stays from frame to
    frame, which no smoothing removes.

    H: (6, 16), what the states do to it. kept: (4,), of the bias of the measurement before.
    """

    pose: HeadPose
    noise: Matrix
    lasting: Matrix
    H: Matrix
    kept: Vector

    @classmethod
    def of(cls, pose: HeadPose, bias: Bias | None, forwards: _Lesson, backwards: _Lesson) -> _Measured | None:
        """`bias` as in `PoseFilter.update`; the lessons of both directions. None if the pose is not sane."""
        claimed = claimed_covariance(pose)
        if claimed is None:
            return None
        H = _H.copy()
        if bias is not None:
            turning, moving = map(max, forwards.levels, backwards.levels)
            H[:, BIAS] = bias.on(pose) * each_axis(1 - turning, 1 - moving)[:, np.newaxis]
        trembling = np.sqrt(forwards.trembling * backwards.trembling)
        unchanging = np.maximum(1 - trembling, 0)
        kept = _ANEW if bias is None else bias.kept
        return cls(pose, part(claimed, trembling), part(claimed, unchanging), H, kept)


@dataclass(frozen=True)
class _Step:
    """From one frame to the next of a stretch without jumps.

    densities: of the accelerations meanwhile, as `PoseFilter.densities`. lives: of velocities, as there.
    measured: in the next frame; None where the face was not seen or not believed.
    """

    time_s: float
    densities: tuple[float, float]
    lives: tuple[float, float]
    measured: _Measured | None


@dataclass(frozen=True)
class _State:
    """A reference and the covariance `P` (16, 16) of its error.

    rotation (3, 3), translation (3,), velocities (6,); bias (4,) in standard deviations.
    """

    rotation: Matrix
    translation: Vector
    velocities: Vector
    bias: Vector
    P: Matrix

    def error_to(self, other: _State) -> Vector:
        """The error (16,) that takes this reference to another."""
        turn = rotation_log(other.rotation @ self.rotation.T)
        return np.concatenate(
            [turn, other.translation - self.translation, other.velocities - self.velocities, other.bias - self.bias]
        )

    def corrected(self, error: Vector, P: Matrix) -> _State:
        """The state with an error (16,) moved into its reference."""
        rotation = rotation_exp(error[:3]) @ self.rotation
        return _State(
            rotation, self.translation + error[3:6], self.velocities + error[6:12], self.bias + error[BIAS], P
        )


@dataclass(frozen=True)
class _Filtered:
    """A frame after the pass forwards.

    predicted, state: before and after its measurement. F: (16, 16), moved errors here from the frame before.
    lasting: of the last measurement, as `_Measured.lasting`.
    """

    predicted: _State
    state: _State
    F: Matrix
    lasting: Matrix
    measured: bool


def _smooth(first: _Filtered, steps: Sequence[_Step]) -> list[SmoothedPose]:
    frames = [first]
    for step in steps:
        frames.append(_filter(frames[-1], step))
    states = [frames[-1].state]
    for frame, following in zip(frames[-2::-1], frames[:0:-1], strict=True):
        states.append(_look_back(frame.state, following, states[-1]))
    return [_output(frame, state) for frame, state in zip(frames, reversed(states), strict=True)]


def _begin(measured: _Measured) -> _Filtered:
    P = np.diag([0.0] * 6 + [START_TURN**2] * 3 + [START_MOVE**2] * 3 + [1.0] * 4)
    P[:6, :6] = measured.noise
    state = _State(measured.pose.rotation, measured.pose.translation, np.zeros(6), np.zeros(4), P)
    return _Filtered(state, state, np.eye(STATES), measured.lasting, measured=True)


def _filter(before: _Filtered, step: _Step) -> _Filtered:
    """The pass forwards: a Kalman filter with nothing left to learn."""
    kalman = KalmanFilter(dim_x=STATES, dim_z=6)
    kalman.P = before.state.P
    time_s, measured = min(step.time_s, LONGEST_STEP_S), step.measured
    decay = Decay.within(time_s, *step.lives)
    turned = rotation_exp(before.state.velocities[:3] * decay.turn_gain)
    kept = np.ones(4) if measured is None else measured.kept
    F = transition(turned, decay, kept.tolist())
    kalman.predict(F=F, Q=process_noise(step.densities, time_s, kept.tolist()))
    predicted = _State(
        turned @ before.state.rotation,
        before.state.translation + before.state.velocities[3:] * decay.move_gain,
        before.state.velocities * each_axis(decay.turn_left, decay.move_left),
        before.state.bias * kept,
        kalman.P,
    )
    if measured is None:
        return _Filtered(predicted, predicted, F, before.lasting, measured=False)
    innovation = difference(measured.pose, predicted.rotation, predicted.translation)
    left = np.array(innovation) - measured.H[:, BIAS] @ predicted.bias
    kalman.update(left[:, np.newaxis], R=measured.noise, H=measured.H)
    state = predicted.corrected(kalman.x[:, 0], kalman.P)
    return _Filtered(predicted, state, F, measured.lasting, measured=True)


def _look_back(state: _State, following: _Filtered, known: _State) -> _State:
    """The pass backwards: a filtered state, given what is `known` of the next frame from all measurements."""
    _, gain_transposed, failed = dposv(following.predicted.P, following.F @ state.P)
    if failed:  # no longer positive, after rounding: what comes after tells nothing of this frame
        return state
    C = gain_transposed.T
    P = state.P + C @ (known.P - following.predicted.P) @ C.T
    return state.corrected(C @ following.predicted.error_to(known), (P + P.T) / 2)


def _output(frame: _Filtered, state: _State) -> SmoothedPose:
    P = state.P[:6, :6] + frame.lasting
    return SmoothedPose(HeadPose(state.rotation, state.translation, P[:3, :3], P[3:, 3:]), frame.measured)

"""One face's pose over time: an error-state Kalman filter on SO(3) x R3, driven by measured time steps.

The reference is a rotation matrix, a position and their velocities; the filter's states are the small errors of
these, all in the camera frame: `[rotation vector, position, angular velocity, velocity]`, with
`R_true = exp([rotation vector]) R_reference`, and four of what measurements are off by together (`Bias`). After every
measurement the errors move into the reference and are zero again (Markley 2003, "Attitude Error Representations for
Kalman Filtering"; Sola 2017, "Quaternion kinematics for the error-state Kalman filter", with the error on the left). No
angle is ever filtered as a number, so there is neither a wrap at 180 degrees nor a gimbal lock.

Two things are learnt while tracking. How much the measurements tremble (`NoiseShare`), because the uncertainty that
comes with a pose is mostly an error that stays the same from frame to frame, which no filter can remove. And how much
the head moves (`Activity`), because a resting head and a turning one are not the same process: rest is to be still
and a quick turn is to be followed at once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from filterpy.kalman import KalmanFilter
from scipy.linalg.lapack import dposv

from fpn.pose import HeadPose
from tracker import gate
from tracker.activity import Activity
from tracker.errors import UsageError
from tracker.measurement import Bias, claimed_covariance, difference, part
from tracker.motion_model import BIAS, POSE, RATE, STATES, Decay, each_axis, process_noise, transition
from tracker.noise_share import NoiseShare
from tracker.so3 import rotation_exp

Vector = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Smoothing:
    """A point on the curve of jitter against lag.

    rest_turn, rest_move: process noise of a resting head, as root spectral density of its angular acceleration,
        rad/s^1.5, and of its acceleration, mm/s^1.5. Smaller is stiller.
    quiet, moving: how surprising measurements must be to count as the beginning of a movement, and as a full one.
    memory_s: how long a surprise is remembered. Longer sees slower movements through more noise.
    wander: how much of what is claimed for a pose may be a slow wandering of a resting head's poses, which compression
        and the sensor leave, as variance over the claimed one. More is stiller.
    """

    rest_turn: float
    rest_move: float
    quiet: float
    moving: float
    memory_s: float
    wander: float


SMOOTHING = {
    "low": Smoothing(rest_turn=0.04, rest_move=12.0, quiet=1.5, moving=3.5, memory_s=0.12, wander=0.001),
    "default": Smoothing(rest_turn=0.003, rest_move=1.0, quiet=1.5, moving=3.5, memory_s=0.12, wander=0.004),
    "high": Smoothing(rest_turn=0.0015, rest_move=0.5, quiet=1.8, moving=4.5, memory_s=0.12, wander=0.015),
}
"""The presets. There is also "off": the measured poses come out as they are, and the filter only predicts."""

SMOOTHING_NAMES = ("off", *SMOOTHING)

# A head in full movement: within a frame of 1/30 s its angular velocity may change by 84 degrees a second and its
# velocity by 0.5 m/s, one standard deviation each.
_MOVING_TURN = 8.0
_MOVING_MOVE = 3000.0
_SETTLE_S = 0.25  # time in which a movement counts as over: a quarter of a nod at 1 Hz, where it turns round
_REST_VELOCITY_S = 0.2  # a resting head's velocity is forgotten over this time: what was taken for motion was noise,
_SURE_OF_MOTION = 25.0  # unless it is so certain, in standard deviations squared
COAST_LIVES_S = 0.15, 0.5
"""An unseen head goes on turning and moving for about this long."""
START_TURN = 1.0  # rad/s, standard deviation of the angular velocity of a head that has been seen once
START_MOVE = 200.0  # mm/s
LONGEST_STEP_S = 1.0  # over longer gaps nothing is known of the motion, and nothing more is unknown

_JUMP_AFTER = 3  # rejected measurements in a row that are a jump of the head or of the picture, not mistakes
_MOST_BIAS = 3.0  # standard deviations: what is more is movement
_GOES_ON = 0.5  # share of a bias known when a movement shows itself: the rest was its beginning
_EAGER = 0.4  # of `Activity.observe`, with one: what its doubt leaves surprising is a movement the more surely
_EYE6, _H = np.eye(6), np.eye(6, STATES)
_NO_ERROR, _KEEP = np.zeros((STATES, 1)), np.ones(STATES)  # the former stays so: filterpy makes new states
_BIAS_DIAGONAL = slice(BIAS.start * (STATES + 1), None, STATES + 1)  # of a covariance laid out in a row


class PoseFilter:
    """The filtered pose of one head.

    For every frame: `predict` to the frame's time, then `update` with what was measured in it, if anything was.
    """

    def __init__(self, smoothing: str = "default") -> None:
        """`smoothing` is one of SMOOTHING_NAMES; UsageError otherwise."""
        if smoothing not in SMOOTHING_NAMES:
            raise UsageError(f"smoothing {smoothing!r}: choose one of {', '.join(SMOOTHING_NAMES)}")
        self._raw = smoothing == "off"
        self._preset = SMOOTHING["default" if self._raw else smoothing]
        self._kalman = KalmanFilter(dim_x=STATES, dim_z=6)
        self._kalman.inv = _inverse
        self._activity = Activity(
            2,
            memory_s=self._preset.memory_s,
            settle_s=_SETTLE_S,
            quiet=self._preset.quiet,
            moving=self._preset.moving,
        )
        self._noise = NoiseShare(self._preset.wander)
        self._rotation, self._translation, self._velocities = np.eye(3), np.zeros(3), np.zeros(6)
        self._claimed: Matrix = np.zeros((6, 6))
        self._share: list[float] = [0.0] * 6
        self._pose: HeadPose | None = None
        self._measured: HeadPose | None = None
        self._rejected: HeadPose | None = None
        self._rejections = self._starts = 0
        self._dt = self._since_measured_s = 0.0
        self._densities = self.densities

    @property
    def pose(self) -> HeadPose:
        """The pose at the time last predicted to, with the uncertainty of the filter and of the network together.

        Raises ValueError before the first measurement.
        """
        if self._measured is None:
            raise ValueError("no pose has been measured yet")
        if self._raw and self._since_measured_s == 0:
            return self._measured
        if self._pose is None:
            P = self._kalman.P[POSE, POSE] + part(self._claimed, [max(1 - share, 0.0) for share in self._share])
            self._pose = HeadPose(self._rotation, self._translation, P[:3, :3], P[3:, 3:])
        return self._pose

    @property
    def translation(self) -> Vector:
        """Of the filtered or predicted pose (3,), millimetres."""
        return self._translation

    @property
    def starts(self) -> int:
        """How often the filter started from a measurement alone: at first, after jumps, and after long gaps."""
        return self._starts

    @property
    def levels(self) -> tuple[float, ...]:
        """How much rotation and position are known to move, 0 to 1."""
        return self._activity.levels

    @property
    def densities(self) -> tuple[float, float]:
        """Spectral densities of the angular acceleration, rad^2/s^3, and of the acceleration, mm^2/s^3.

        As the measurements until now tell: between rest and movement, evenly on a logarithmic scale.
        """
        turning, moving = self._activity.levels
        turn = self._preset.rest_turn * (_MOVING_TURN / self._preset.rest_turn) ** turning
        move = self._preset.rest_move * (_MOVING_MOVE / self._preset.rest_move) ** moving
        return turn * turn, move * move

    @property
    def velocity_lives(self) -> tuple[float, float]:
        """Seconds over which angular velocity and velocity fade in the step to come: few for a resting head."""
        if self._since_measured_s > 0:
            return COAST_LIVES_S
        speeds, variances = self._velocities.tolist(), self._kalman.P.diagonal()[RATE].tolist()
        a, b, c, d, e, f = [speed * speed / spread for speed, spread in zip(speeds, variances, strict=True)]
        turning, moving = min((a + b + c) / _SURE_OF_MOTION, 0.999), min((d + e + f) / _SURE_OF_MOTION, 0.999)
        return _REST_VELOCITY_S / (1 - turning), _REST_VELOCITY_S / (1 - moving)

    @property
    def trembling(self) -> Vector:
        """Variance of what changes from frame to frame over the claimed one (6,), as the last measurement was taken."""
        return np.array(self._noise.taken)

    def predict(self, time_step_s: float) -> None:
        """Move on by `time_step_s` seconds; 0 changes nothing. Raises ValueError if it is negative or not finite."""
        if not (time_step_s >= 0 and math.isfinite(time_step_s)):
            raise ValueError(f"time step of {time_step_s} seconds: times must not go backwards")
        if self._measured is None or time_step_s == 0:
            self._dt = 0.0
            return
        dt = min(time_step_s, LONGEST_STEP_S)
        decay = Decay.within(dt, *self.velocity_lives)
        self._pose = None
        moved = self._velocities * each_axis(decay.turn_gain, decay.move_gain)
        turned = rotation_exp(moved[:3])
        self._rotation = turned.dot(self._rotation)
        self._translation = self._translation + moved[3:]
        self._velocities = self._velocities * each_axis(decay.turn_left, decay.move_left)
        self._densities = self.densities
        self._kalman.predict(F=transition(turned, decay), Q=process_noise(self._densities, dt))
        self._since_measured_s += time_step_s
        self._dt = dt

    def update(self, measured: HeadPose, bias: Bias | None = None) -> bool:
        """Take a pose measured at the time last predicted to; True if it was believed.

        bias: an error that this measurement may have in common with its neighbours, beyond the uncertainty that comes
        with the pose; None for nothing.

        Not believed, and without any effect on the state: a pose with NaN or infinite numbers or impossible
        covariances, and one farther from the prediction than a head can move. The third of the latter in a row, or
        the second if it agrees with the first, is taken for a jump, and the filter starts anew from it.
        """
        claimed = claimed_covariance(measured)
        if claimed is None:
            return False
        if self._measured is None or self._since_measured_s > LONGEST_STEP_S:
            self._start(measured, claimed)
            return True
        innovation = difference(measured, self._rotation, self._translation)
        variances = claimed.diagonal().tolist()
        in_motion = self._noise.in_motion(variances)
        biased = None if bias is None else bias.on(measured)
        if not gate.is_near(innovation, self._dt, self._since_measured_s):
            noise = part(claimed, in_motion)
            if self._surprise(innovation, noise if biased is None else noise + biased.dot(biased.T)) > gate.WIDTH:
                return self._follow_jump(measured, claimed)
        self._learn_noise(measured, variances)
        if bias is not None:
            self._fade(bias.kept)
        moves = self._dt > 0  # two measurements of one moment show no motion
        if moves:
            at_rest = self._noise.at_rest(in_motion)
            expected = [share * variance for share, variance in zip(at_rest, variances, strict=True)]
            surprising, eager = innovation, 1.0 if biased is None else _EAGER
            if biased is not None:
                known = biased.dot(self._kalman.x[BIAS, 0]).tolist()
                doubt = (biased.dot(self._kalman.P[BIAS, BIAS]) * biased).sum(1).tolist()
                surprising = [seen - each for seen, each in zip(innovation, known, strict=True)]
                expected = [noise + each for noise, each in zip(expected, doubt, strict=True)]
            self._follow_activity(surprising, expected, eager)
        levels = self._activity.levels if moves else (0.0, 0.0)
        share = self._noise.take(in_motion, variances, levels)
        self._correct(innovation, part(claimed, share), biased, levels)
        self._accept(measured, claimed, share)
        return True

    def restart(self, measured: HeadPose) -> None:
        """Start anew from a pose, wherever the head was predicted to be. Raises ValueError if it is not sane."""
        claimed = claimed_covariance(measured)
        if claimed is None:
            raise ValueError("the pose has NaN or infinite numbers, no rotation or an impossible covariance")
        self._start(measured, claimed)

    def distance(self, measured: HeadPose) -> float:
        """Squared Mahalanobis distance of a measured pose from the prediction, under all that a head can do.

        Infinite for poses that are not sane; 0 before the first measurement.
        """
        claimed = claimed_covariance(measured)
        if claimed is None:
            return math.inf
        if self._measured is None:
            return 0.0
        innovation = difference(measured, self._rotation, self._translation)
        return self._surprise(innovation, part(claimed, self._noise.in_motion(claimed.diagonal().tolist())))

    def _start(self, measured: HeadPose, claimed: Matrix) -> None:
        self._starts += 1
        self._rotation, self._translation = measured.rotation, measured.translation
        self._velocities = np.zeros(6)
        self._kalman.x = _NO_ERROR
        self._kalman.P = np.diag([0.0] * 6 + [START_TURN**2] * 3 + [START_MOVE**2] * 3 + [1.0] * 4)
        self._activity.reset()
        self._noise.interrupt()
        share = self._noise.start(claimed.diagonal().tolist())
        self._kalman.P[:6, :6] = part(claimed, share)
        self._densities = self.densities
        self._accept(measured, claimed, share)

    def _accept(self, measured: HeadPose, claimed: Matrix, share: list[float]) -> None:
        self._measured, self._claimed, self._share, self._pose = measured, claimed, share, None
        self._since_measured_s = self._dt = 0.0
        self._rejected, self._rejections = None, 0

    def _fade(self, kept: Vector) -> None:
        """Let the bias be that of the next measurement."""
        P, keep = self._kalman.P, _KEEP.copy()
        keep[BIAS] = kept
        P *= keep
        P *= keep[:, np.newaxis]
        P.reshape(-1)[_BIAS_DIAGONAL] += 1 - kept * kept
        self._kalman.x[BIAS, 0] *= kept

    def _correct(
        self, innovation: list[float], noise: Matrix, biased: Matrix | None, levels: tuple[float, ...]
    ) -> None:
        """The Kalman update; the error it finds moves into the reference.

        biased: (6, 4) of `Bias.on`. It is learnt of a resting head: a movement that has shown itself is followed.
        """
        H, left = _H, np.array(innovation)[:, np.newaxis]
        if biased is not None:
            turning, moving = levels
            H = _H.copy()
            H[:, BIAS] = biased * each_axis(1 - turning, 1 - moving)[:, np.newaxis]
            left -= _GOES_ON * (biased - H[:, BIAS]).dot(self._kalman.x[BIAS])
        self._kalman.update(left, R=noise, H=H)
        found = self._kalman.x[:, 0]
        self._rotation = rotation_exp(found[:3]).dot(self._rotation)
        self._translation = self._translation + found[3:6]
        self._velocities = self._velocities + found[6:12]
        remaining = np.zeros((STATES, 1))
        remaining[BIAS, 0] = np.minimum(np.maximum(found[BIAS], -_MOST_BIAS), _MOST_BIAS)
        self._kalman.x = remaining

    def _follow_jump(self, measured: HeadPose, claimed: Matrix) -> bool:
        """Start anew from a measurement beyond the gate if it is to be believed all the same; True then."""
        before, self._rejected = self._rejected, measured
        self._rejections += 1
        agrees = before is not None and (
            gate.squared_distance(
                difference(measured, before.rotation, before.translation), 2 * claimed, self._dt, self._dt
            )
            < gate.WIDTH
        )
        if not (self._raw or agrees or self._rejections >= _JUMP_AFTER):
            return False
        self._start(measured, claimed)
        return True

    def _learn_noise(self, measured: HeadPose, variances: list[float]) -> None:
        if self._since_measured_s > self._dt:  # frames in between had no measurement
            self._noise.interrupt()
        elif self._dt > 0 and self._measured is not None:
            change = difference(measured, self._measured.rotation, self._measured.translation)
            self._noise.observe(change, variances, self._dt)

    def _follow_activity(self, innovation: list[float], variances: list[float], eager: float) -> None:
        """Let the process noise of the step just predicted be that of the movement that has now shown itself."""
        self._activity.observe(innovation, variances, self._dt, eager)
        (turn, move), (old_turn, old_move) = self.densities, self._densities
        if turn > old_turn or move > old_move:
            more = max(turn - old_turn, 0.0), max(move - old_move, 0.0)
            self._kalman.P = self._kalman.P + process_noise(more, self._dt)

    def _surprise(self, innovation: list[float], noise: Matrix) -> float:
        """Squared Mahalanobis distance of a measurement from the prediction, from the noise (6, 6) in it."""
        spread = self._kalman.P[POSE, POSE] + noise
        return gate.squared_distance(innovation, spread, self._dt, self._since_measured_s)


def _inverse(matrix: Matrix) -> Matrix:
    """Of a positive definite matrix. numpy's goes by LU and takes ten times as long for one of this size."""
    _, inverse, _ = dposv(matrix, _EYE6)
    return np.asarray(inverse)

"""Which part of a pose's claimed uncertainty is noise, new in every frame, and which is an error that lasts."""

from __future__ import annotations

from collections.abc import Sequence

from tracker.noise_level import NoiseLevel

_TREMBLING = 0.003  # variance of a pose's trembling over the claimed one; measured on webcam clips: 0.001 to 0.02
_ORDINARY = 2.0  # claimed variances up to this many times the usual ones are as certain from frame to frame as ever
_USUAL_AFTER = 5  # measurements after which it is known what is usual
_USUAL_RISES = 0.03  # share by which the usual variance follows a larger one with each measurement: about a second
_USUAL_FALLS = 0.3  # and a smaller one: a face that comes out from behind another


class NoiseShare:
    """Variance of the noise over the claimed variance, for each axis and coordinate (6,).

    It has three parts. The trembling is learnt (`NoiseLevel`). At rest there is a wandering on top of it. And a face
    that is being hidden claims more and more: what exceeds its usual uncertainty is an error that was not there in the
    frame before, and must not be taken for motion.
    """

    def __init__(self, wander: float) -> None:
        """`wander` is the part of a resting head."""
        self._wander = wander
        self._level = NoiseLevel(6, expected=_TREMBLING, weight_s=0.3, memory_s=1.5, lowest=1e-4, highest=4.0)
        self._usual = [0.0] * 6
        self._count = 0
        self.taken = self._level.variance_factor
        """As it was for the last measurement."""

    def interrupt(self) -> None:
        """Measurements to come do not follow on the last one."""
        self._level.interrupt()

    def observe(self, change: Sequence[float], variances: Sequence[float], time_step_s: float) -> None:
        """Take the change (6,) since the last measurement, `time_step_s` > 0 ago, and the claimed variances (6,)."""
        self._level.observe(change, variances, time_step_s)

    def start(self, variances: Sequence[float]) -> list[float]:
        """For the first measurement, or the first one after a jump, as of a resting head."""
        self._usual, self._count = list(variances), 1
        self.taken = self.at_rest(self._level.variance_factor)
        return self.taken

    def in_motion(self, variances: Sequence[float]) -> list[float]:
        """For a measurement of a moving head."""
        if self._count < _USUAL_AFTER:
            return self._level.variance_factor
        return [
            max(level, 1 - _ORDINARY * usual / variance)
            for level, usual, variance in zip(self._level.variance_factor, self._usual, variances, strict=True)
        ]

    def at_rest(self, in_motion: Sequence[float]) -> list[float]:
        """For a measurement of a resting head, from what it would be of a moving one."""
        return [share + self._wander for share in in_motion]

    def take(self, in_motion: Sequence[float], variances: Sequence[float], levels: tuple[float, ...]) -> list[float]:
        """For the next measurement, of a head whose rotation and position move that much (0 to 1); learns from it."""
        turning, moving = levels
        turn, move = self._wander * (1 - turning) ** 2, self._wander * (1 - moving) ** 2
        a, b, c, d, e, f = in_motion
        self.taken = [a + turn, b + turn, c + turn, d + move, e + move, f + move]
        self._count += 1
        rise, fall = max(_USUAL_RISES, 1 / self._count), max(_USUAL_FALLS, 1 / self._count)
        self._usual = [
            usual + (rise if variance > usual else fall) * (variance - usual)
            for usual, variance in zip(self._usual, variances, strict=True)
        ]
        return self.taken

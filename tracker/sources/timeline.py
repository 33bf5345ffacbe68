"""Presentation times that strictly increase, from timestamps that may be missing, doubled or start over."""

from __future__ import annotations

from fractions import Fraction

ASSUMED_RATE = Fraction(25)
"""Frames a second where a recording states neither timestamps nor a rate."""

SMALLEST_STEP_S = 0.001
"""How far a doubled timestamp is moved: the coarsest time base in common use, Matroska's, still tells the two apart."""

RESTART_S = 1.0
"""Going back by more than this is a new start (recordings joined end to end, a counter that wrapped), not disorder."""


class Timeline:
    """Gives each frame of one recording, in the order of presentation, its time.

    A timestamp that lies after the previous time is taken as it is. A missing one continues at the nominal rate. One
    that repeats the previous time or lies a little before it follows the previous by SMALLEST_STEP_S, so that the next
    good timestamp is used unchanged. One far before it starts the count over: that frame follows at the nominal rate
    and all later ones are shifted with it.
    """

    def __init__(self, rate: Fraction | None) -> None:
        """`rate`: the nominal frames a second, None where unknown."""
        self._frame_s = float(1 / (rate or ASSUMED_RATE))
        self._last_s: float | None = None
        self._shift_s = 0.0

    def place(self, timestamp_s: float | None) -> float:
        """The time in seconds of the next frame; `timestamp_s` is what the recording states, None if nothing."""
        self._last_s = self._next(timestamp_s)
        return self._last_s

    def _next(self, timestamp_s: float | None) -> float:
        if self._last_s is None:
            return 0.0 if timestamp_s is None else timestamp_s
        if timestamp_s is None:
            return self._last_s + self._frame_s
        time_s = timestamp_s + self._shift_s
        if time_s > self._last_s:
            return time_s
        if time_s >= self._last_s - RESTART_S:
            return self._last_s + SMALLEST_STEP_S
        self._shift_s += self._last_s + self._frame_s - time_s
        return self._last_s + self._frame_s

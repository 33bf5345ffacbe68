"""Numbers that run from 0 to 1 between two limits."""

from __future__ import annotations

import numpy as np

from renderer.loops.compiled import inlined

_0, _1, _2, _3 = np.float32(0), np.float32(1), np.float32(2), np.float32(3)


@inlined
def limited(x: np.float32, start: np.float32, end: np.float32) -> np.float32:
    """0 up to `start`, 1 from `end` on, straight in between."""
    return min(max((x - start) * (_1 / (end - start)), _0), _1)


@inlined
def ramp(x: np.float32, start: np.float32, end: np.float32) -> np.float32:
    """0 up to `start`, 1 from `end` on, smooth in between."""
    t = limited(x, start, end)
    return t * t * (_3 - _2 * t)

"""What is known of a head's chart from frame to frame, and its words for looking it up; see `renderer.words`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from renderer.loops.compiled import compiled, inlined
from renderer.loops.lookup import Float32, Packed
from renderer.loops.nodes import FACTOR_STEPS, FILL_STEPS, TEN_LARGEST, TEN_ZERO

_BLOCK = 432
"""Numbers of a deformation that are added up at a time: they stay at hand while all components are gone through."""
_0, _1, _HALF, _255 = np.float32(0), np.float32(1), np.float32(0.5), np.float32(255)
_ZERO, _LARGEST, _LAST = np.float32(TEN_ZERO), np.float32(TEN_LARGEST), np.float32(1023)
_FILL, _FACTOR = np.float32(FILL_STEPS), np.float32(FACTOR_STEPS)
_8, _10, _16, _20, _24 = np.uint32(8), np.uint32(10), np.uint32(16), np.uint32(20), np.uint32(24)
_SMALLEST_MM = np.float32(1e-3)


@inlined
def _whole(x: np.float32, largest: np.float32) -> np.uint32:
    """Rounded, and between 0 and the largest; numbers that are none become 0."""
    return np.uint32(np.int32(min(largest, max(_0, x)) + _HALF))


@compiled
def deform(
    weights: Float32, components: npt.NDArray[np.int16], deformation: Float32, words: Packed
) -> tuple[np.float32, np.float32]:
    """How far a head is from the mean one: deformation (h, w, 3), mm, and its words (h, w) are set.

    weights: (k,), each times the step of its component. components: (k, 3 h w) int16, in steps. Gives the largest
    change of the deformation, mm, and the step of its words, mm.
    """
    flat, added = deformation.reshape(-1), np.empty(_BLOCK, np.float32)
    change = largest = _0
    for start in range(0, len(flat), _BLOCK):
        count = min(_BLOCK, len(flat) - start)
        for j in range(count):
            added[j] = _0
        for k in range(len(weights)):
            weight, part = weights[k], components[k, start : start + count]
            for j in range(count):
                added[j] += weight * np.float32(part[j])
        for j in range(count):
            change = max(change, abs(added[j] - flat[start + j]))
            largest = max(largest, abs(added[j]))
            flat[start + j] = added[j]
    step = max(largest, _SMALLEST_MM) / _LARGEST
    per_step = _1 / step
    for i in range(words.shape[0]):
        for j in range(words.shape[1]):
            x = _whole(deformation[i, j, 0] * per_step + _ZERO, _LAST)
            y = _whole(deformation[i, j, 1] * per_step + _ZERO, _LAST)
            z = _whole(deformation[i, j, 2] * per_step + _ZERO, _LAST)
            words[i, j] = x | (y << _10) | (z << _20)
    return change, step


@compiled
def settle_weights(observed: Float32, share: float, settled: Float32, words: npt.NDArray[np.uint8]) -> None:
    """Move settled weights (H, W, 4) towards observed ones by a share of the way; words, as bytes (H, 4 W), are set."""
    part = np.float32(share)
    for i in range(words.shape[0]):
        before, now, held = settled[i].reshape(-1), observed[i].reshape(-1), words[i]
        for j in range(len(before)):
            before[j] += part * (now[j] - before[j])
        for j in range(len(before)):
            held[j] = np.uint8(np.int32(min(_255, max(_0, before[j] * _255)) + _HALF))


@compiled
def settle_tones(
    observed: Float32,
    doubt: Float32,
    share: float,
    settled: Float32,
    settled_doubt: Float32,
    fill: Packed,
    tone: Packed,
) -> None:
    """The same for tones (h, w, 6) and doubt (h, w); words of fill and tone (h, w) are set."""
    part = np.float32(share)
    for i in range(fill.shape[0]):
        for j in range(fill.shape[1]):
            settled_doubt[i, j] += part * (doubt[i, j] - settled_doubt[i, j])
            for k in range(6):
                settled[i, j, k] += part * (observed[i, j, k] - settled[i, j, k])
        for j in range(fill.shape[1]):
            a, b = _whole(settled[i, j, 0] * _FILL, _LAST), _whole(settled[i, j, 1] * _FILL, _LAST)
            fill[i, j] = a | (b << _10) | (_whole(settled[i, j, 2] * _FILL, _LAST) << _20)
            a, b = _whole(settled[i, j, 3] * _FACTOR, _LAST), _whole(settled[i, j, 4] * _FACTOR, _LAST)
            tone[i, j] = a | (b << _10) | (_whole(settled[i, j, 5] * _FACTOR, _LAST) << _20)


@compiled
def pack_bytes(colours: Float32, fourth: Float32, words: Packed) -> None:
    """Words (h, w) of colours (h, w, 3) of 0..255, and of a share (h, w) in the highest byte, set."""
    for i in range(words.shape[0]):
        for j in range(words.shape[1]):
            a, b = _whole(colours[i, j, 0], _255), _whole(colours[i, j, 1], _255)
            c, d = _whole(colours[i, j, 2], _255), _whole(fourth[i, j] * _255, _255)
            words[i, j] = a | (b << _8) | (c << _16) | (d << _24)

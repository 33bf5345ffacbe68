"""Pictures in words of four bytes, each looked up together with the next one to its right: looking up takes longer than
taking apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]
Packed = npt.NDArray[np.uint32]
Pairs = npt.NDArray[np.uint64]

_LARGEST_HALF = 65535


@dataclass(frozen=True)
class Words:
    """A picture (h, w) that is written as words and looked up as pairs, in the same memory.

    words: (h, w) uint32. pairs: (h, w) uint64, each word and, in its upper half, the next one; those of the last column
    mean nothing.
    """

    words: Packed
    pairs: Pairs

    @property
    def bytes(self) -> npt.NDArray[np.uint8]:
        """The words as bytes, (h, 4 w), the lowest of each first."""
        return self.words.view(np.uint8)

    @classmethod
    def of(cls, memory: Packed, rows: int, columns: int) -> Words:
        """In `memory`, (h w + 1,) or more."""
        pairs: Pairs = np.ndarray((rows, columns), np.uint64, memory, strides=(4 * columns, 4))
        return cls(memory[: rows * columns].reshape(rows, columns), pairs)

    @classmethod
    def empty(cls, rows: int, columns: int) -> Words:
        """In memory of its own, all zero."""
        return cls.of(np.zeros(rows * columns + 1, np.uint32), rows, columns)


def in_halves(lower: npt.NDArray[np.floating[Any]], upper: npt.NDArray[np.floating[Any]]) -> Pairs:
    """Pairs (h, w) of words whose halves are numbers (h, w) of 0..65535."""
    found = Words.empty(*lower.shape)
    found.words[:] = _sixteen(lower) | (_sixteen(upper) << np.uint32(16))
    return found.pairs


def in_quarters(*numbers: npt.NDArray[np.floating[Any]]) -> Pairs:
    """Up to four numbers (h, w) of 0..65535 in places (h, w) of 64 bits, the first one lowest."""
    found = np.zeros(numbers[0].shape, np.uint64)
    for place, number in enumerate(numbers):
        found |= _sixteen(number).astype(np.uint64) << np.uint64(16 * place)
    return found


def _sixteen(numbers: npt.NDArray[np.floating[Any]]) -> Packed:
    return np.rint(np.clip(numbers, 0, _LARGEST_HALF)).astype(np.uint32)

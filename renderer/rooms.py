"""Memory that is used again from frame to frame."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

_SLACK = 1.5
"""What proved too small once grows by more than it must: it will be too small again when a face comes nearer."""


class Rooms:
    """Hands out arrays by name, in memory that is kept and grows as it must: what a name stood for before is lost."""

    def __init__(self) -> None:
        self._memory: dict[str, npt.NDArray[Any]] = {}

    def floats(self, name: str, *shape: int) -> npt.NDArray[np.float32]:
        """An array (shape) float32; zero the first time."""
        return self._room(name, shape, np.float32)

    def words(self, name: str, *shape: int) -> npt.NDArray[np.uint32]:
        """An array (shape) uint32; zero the first time."""
        return self._room(name, shape, np.uint32)

    def bytes(self, name: str, *shape: int) -> npt.NDArray[np.uint8]:
        """An array (shape) uint8; zero the first time."""
        return self._room(name, shape, np.uint8)

    def _room(self, name: str, shape: tuple[int, ...], dtype: type[Any]) -> npt.NDArray[Any]:
        count = math.prod(shape)
        memory = self._memory.get(name)
        if memory is None:
            memory = self._memory[name] = np.zeros(count, dtype)
        elif memory.size < count:
            memory = self._memory[name] = np.zeros(round(_SLACK * count), dtype)
        return memory[:count].reshape(shape)

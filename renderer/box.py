"""Rectangles of a view: most of what is drawn covers a part of it only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

_Kind = TypeVar("_Kind", bound=np.generic)


@dataclass(frozen=True)
class Box:
    """A rectangle of a view, in rough nodes."""

    top: int
    bottom: int
    left: int
    right: int

    @classmethod
    def around(cls, share: npt.NDArray[np.uint8], nodes_per_rough: int) -> Box | None:
        """Around all nodes (g, g) that have a share, with a rough node more on every side; None where none has."""
        left, top, width, height = (int(length) for length in cv2.boundingRect(share))
        if not width:
            return None
        rows, columns = (length // nodes_per_rough for length in share.shape)
        return cls(
            max(top // nodes_per_rough - 1, 0),
            min((top + height - 1) // nodes_per_rough + 2, rows),
            max(left // nodes_per_rough - 1, 0),
            min((left + width - 1) // nodes_per_rough + 2, columns),
        )

    def of(self, array: npt.NDArray[_Kind], fineness: int) -> npt.NDArray[_Kind]:
        """That rectangle of an array with `fineness` elements to a rough node along each side; not a copy."""
        rows = slice(self.top * fineness, self.bottom * fineness)
        return array[rows, self.left * fineness : self.right * fineness]

    def common(self, other: Box) -> Box | None:
        """What belongs to both; None for nothing."""
        top, bottom = max(self.top, other.top), min(self.bottom, other.bottom)
        left, right = max(self.left, other.left), min(self.right, other.right)
        return Box(top, bottom, left, right) if top < bottom and left < right else None

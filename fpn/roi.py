"""Boxes people give and draw, and the square regions of interest the network looks at."""

from __future__ import annotations

from dataclasses import dataclass

BOX_TO_ROI = 1.5
"""Side of the region looked at over the longer side of a face box. Boxes differ from detector to detector and a tight
box around the landmarks of a profile is small, so the first look is wide (the seed's 25 % on each side); the network's
own centre and size give the next, exact one."""


@dataclass(frozen=True)
class Box:
    """An upright rectangle in pixels of the full frame; x, y is its upper left corner. It may lie partly outside."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Roi:
    """A square region of interest in pixels of the full frame, centre and side. It may lie partly outside.

    tilt_deg: the square is turned by so much in the picture's plane, clockwise, so that a tilted head stands upright
    in it.
    """

    center_x: float
    center_y: float
    side: float
    tilt_deg: float = 0.0

    @classmethod
    def around(cls, box: Box) -> Roi:
        """The region to look at first for a face box from a detector or a list."""
        return cls(
            center_x=box.x + box.width / 2,
            center_y=box.y + box.height / 2,
            side=BOX_TO_ROI * max(box.width, box.height),
        )

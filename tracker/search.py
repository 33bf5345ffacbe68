"""Where in a picture to look for faces, and when: the detector sees squares, and only faces of a certain size in them.

Measured with the short-range model on faces pasted at known sizes (128 x 128 pixels in, score 0.5): it finds 97 % of
the faces that are an eighth of its square wide, half of those a tenth wide, and practically all from there up to ones
as wide as the square. So a picture is looked at on three scales, each with squares that overlap by the smallest face
that the next coarser scale finds for certain.
"""

from __future__ import annotations

import math
from itertools import pairwise

from fpn.roi import Roi

_SMALLEST_IN_LOOK = 0.11  # width of the smallest face that is usually found, over the side of the square looked at
_WHOLE_MARGIN = 1.5  # a face filling a picture from top to bottom needs some room around it to be found
_FINE_LOOKS = 4  # finest squares that fit in the longer side: faces from 1/32 of it are found, 40 pixels of 1280
_FINEST_SIDE = 240.0  # pixels; faces under 30 pixels are found no more, their pose would be a guess
_SEARCH_FRAMES = 5  # while nobody is tracked, a search of the whole picture takes at most this many frames


def search_looks(width: int, height: int) -> tuple[Roi, ...]:
    """The squares that together find every face of a picture from 1/32 of its longer side up; the coarsest first."""
    longer, shorter = max(width, height), min(width, height)
    finest = max(longer / _FINE_LOOKS, _FINEST_SIDE)
    sides = [max(longer, _WHOLE_MARGIN * shorter)]
    for side in (shorter, finest):
        if finest <= side < 0.9 * sides[-1]:  # another scale is worth its looks only if it differs
            sides.append(side)
    looks = [Roi((width - 1) / 2, (height - 1) / 2, sides[0])]
    for coarser, side in pairwise(sides):
        overlap = coarser * _SMALLEST_IN_LOOK
        rows, columns = _centers(height, side, overlap), _centers(width, side, overlap)
        looks += [Roi(x, y, side) for y in rows for x in columns]
    return tuple(looks)


def _centers(length: int, side: float, overlap: float) -> list[float]:
    """Centres of equal squares in a row that cover `length` pixels and overlap by `overlap` at least."""
    middle = (length - 1) / 2
    if side >= length:
        return [middle]
    count = math.ceil((length - overlap) / (side - overlap))
    span = length - side
    return [middle + span * (i / (count - 1) - 0.5) for i in range(count)]


class SearchSchedule:
    """Spreads the search for new faces over frames, so that no frame waits for all of it.

    A search begins with all looks at once when nothing is known: at the start and after a cut. From then on a few looks
    a frame go round and round: as many as make a whole search in `detect_every` frames, and more while there is
    nobody to be tracked.
    """

    def __init__(self, detect_every: int) -> None:
        self._detect_every = detect_every
        self._size = (0, 0)
        self._looks: tuple[Roi, ...] = ()
        self._next = 0
        self._credit = 0.0
        self._everything = True

    def restart(self) -> None:
        """Search everything in the next frame."""
        self._everything = True

    def looks(self, width: int, height: int, *, anybody: bool) -> tuple[Roi, ...]:
        """The squares to look at in this frame, which is `width` by `height` pixels; `anybody`: someone is tracked."""
        if (width, height) != self._size:
            self._size = width, height
            self._looks = search_looks(width, height)
            self._everything = True
        if self._everything:
            self._everything = False
            self._next, self._credit = 0, 0.0
            return self._looks
        count = len(self._looks)
        self._credit += count / (self._detect_every if anybody else min(self._detect_every, _SEARCH_FRAMES))
        # The tolerance keeps rounding from putting a look off to the next frame.
        due = min(int(self._credit + 1e-9), count)
        self._credit -= due
        chosen = tuple(self._looks[(self._next + i) % count] for i in range(due))
        self._next = (self._next + due) % count
        return chosen

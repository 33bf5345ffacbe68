"""A face in a frame as far as all its views share it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from renderer.appearance import Appearance, Deformation, SettledAppearance
from renderer.rooms import Rooms
from renderer.sampling import HeadCamera, Patch, PatchPixels, Projector
from renderer.surroundings import Surroundings
from renderer.view import View

Float32 = npt.NDArray[np.float32]
Packed = npt.NDArray[np.uint32]


class FaceMemory:
    """What is kept of a face from frame to frame, and the memory to work in: a warm frame takes no other.

    deformation: its form. observed: what a frame showed of it last; appearance: the same, settled with what earlier
    ones showed. surroundings: what stood around it, None before the first frame. distance_mm: see `SeenFace`. met: for
    views that were drawn of it a moment ago, and their size: where their lines of sight met it, cells of the chart and
    depth (parts, c, 3, c).
    """

    def __init__(self) -> None:
        self.rooms = Rooms()
        self.pixels = PatchPixels(self.rooms)
        self.deformation = Deformation()
        self.observed = Appearance.empty()
        self.appearance = SettledAppearance()
        self.surroundings: Surroundings | None = None
        self.distance_mm = 0.0
        self.met: dict[tuple[View, int], Float32] = {}


@dataclass(frozen=True)
class SeenFace:
    """What a frame shows of a face, in the light of earlier frames; it holds until the next frame is looked at.

    patch: where to sample, pixels: what is there, packed; project: how to get there. surroundings: what stands around
    it. distance_mm: from the camera to the eyes, in millimetres of a head of average size. memory: all else that is
    known of it.
    """

    head: HeadCamera
    patch: Patch
    pixels: Packed
    project: Projector
    surroundings: Surroundings
    distance_mm: float
    memory: FaceMemory

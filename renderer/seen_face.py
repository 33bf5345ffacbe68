"""A face in a frame as far as all its views share it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from renderer.appearance import Appearance
from renderer.sampling import HeadCamera, Patch, Projector
from renderer.surroundings import Surroundings
from renderer.view import View

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True)
class SeenFace:
    """What a frame shows of a face, in the light of earlier frames.

    patch: where to sample; project: how to get there. deformation: (H / 2, W / 2, 3) float32 mm from the mean head, on
    the chart. observed: what the frame shows; appearance: the same, settled with what earlier ones showed.
    distance_mm: from the camera to the eyes, in millimetres of a head of average size. met: for views that were drawn
    of this face, now or a moment ago, and their size: where their lines of sight met it, cells of the chart and depth
    (parts, c, 3, c).
    """

    head: HeadCamera
    patch: Patch
    project: Projector
    deformation: Float32
    observed: Appearance
    appearance: Appearance
    surroundings: Surroundings
    distance_mm: float
    met: dict[tuple[View, int], Float32] = field(default_factory=dict)

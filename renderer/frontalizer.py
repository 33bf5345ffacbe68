"""Views of tracked faces, frame after frame: what is filled in follows each track smoothly."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fpn.camera import Camera
from fpn.network import IDENTITY_COUNT
from fpn.pose import HeadPose
from renderer.frontal_view import FrontalView, empty_view
from renderer.frontalization import see
from renderer.sampling import HeadCamera
from renderer.seen_face import FaceMemory, SeenFace
from renderer.view import DEFAULT_VIEW_SIZE, View, check_size, pixels_per_mm

if TYPE_CHECKING:
    from renderer.drawing import Painter

_WEIGHTS_S = 0.08
"""Time constant of the shares of what is seen and mirrored: they follow the pose, and only its trembling is to go."""
_WEIGHTS_EVERY_S = 0.05
"""How often these shares are looked at anew."""
_TONES_S = 0.5
"""Of the tones that parts are filled and matched with: light changes slowly."""
_TONES_EVERY_S = 0.25
"""How often tones are looked at anew: more often than they change."""
_IDENTITY_S = 1.5
"""Of the identity weights: a person's bones do not move."""
_EXPRESSION_S = 0.04
"""Of the expression weights: a blink lasts a tenth of a second."""
_FORGET_S = 1.0
"""A face not seen for this long begins anew."""


@dataclass(frozen=True)
class TrackedFace:
    """A face to show views of.

    track: ID that it keeps from frame to frame. pose: in the camera frame.
    shape: (50,) weights of the face model, as the network gives them; None for the mean face.
    """

    track: int
    pose: HeadPose
    shape: npt.ArrayLike | None = None


@dataclass
class _Memory:
    """What is remembered of a track: when it was last seen, when it was found out how well and of what tones, its shape
    weights (50,), and what was seen of it.
    """

    time_s: float
    weights_s: float
    tones_s: float
    shape: npt.NDArray[np.float32] | None
    face: FaceMemory


class Frontalizer:
    """Renders views of tracked faces; keeps what it needs from frame to frame, and the memory it works in.

    views: which sides; may be set anew at any time. size: pixels a side. head_scale: size of the heads over the average
    adult's, the same that the poses are computed with.

    Raises ViewError for a size out of range.
    """

    def __init__(
        self, views: Sequence[View] = (View(),), size: int = DEFAULT_VIEW_SIZE, *, head_scale: float = 1.0
    ) -> None:
        check_size(size)
        self.views = tuple(views)
        self.size = size
        self._head_scale = head_scale
        self._memories: dict[int, _Memory] = {}
        self._painter: Painter | None = None

    def render(
        self, image: npt.NDArray[np.uint8], faces: Sequence[TrackedFace], camera: Camera, time_s: float
    ) -> list[tuple[FrontalView, ...]]:
        """The views of each of `faces`, in order, one for each of `self.views`.

        image: (H, W, 3) uint8 BGR, the full frame. camera: its intrinsics. time_s: when it was taken; time that runs
        backwards begins everything anew. A face of which the frame shows nothing gives grey views of confidence 0.
        """
        return [self.draw(self.look(image, face, camera, time_s), self.views) for face in faces]

    def look(self, image: npt.NDArray[np.uint8], face: TrackedFace, camera: Camera, time_s: float) -> SeenFace | None:
        """What the frame shows of a face, in the light of earlier frames; None where it shows nothing of it.

        For whoever draws different views of different faces: once a frame and face, arguments as for `render`. What is
        returned holds until the track is looked at again; the image may change as soon as this has returned.
        """
        self._forget(time_s)
        memory = self._memories.get(face.track)
        elapsed = math.inf if memory is None else time_s - memory.time_s
        shape = None if face.shape is None else np.asarray(face.shape, np.float32)
        if shape is not None and memory is not None and memory.shape is not None:
            shares = np.full(len(shape), _share(elapsed, _EXPRESSION_S), np.float32)
            shares[:IDENTITY_COUNT] = _share(elapsed, _IDENTITY_S)
            shape = memory.shape + shares * (shape - memory.shape)
        tones_anew = memory is None or time_s - memory.tones_s >= _TONES_EVERY_S
        weights_anew = tones_anew or memory is None or time_s - memory.weights_s >= _WEIGHTS_EVERY_S
        known = FaceMemory() if memory is None else memory.face
        seen = see(
            image,
            HeadCamera(camera, face.pose.rotation, face.pose.translation, self._head_scale),
            pixels_per_mm(self.size),
            shape,
            known,
            weights_anew=weights_anew,
            tones_anew=tones_anew,
            kept=(1 - _share(elapsed, _WEIGHTS_S), 1 - _share(elapsed, _TONES_S)),
        )
        if seen is None:
            return None
        weights_s = time_s if memory is None or weights_anew else memory.weights_s
        tones_s = time_s if memory is None or tones_anew else memory.tones_s
        self._memories[face.track] = _Memory(time_s, weights_s, tones_s, shape, known)
        return seen

    def draw(self, seen: SeenFace | None, views: Sequence[View]) -> tuple[FrontalView, ...]:
        """Views of a face that was looked at; grey and of confidence 0 for None."""
        if seen is None:
            return tuple(empty_view(self.size) for _ in views)
        if self._painter is None or self._painter.size != self.size:
            from renderer.drawing import Painter  # late: loads numba, which takes most of a second

            self._painter = Painter(self.size)
        return self._painter.draw(seen, views)

    def reset(self) -> None:
        """Forget all tracks, as between unrelated pictures."""
        self._memories.clear()

    def _forget(self, time_s: float) -> None:
        recent = {track: m for track, m in self._memories.items() if 0 <= time_s - m.time_s <= _FORGET_S}
        self._memories = recent


def _share(elapsed_s: float, time_constant_s: float) -> float:
    """How far a value goes to its new one in that time."""
    return 1 - math.exp(-elapsed_s / time_constant_s)

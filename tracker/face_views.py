"""Views of the faces of a frame, drawn once for everything that shows or writes them."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from fpn.pose import HeadPose
from renderer import Frontalizer, FrontalView, TrackedFace, View, parse_views, prepare, seed_views
from renderer.seen_face import SeenFace
from renderer.view import DEFAULT_VIEW_SIZE, SEED_YAWS_DEG
from tracker.frame import TrackedFrame, TrackedPose

AUTO = "auto"
_MOMENT_S = 0.2
"""So long it takes to be ready where everything was prepared at the start."""


@dataclass(frozen=True)
class ViewChoice:
    """Which views of a face are wanted: the same of every one, or None for those that FacePoseNet chose by its yaw."""

    views: tuple[View, ...] | None = (View(),)

    @classmethod
    def parse(cls, text: str) -> ViewChoice:
        """From `auto` or `YAW[:PITCH],...`. Raises ViewError for anything else."""
        return cls(None) if text.strip().lower() == AUTO else cls(parse_views(text))

    def of(self, pose: HeadPose) -> tuple[View, ...]:
        """The views of a face in that pose, in the camera frame."""
        return seed_views(pose.angles_deg[0]) if self.views is None else self.views

    @property
    def most(self) -> int:
        """How many views a face has at most."""
        return len(SEED_YAWS_DEG) if self.views is None else len(self.views)


class FaceViews:
    """Draws views of the faces of one frame after the other, none twice.

    size: pixels a side. head_scale: size of the heads over the average adult's. is_sequence: False for unrelated
    pictures, which know nothing of each other. Raises ViewError for a size out of range.
    """

    def __init__(self, size: int = DEFAULT_VIEW_SIZE, *, head_scale: float = 1.0, is_sequence: bool = True) -> None:
        self.size = size
        self._frontalizer = Frontalizer((), size, head_scale=head_scale)
        self._is_sequence = is_sequence
        self._frame_index: int | None = None
        self._seen: dict[int, SeenFace | None] = {}
        self._drawn: dict[tuple[int, View], FrontalView] = {}
        self._preparation: Future[None] | None = None

    def make_ready(self) -> bool:
        """Whether views can be drawn at once. If not, what they need is being loaded, beside the caller's own work."""
        if self._preparation is None:
            thread = ThreadPoolExecutor(1, "views to come")
            self._preparation = thread.submit(prepare, self.size)
            thread.shutdown(wait=False)
            wait([self._preparation], _MOMENT_S)
        return self._preparation.done()

    def of(self, result: TrackedFrame, face: TrackedPose, views: Sequence[View]) -> tuple[FrontalView, ...]:
        """The views of one of the frame's faces, in order. Their pictures are shared: they must not be drawn into."""
        if result.frame.index != self._frame_index:
            self._begin(result)
        if face.track not in self._seen:
            tracked = TrackedFace(face.track, face.pose, face.shape)
            frame = result.frame
            self._seen[face.track] = self._frontalizer.look(frame.image, tracked, result.camera, frame.time_s)
        missing = [view for view in dict.fromkeys(views) if (face.track, view) not in self._drawn]
        for view, drawn in zip(missing, self._frontalizer.draw(self._seen[face.track], missing), strict=True):
            self._drawn[face.track, view] = drawn
        return tuple(self._drawn[face.track, view] for view in views)

    def _begin(self, result: TrackedFrame) -> None:
        self._frame_index = result.frame.index
        self._seen.clear()
        self._drawn.clear()
        if not self._is_sequence:
            self._frontalizer.reset()

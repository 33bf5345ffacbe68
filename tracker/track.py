"""One face over time."""

from __future__ import annotations

import math

import numpy as np

from fpn.camera import Camera
from fpn.pose import FaceEstimate, HeadPose
from fpn.roi import Box, Roi
from tracker.assignment import can_follow, displacement
from tracker.claims import told
from tracker.expression import SteadyFace
from tracker.frame import TrackedPose, TrackState
from tracker.leakage import Leakage
from tracker.measurement import is_sane
from tracker.region import SteadyRegion
from tracker.smoothing import PoseFilter

_ESTABLISHED_S = 0.3  # a track whose face has been seen for this long is a person; before, it may be a mistake
_COAST_S, _FIRST_COAST_S = 1.0, 0.1  # how long an unseen face is waited for: a person's, and one that may be a mistake
_SMALLEST_SIDE, _LARGEST_SIDE = 12.0, 4.0  # of a face: in pixels, and over the picture's longer side

_REACH, _REACH_PER_S = 0.5, 2.0  # how far from its expected place, in face sizes, a face may be found again

_ELSEWHERE = 0.3  # in face sizes: a face found again farther than this from where it was expected begins a new movement

_GROWTH, _GROWTH_PER_S = 1.3, 0.7  # ratio of its sizes: a person walks at a metre a second, at a metre's distance

_ORDINARY = 2.0  # times the usual claimed variance: above, something is before the face, or it is turned away
_GLIMPSE = 10.0  # times: of a face that is still mostly hidden, whose place and size are guesses
_USUAL_RISES, _USUAL_FALLS = 0.03, 0.3  # share by which the usual follows a larger claim, and a smaller one

SURE_PRESENCE = 0.8
"""Presence from which the network alone is believed from one frame to the next."""
_CHECK_S, _RECHECK_S = 1.0, 0.1  # how often the detector is asked about a face that is sure, and about one that is not
_DENIALS = 4  # in a row, of a face turned to the camera: it is none. Real ones were confirmed 99 times in 100.
_FACING_DEG, _UPRIGHT_DEG = 35.0, 25.0  # faces turned no farther from the line of sight, and from upright, are detected


class Track:
    """A face under its ID: filtered pose, region of interest, box and state.

    For every frame: `predict`, then one of `measure`, `recover` and `miss`.
    """

    def __init__(
        self, number: int, first: FaceEstimate, camera: Camera, smoothing: str, leakage: Leakage | None = None
    ) -> None:
        """Begin a track with the ID `number` where a face has been detected; its pose must be sane.

        leakage: of the network's weights; None where it is not known. Without smoothing it has no effect.
        """
        self.number = number
        self.seen_s = 0.0
        """Seconds for which the face has been seen, gaps apart."""
        self.unseen_s = 0.0
        """Seconds since the face was seen last; 0 if it was in this frame."""
        self._smoothed = smoothing != "off"
        self._filter = PoseFilter(smoothing)
        self._face = SteadyFace(leakage) if leakage is not None and self._smoothed else None
        self._region = SteadyRegion()
        self._step_s = 0.0
        self._unchecked_s = 0.0
        self._denials = 0
        self._disbelieved = self._gone_behind = False
        self._usual_claim = _claim(first)
        self.box: Box = first.box
        """Upright box around the face, where it is in this frame or where it is expected to be."""
        self.state, self.score = TrackState.DETECTED, first.presence
        self._filter.restart(first.pose)
        self._take(first, TrackState.DETECTED, camera)

    @property
    def is_seen(self) -> bool:
        """Whether the face was measured in this frame."""
        return self.state is not TrackState.COASTING

    @property
    def is_waited_for(self) -> bool:
        """Whether this is a person who may come back: seen for a while, or gone behind another; not a mistake."""
        return self._gone_behind or self.seen_s >= _ESTABLISHED_S

    @property
    def is_doubtful(self) -> bool:
        """Whether the face was not there in this frame, or hardly. A face whose pose was not believed is there."""
        return self.score < SURE_PRESENCE or not (self.is_seen or self._disbelieved)

    @property
    def tracked(self) -> TrackedPose:
        """The track as others see it. Without smoothing the pose is told as it was measured."""
        pose = told(self._filter.pose) if self._smoothed else self._filter.pose
        return TrackedPose(self.number, self.state, pose, self.score, self.box, self._shape)

    @property
    def reach(self) -> float:
        """How far from its box, in face sizes, the face can be by now."""
        return _REACH + _REACH_PER_S * self.unseen_s

    @property
    def depth_mm(self) -> float:
        """How far away the face is."""
        return float(self._filter.translation[2])

    def can_be(self, estimate: FaceEstimate) -> bool:
        """Whether what the network found can be this face, by place and size."""
        return can_follow(self.box, estimate.box, self.reach, _GROWTH + _GROWTH_PER_S * self.unseen_s)

    def is_doubted(self, estimate: FaceEstimate) -> bool:
        """Whether the network is much less certain of an estimate than it mostly is of this face."""
        return _claim(estimate) > _ORDINARY * self._usual_claim

    def is_glimpse(self, estimate: FaceEstimate) -> bool:
        """Whether too little is seen, of a face that was hidden, to say that it has come back somewhere else."""
        return self._reappears_elsewhere(estimate) and _claim(estimate) > _GLIMPSE * self._usual_claim

    def urgency(self, width: int, height: int) -> float:
        """How overdue it is to ask the detector about this face, 1 being due.

        Only faces that the detector would see, if they are faces, are asked about; lost ones in every frame.
        """
        if not (self.is_seen or self._disbelieved):
            return 1 + self._unchecked_s
        sure = self._denials == 0 and not self.is_doubtful
        urgency = self._unchecked_s / (_CHECK_S if sure else _RECHECK_S)
        if urgency < 1 or self.is_doubtful:
            return urgency
        return urgency if self._is_inside(width, height) and _is_turned_to_camera(self._filter.pose) else 0.0

    def confirm(self) -> None:
        """The detector sees the face, too."""
        self._unchecked_s, self._denials = 0.0, 0

    def deny(self) -> None:
        """The detector was asked, and sees no face there."""
        self._unchecked_s = 0.0
        if self.is_seen and _is_turned_to_camera(self._filter.pose):
            self._denials += 1

    def predict(self, time_step_s: float, camera: Camera) -> Roi:
        """Move on to the next frame; gives the region in which to look for the face there."""
        self._filter.predict(time_step_s)
        self._step_s = time_step_s
        self.unseen_s += time_step_s
        self._unchecked_s += time_step_s
        translation = self._filter.translation
        self.box = self._region.box(translation, camera)
        return self._region.move(translation, camera)

    def distance(self, estimate: FaceEstimate) -> float:
        """Squared Mahalanobis distance of an estimate from the prediction; infinite for poses of NaN."""
        return self._filter.distance(estimate.pose)

    def measure(self, estimate: FaceEstimate, camera: Camera, *, is_clear: bool = True) -> None:
        """Take what the network found in the region; if the filter does not believe it, the face was not seen.

        is_clear: False where another face hides a part of it, so that its shape says nothing of its expression.
        """
        if self._believes(estimate, is_clear):
            self._take(estimate, TrackState.TRACKED, camera)
        else:
            self.miss(estimate.presence)
            self._disbelieved = True

    def recover(self, estimate: FaceEstimate, camera: Camera) -> None:
        """Take what the network found where the detector saw the face, wherever it was expected."""
        if not self._believes(estimate, is_clear=False):
            self._filter.restart(estimate.pose)
            self._region = SteadyRegion()
        self._take(estimate, TrackState.DETECTED, camera)

    def miss(self, presence: float, *, is_hidden: bool = False) -> None:
        """The face was not seen in this frame.

        presence: the network's doubt. is_hidden: a nearer face is there.
        """
        self._gone_behind = is_hidden or self._gone_behind
        self.state = TrackState.COASTING
        self.score = presence
        self._disbelieved = False

    def is_over(self, width: int, height: int) -> bool:
        """Whether the face has been gone too long, has left the picture of that size, or is none."""
        side = max(self.box.width, self.box.height)
        if self._denials >= _DENIALS or not _SMALLEST_SIDE <= side <= _LARGEST_SIDE * max(width, height):
            return True
        if self.is_seen:
            return False
        x, y = self.box.x + self.box.width / 2, self.box.y + self.box.height / 2
        left_the_picture = not (0 <= x < width and 0 <= y < height)
        patience = _COAST_S if self.is_waited_for else _FIRST_COAST_S
        # The tolerance is for sums of time steps: a face that is gone for a second exactly is waited for.
        return left_the_picture or self.unseen_s > patience + 1e-6

    def _believes(self, estimate: FaceEstimate, is_clear: bool) -> bool:
        if self._reappears_elsewhere(estimate) and is_sane(estimate.pose):
            # What was measured last was already half of what hid the face, and says nothing of how it went on.
            self._filter.restart(estimate.pose)
            self._region = SteadyRegion()
            return True
        if self._face is None or not is_clear or self.is_doubted(estimate):
            return self._filter.update(estimate.pose)
        return self._face.measure(self._filter, estimate.pose, estimate.shape, self._step_s)

    def _reappears_elsewhere(self, estimate: FaceEstimate) -> bool:
        return self.unseen_s > self._step_s and displacement(self.box, estimate.box) > _ELSEWHERE

    def _is_inside(self, width: int, height: int) -> bool:
        box = self.box
        return box.x >= 0 and box.y >= 0 and box.x + box.width <= width and box.y + box.height <= height

    def _take(self, estimate: FaceEstimate, state: TrackState, camera: Camera) -> None:
        self._region.measure(estimate, camera)
        self.state, self.score = state, estimate.presence
        self.box = self._region.box(self._filter.translation, camera) if self._smoothed else estimate.box
        self._shape = estimate.shape
        excess = _claim(estimate) - self._usual_claim
        self._usual_claim += (_USUAL_RISES if excess > 0 else _USUAL_FALLS) * excess
        self.seen_s += self._step_s
        self.unseen_s = 0.0
        self._gone_behind = False


def _claim(estimate: FaceEstimate) -> float:
    """The variance of the rotation that the network claims, over all axes."""
    return float(estimate.pose.rotation_covariance.trace())


def _is_turned_to_camera(pose: HeadPose) -> bool:
    """Whether a face looks so nearly into the camera, and is so nearly upright, that the detector must see it."""
    x, _, z = pose.rotation.T
    sight = pose.translation / np.linalg.norm(pose.translation)
    upright = abs(math.degrees(math.atan2(x[1], x[0]))) < _UPRIGHT_DEG
    return upright and float(z @ sight) > math.cos(math.radians(_FACING_DEG))

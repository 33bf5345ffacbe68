"""All faces of the picture: births, losses, recoveries, and no two tracks on one face."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from fpn.camera import Camera
from fpn.pose import FaceEstimate
from fpn.roi import Box, Roi
from tracker.assignment import assign_boxes, covered_share, displacement, is_inside, is_same_face
from tracker.frame import TrackedPose
from tracker.leakage import Leakage
from tracker.measurement import is_sane
from tracker.track import SURE_PRESENCE, Track

BIRTH_PRESENCE = 0.8
"""Presence from which a detected face becomes a track."""
KEEP_PRESENCE = 0.4
"""Presence under which a tracked face counts as not seen: lower than at birth, so that no face flickers."""

BIRTH_STD_DEG = 9.0
"""Claimed uncertainty of the rotation, a standard deviation, above which a detected face becomes no track. Faces that
are wholly seen claim 2 to 5 degrees, hair, straps and patterns that the detector takes for faces 12 to 30."""
KEEP_STD_DEG = 11.0
"""Claimed uncertainty above which a tracked face counts as not seen: another hides it, or it is none."""

_ALIKE = 16.0  # squared distances below this do not tell which of two tracks a face belongs to
_PLAINLY_NEARER = 0.05  # face sizes between where two tracks expected a face and where it is, which do tell
_HIDING = 0.1  # share of a face's box under that of a nearer face from which its crop shows both
_HALF_BEHIND, _BEHIND = 0.3, 0.8  # such shares from which the face is not seen: if the network doubts it, and anyway
_PLAINLY_BEHIND = 1.05  # ratio of the depths of two faces that are not one face seen twice
_DISTURBANCE = 20.0  # by how many times its share a hiding face makes standard deviations larger


@dataclass(frozen=True)
class Candidate:
    """A box in which the network shall look for a face.

    track: the lost or doubtful track that this may be; None for a new face.
    trusted: the box was given, not detected: there is a face, whatever the network says.
    """

    box: Box
    track: Track | None
    trusted: bool


class Tracks:
    """The tracks of a recording.

    For every frame: `predict`, `measure`, then `candidates` and `adopt` where faces were detected or given, and
    `prune`.
    """

    def __init__(self, smoothing: str, leakage: Leakage | None = None) -> None:
        self._smoothing = smoothing
        self._leakage = leakage
        self._tracks: list[Track] = []
        self._last_number = 0

    def __len__(self) -> int:
        return len(self._tracks)

    @property
    def poses(self) -> tuple[TrackedPose, ...]:
        """The faces of this frame, the oldest track first."""
        return tuple(track.tracked for track in self._tracks)

    @property
    def anybody_seen(self) -> bool:
        """Whether a face was measured in this frame."""
        return any(track.is_seen for track in self._tracks)

    def to_check(self, width: int, height: int) -> Track | None:
        """The track that the detector is to be asked about in this frame, if any: one, for it costs a look."""
        urgent = max(self._tracks, key=lambda track: track.urgency(width, height), default=None)
        return urgent if urgent is not None and urgent.urgency(width, height) >= 1 else None

    def clear(self) -> None:
        """End all tracks. Their IDs are not used again."""
        self._tracks.clear()

    def predict(self, time_step_s: float, camera: Camera) -> list[Roi]:
        """Move all tracks on; gives the region to look at for each, in the order in which `measure` wants them."""
        return [track.predict(time_step_s, camera) for track in self._tracks]

    def measure(self, estimates: Sequence[FaceEstimate], camera: Camera) -> None:
        """Take what the network found in the regions of `predict`."""
        found = list(zip(self._tracks, estimates, strict=True))
        faces = [
            (track, each)
            for track, each in found
            if is_seen(each) and track.can_be(each) and not track.is_glimpse(each)
        ]
        losers = _losers(faces)
        owners = [track for track, _ in faces if track not in losers]
        clear = [track for track, estimate in faces if track in owners and not track.is_doubted(estimate)]
        hidden = {track: _hidden_share(track.box, track.depth_mm, clear) for track, _ in faces}
        for track, estimate in found:
            if track in owners and not _is_behind(track, estimate, hidden[track]):
                track.measure(_disturbed(estimate, hidden[track]), camera, is_clear=hidden[track] < _HIDING)
            else:
                share = _hidden_share(track.box, track.depth_mm, clear, _PLAINLY_BEHIND)
                track.miss(estimate.presence, is_hidden=share > _HALF_BEHIND)
        # A loser that has been seen for a while, or was behind the winner, is another face in hiding, a young one a
        # duplicate.
        self._tracks = [track for track in self._tracks if track not in losers or track.is_waited_for]

    def miss(self) -> None:
        """Nothing is to be seen in this frame."""
        for track in self._tracks:
            track.miss(0.0)

    def candidates(self, boxes: Sequence[Box], *, trusted: bool, checked: Track | None = None) -> list[Candidate]:
        """Which of the detected or given boxes the network is to look at, because no track has that face for sure.

        checked: the track of `to_check`, whose place the detector was shown.
        """
        pairs = assign_boxes([track.box for track in self._tracks], [track.reach for track in self._tracks], boxes)
        owners = {found: self._tracks[mine] for mine, found in pairs}
        for track in owners.values():
            track.confirm()
        if checked is not None and checked not in owners.values():
            checked.deny()
        seen = [track.box for track in self._tracks if track.is_seen]
        chosen = []
        for index, box in enumerate(boxes):
            owner = owners.get(index)
            if owner is not None:
                if owner.is_doubtful:
                    chosen.append(Candidate(box, owner, trusted))
            elif trusted or not any(is_inside(box, other) for other in seen):
                chosen.append(Candidate(box, None, trusted))
        return chosen

    def adopt(self, candidates: Sequence[Candidate], estimates: Sequence[FaceEstimate], camera: Camera) -> None:
        """Begin and recover tracks with what the network found in the candidates' boxes."""
        others = [track for track in self._tracks if track.is_seen]
        clear = list(others)
        born: list[Track] = []
        for candidate, estimate in zip(candidates, estimates, strict=True):
            owner, hidden = candidate.track, 0.0
            if owner is not None and not candidate.trusted:
                hidden = _hidden_share(estimate.box, float(estimate.pose.translation[2]), clear, _PLAINLY_BEHIND)
                if owner.is_glimpse(estimate) or _is_behind(owner, estimate, hidden):
                    continue
                if not owner.can_be(estimate):
                    owner = None
            if not is_plausible(estimate) or not (candidate.trusted or is_sure(estimate)):
                continue
            # Given boxes of one frame are taken for as many faces, detections may have ended on the same one.
            rivals = others if candidate.trusted else others + born
            if any(is_same_face(estimate.box, rival.box) for rival in rivals if rival is not owner):
                continue
            if owner is None:
                self._last_number += 1
                born.append(Track(self._last_number, estimate, camera, self._smoothing, self._leakage))
            elif not owner.is_seen or estimate.presence >= SURE_PRESENCE:
                owner.recover(_disturbed(estimate, hidden), camera)
                others.append(owner)
        self._tracks += born

    def prune(self, width: int, height: int) -> None:
        """End tracks that are over; `width` and `height` are the picture's."""
        self._tracks = [track for track in self._tracks if not track.is_over(width, height)]


def _hidden_share(box: Box, depth_mm: float, clear: Sequence[Track], farther: float = 1.0) -> float:
    """How much of the box of a face at a depth lies under that of a nearer one of the `clear` faces, 0..1.

    farther: least ratio of their depths.
    """
    nearer = [other for other in clear if farther * other.depth_mm < depth_mm]
    return max((covered_share(box, other.box) for other in nearer), default=0.0)


def _is_behind(track: Track, estimate: FaceEstimate, hidden: float) -> bool:
    """Whether a face of which that share is hidden is not seen, though the network saw one: that is the other face.

    What it finds there would hold the track back, or take it along, while the face behind goes on as it went.
    """
    return hidden > _BEHIND or (hidden > _HALF_BEHIND and track.is_doubted(estimate))


def is_in_front(estimate: FaceEstimate) -> bool:
    """Whether an estimate has a finite region and box, and is of something before the camera."""
    roi, box = estimate.roi, estimate.box
    numbers = (roi.center_x, roi.center_y, roi.side, roi.tilt_deg, box.x, box.y, box.width, box.height)
    return (
        all(map(math.isfinite, numbers))
        and min(roi.side, box.width, box.height) > 0
        and bool(estimate.pose.translation[2] > 0)
    )


def is_seen(estimate: FaceEstimate) -> bool:
    """Whether an estimate for a tracked face can be of that face."""
    return estimate.presence >= KEEP_PRESENCE and is_in_front(estimate) and _claims(estimate, KEEP_STD_DEG)


def is_sure(estimate: FaceEstimate) -> bool:
    """Whether an estimate for a detected face is one of a face."""
    return estimate.presence >= BIRTH_PRESENCE and _claims(estimate, BIRTH_STD_DEG)


def _disturbed(estimate: FaceEstimate, hidden: float) -> FaceEstimate:
    """The estimate of a face of which a nearer face hides a share: of what it says, only so much is believed.

    The network sees both faces in one crop, and what it finds slides from the one to the other without a doubt.
    """
    if hidden < _HIDING:
        return estimate
    variance = (1 + _DISTURBANCE * hidden) ** 2
    pose = replace(
        estimate.pose,
        rotation_covariance=variance * estimate.pose.rotation_covariance,
        position_covariance=variance * estimate.pose.position_covariance,
    )
    return replace(estimate, pose=pose)


def _claims(estimate: FaceEstimate, most_deg: float) -> bool:
    return estimate.pose.rotation_std_deg <= most_deg


def is_plausible(estimate: FaceEstimate) -> bool:
    """Whether an estimate consists of finite numbers throughout and describes a head before the camera."""
    return is_in_front(estimate) and is_sane(estimate.pose)


def _losers(pairs: Sequence[tuple[Track, FaceEstimate]]) -> list[Track]:
    """Of tracks that found the same face, those it does not belong to.

    It belongs to the track that has followed it until now, else to the one that expected it there, else to the older.
    """
    losers: list[Track] = []
    for (older, seen_by_older), (younger, seen_by_younger) in combinations(pairs, 2):
        if older in losers or younger in losers or not is_same_face(seen_by_older.box, seen_by_younger.box):
            continue
        lead = displacement(older.box, seen_by_older.box) - displacement(younger.box, seen_by_younger.box)
        if older.unseen_s != younger.unseen_s:
            losers.append(max(older, younger, key=lambda track: track.unseen_s))
        elif abs(lead) > _PLAINLY_NEARER:
            losers.append(older if lead > 0 else younger)
        else:
            surprise = older.distance(seen_by_older)
            losers.append(older if surprise > max(_ALIKE, younger.distance(seen_by_younger)) else younger)
    return losers

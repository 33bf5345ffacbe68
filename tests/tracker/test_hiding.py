"""Faces behind others: when what the network sees is the other face, and what becomes of one that comes out again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fpn.camera import Camera
from fpn.pose import FaceEstimate
from tests.tracker.simulation import Scene, still
from tracker.frame import TrackState
from tracker.leakage import Leakage
from tracker.track import Track
from tracker.tracks import Candidate, Tracks

STEP_S = 1 / 30
CAMERA = Camera.from_fov(640, 480)


def seen(x_mm: float, z_mm: float = 900.0, claim: float = 1.0) -> FaceEstimate:
    """What the network finds of a face there, `claim` times as uncertain as usual."""
    scene = Scene({"a": still(x_mm, 0.0, z_mm)})
    (face,) = scene.faces()
    pose = replace(face.pose, rotation_covariance=claim**2 * face.pose.rotation_covariance / 4)
    return FaceEstimate(pose, 0.98, face.roi, face.box)


def followed(track: Track, frames: int = 15) -> Track:
    for _ in range(frames):
        track.predict(STEP_S, CAMERA)
        track.measure(seen(0.0), CAMERA)
    return track


def lost(frames: int = 5) -> Track:
    """A track on a resting face that has not been seen for some frames."""
    track = followed(Track(1, seen(0.0), CAMERA, "default"))
    for _ in range(frames):
        track.predict(STEP_S, CAMERA)
        track.miss(0.1)
    return track


@pytest.mark.parametrize("by_detection", [False, True])
def test_a_face_that_comes_out_elsewhere_does_not_shoot_on(by_detection: bool) -> None:
    track = lost()
    track.predict(STEP_S, CAMERA)
    (track.recover if by_detection else track.measure)(seen(90.0, claim=1.5), CAMERA)
    assert track.is_seen
    expected = seen(90.0).box.x
    for _ in range(4):
        track.predict(STEP_S, CAMERA)
        assert track.box.x == pytest.approx(expected, abs=10)  # half a face away before


def test_a_glimpse_of_a_hidden_face_elsewhere_is_not_believed() -> None:
    track = lost()
    track.predict(STEP_S, CAMERA)
    assert track.is_glimpse(seen(90.0, claim=4.0))
    assert not track.is_glimpse(seen(90.0, claim=2.0))  # as of a face that has turned away
    assert not track.is_glimpse(seen(5.0, claim=4.0))  # where it was expected
    track = followed(Track(1, seen(0.0), CAMERA, "default"))
    track.predict(STEP_S, CAMERA)
    assert not track.is_glimpse(seen(90.0, claim=4.0))  # it was not hidden


def test_the_network_doubts_a_face_by_what_it_usually_claims_of_it() -> None:
    track = followed(Track(1, seen(0.0), CAMERA, "default"))
    assert not track.is_doubted(seen(0.0, claim=1.3))
    assert track.is_doubted(seen(0.0, claim=1.6))


def two_faces(*, behind_x_mm: float, claim: float = 1.0, claim_near: float = 1.0) -> dict[float, TrackState]:
    """States, by depth, of a resting face and of one farther off that has walked there from the side."""
    faces = [seen(0.0, 700.0), seen(400.0, 1300.0)]
    tracks = Tracks("default")
    tracks.adopt([Candidate(face.box, None, trusted=True) for face in faces], faces, CAMERA)
    for x_mm in np.linspace(400.0, behind_x_mm, 20):
        tracks.predict(STEP_S, CAMERA)
        tracks.measure([seen(0.0, 700.0), seen(float(x_mm), 1300.0)], CAMERA)
    tracks.predict(STEP_S, CAMERA)
    tracks.measure([seen(0.0, 700.0, claim_near), seen(behind_x_mm, 1300.0, claim)], CAMERA)
    return {round(track.depth_mm, -2): track.state for track in tracks._tracks}


def test_a_face_wholly_behind_another_is_not_seen_whatever_the_network_finds() -> None:
    states = two_faces(behind_x_mm=20.0)
    assert states == {700: TrackState.TRACKED, 1300: TrackState.COASTING}


def test_a_face_half_behind_another_is_seen_unless_the_network_doubts_it() -> None:
    assert two_faces(behind_x_mm=125.0)[1300] is TrackState.TRACKED
    assert two_faces(behind_x_mm=125.0, claim=6.0)[1300] is TrackState.COASTING


def test_a_face_that_the_network_doubts_hides_nobody() -> None:
    assert two_faces(behind_x_mm=20.0, claim_near=2.0)[1300] is TrackState.TRACKED


def test_faces_side_by_side_hide_nothing() -> None:
    assert set(two_faces(behind_x_mm=300.0, claim=2.0).values()) == {TrackState.TRACKED}
    assert np.isclose(seen(0.0).pose.translation[2], 900)


def gone_after(frames: int, *, behind: bool) -> Tracks:
    """The tracks a third of a second after a face 1300 mm away was lost, which had been seen for some frames.

    It went behind one 700 mm away, or vanished beside it.
    """
    nearer = seen(0.0 if behind else -250.0, 700.0)
    faces = [nearer, seen(150.0, 1300.0)]
    tracks = Tracks("default")
    tracks.adopt([Candidate(face.box, None, trusted=True) for face in faces], faces, CAMERA)
    for index in range(frames + 10):
        tracks.predict(STEP_S, CAMERA)
        found = seen(150.0 - 8.0 * index, 1300.0)
        hidden = index >= frames
        tracks.measure([nearer, replace(found, presence=0.02) if hidden else found][: len(tracks)], CAMERA)
        tracks.prune(640, 480)
    return tracks


def test_a_face_seen_for_a_moment_that_goes_behind_another_is_waited_for() -> None:
    assert len(gone_after(5, behind=True)) == 2


def test_a_face_seen_for_a_moment_that_vanishes_in_plain_sight_was_a_mistake() -> None:
    assert len(gone_after(5, behind=False)) == 1


def test_a_face_that_the_detector_sees_half_behind_another_is_not_recovered_there_if_the_network_doubts_it() -> None:
    for claim, expected in ((1.0, TrackState.DETECTED), (2.5, TrackState.COASTING)):
        faces = [seen(0.0, 700.0), seen(220.0, 1300.0)]
        tracks = Tracks("default")
        tracks.adopt([Candidate(face.box, None, trusted=True) for face in faces], faces, CAMERA)
        for index in range(20):
            tracks.predict(STEP_S, CAMERA)
            lost = replace(faces[1], presence=0.02 if index > 16 else 0.98)
            tracks.measure([faces[0], lost], CAMERA)
        (owner,) = [track for track in tracks._tracks if track.depth_mm > 1000]
        found = seen(150.0, 1300.0, claim)
        tracks.adopt([Candidate(found.box, owner, trusted=False)], [found], CAMERA)
        assert owner.state is expected


def test_the_shape_of_a_face_that_the_network_doubts_is_not_taken_for_an_expression() -> None:
    directions = np.zeros((50, 1))
    directions[30] = 1
    leakage = Leakage(
        directions, np.zeros(1), np.array([[np.radians(3.0), 0, 0, 0]]), np.zeros((4, 1, 1)), np.full(4, 1e-4)
    )
    turned_deg = []
    for claim in (1.0, 1.6):
        neutral, open_mouth = np.zeros((2, 50), np.float32)
        open_mouth[30] = 1.0
        track = Track(1, replace(seen(0.0), shape=neutral), CAMERA, "low", leakage)
        for index in range(30):
            track.predict(STEP_S, CAMERA)
            moves = index >= 25
            shown = replace(seen(0.0, claim=claim if moves else 1.0), shape=open_mouth if moves else neutral)
            track.measure(shown, CAMERA)
        turned_deg.append(abs(np.degrees(track.tracked.pose.rotation[2, 1])))
    assert turned_deg[0] > 1.5
    assert turned_deg[1] < 0.1

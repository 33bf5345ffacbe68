"""What a moving face does to its poses, taken back and doubted; heads that lie about their turns by a known amount."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from fpn.head import FACE_CENTER_MM
from fpn.pose import HeadPose
from models import WeightsError
from models.manifest import MANIFEST
from tests.tracker.noisy_poses import RATE_HZ, error_deg, pose, trembling
from tracker.expression import SteadyFace, steadied_track
from tracker.leakage import Leakage, load_leakage, weights_identity, write_leakage
from tracker.measurement import Bias
from tracker.smoothing import PoseFilter

JAW = 30  # the first of the expression weights, which here stands for a jaw that opens
PITCH_RAD, NEARER = np.radians(3.0), 0.05


def leakage(doubt: float = 0.5, differ: float = 0.0, turning: float = 0.0) -> Leakage:
    """An open jaw (weight 1) seems to turn the head by 3 degrees about its x axis and to bring it 5 % nearer.

    Of these, `doubt` is left whoever it is, and people differ by `differ` of them. A turn of a radian changes the
    weight by the root of `turning`.
    """
    directions, whole = np.zeros((50, 1)), np.array([PITCH_RAD, PITCH_RAD, PITCH_RAD, NEARER])
    directions[JAW] = 1
    effect = np.array([[PITCH_RAD, 0, 0, -NEARER]])
    return Leakage(directions, np.array([turning]), effect, (differ * whole).reshape(4, 1, 1) ** 2, doubt * whole)


def shape(jaw: float) -> np.ndarray:
    weights = np.full(50, 0.7, np.float32)
    weights[JAW] += jaw
    return weights


def seen(truth: HeadPose, jaw: float, share: float = 1.0) -> HeadPose:
    """What a network sees that takes `share` of an open jaw as `leakage` says."""
    rotation = truth.rotation @ Rotation.from_rotvec([share * PITCH_RAD * jaw, 0, 0]).as_matrix()
    center = (truth.translation + truth.rotation @ FACE_CENTER_MM) * np.exp(-share * NEARER * jaw)
    return replace(truth, rotation=rotation, translation=center - rotation @ FACE_CENTER_MM)


TURNED = pose(Rotation.from_euler("yxz", [25, -10, 5], degrees=True), (80, -40, 700))


def test_what_the_expression_is_known_to_do_is_taken_back() -> None:
    face = SteadyFace(leakage())
    face.steadied(TURNED, shape(0.0), 0.0)
    steadied, _ = face.steadied(seen(TURNED, 0.8), shape(0.8), 1e-9)
    np.testing.assert_allclose(steadied.rotation, TURNED.rotation, atol=1e-6)
    np.testing.assert_allclose(steadied.translation, TURNED.translation, atol=1e-3)
    np.testing.assert_array_equal(steadied.rotation_covariance, TURNED.rotation_covariance)


def test_the_first_expression_is_the_usual_one_whatever_it_is() -> None:
    steadied, doubt = SteadyFace(leakage()).steadied(TURNED, shape(3.0), 0.0)
    np.testing.assert_array_equal(steadied.rotation, TURNED.rotation)
    assert doubt is None


def test_an_expression_that_is_held_becomes_the_usual_one() -> None:
    face = SteadyFace(leakage())
    face.steadied(TURNED, shape(0.0), 0.0)
    for _ in range(6000):
        steadied, _ = face.steadied(seen(TURNED, 0.5), shape(0.5), 1 / 20)
    assert error_deg(steadied, Rotation.from_matrix(seen(TURNED, 0.5).rotation)) < 0.05


def test_what_is_left_is_doubted_in_proportion_and_for_a_while() -> None:
    face = SteadyFace(leakage(doubt=0.5))
    face.steadied(TURNED, shape(0.0), 0.0)
    _, half = face.steadied(seen(TURNED, 0.5), shape(0.5), 1e-9)
    _, whole = face.steadied(seen(TURNED, 1.0), shape(1.0), 1e-9)
    assert half is not None and whole is not None
    np.testing.assert_allclose(whole.deviation, 2 * half.deviation, rtol=1e-3)
    # Half of three degrees about each axis of the head, half of 5 % along the line of sight.
    np.testing.assert_allclose(whole.deviation, [0.5 * PITCH_RAD] * 3 + [0.5 * NEARER], rtol=1e-3)
    _, later = face.steadied(TURNED, shape(0.0), 0.3)
    assert later is not None
    np.testing.assert_allclose(later.deviation, np.exp(-1) * whole.deviation, rtol=0.01)
    for _ in range(60):
        _, later = face.steadied(TURNED, shape(0.0), 1 / RATE_HZ)
    assert later is None


def test_a_bias_turns_about_the_heads_axes_and_moves_along_the_line_of_sight() -> None:
    deviation = np.array([0.01, 0.02, 0.03, 0.04])
    changes = Bias(deviation, np.ones(4)).on(TURNED)
    for axis in range(3):
        turn = np.zeros(3)
        turn[axis] = deviation[axis]
        turned = TURNED.rotation @ Rotation.from_rotvec(turn).as_matrix()
        expected = Rotation.from_matrix(turned @ TURNED.rotation.T).as_rotvec()
        np.testing.assert_allclose(changes[:, axis], [*expected, 0, 0, 0], atol=1e-9)
    np.testing.assert_allclose(changes[:, 3], [0, 0, 0, *(0.04 * TURNED.translation)])


def test_what_is_left_is_the_same_while_an_expression_stays_and_another_of_another() -> None:
    face = SteadyFace(leakage(doubt=1.0))
    face.steadied(TURNED, shape(0.0), 0.0)
    kept = [face.steadied(TURNED, shape(jaw), 1e-9)[1] for jaw in (0.6, 0.6, 0.7, 1.2, 0.3)]
    first, same, near, far, farther = (float(bias.kept[0]) for bias in kept if bias is not None)
    assert first == pytest.approx(0.0, abs=1e-3)  # a resting face has no such error, so it has nothing to keep
    assert same == pytest.approx(1.0, abs=1e-3)
    assert 0.95 < near < 1
    assert near > far > farther
    assert farther < 0.4


def test_what_is_linear_in_the_expression_is_kept_as_it_grows_and_no_face_has_one_of_nothing() -> None:
    face = SteadyFace(leakage(doubt=1e-6, differ=1.0))
    face.steadied(TURNED, shape(0.0), 0.0)
    kept = [face.steadied(TURNED, shape(jaw), 1e-9)[1] for jaw in (0.2, 0.5, 1.1, 0.3)]
    assert all(bias is not None and bias.kept[0] == pytest.approx(1.0, abs=1e-3) for bias in kept[1:])
    for bias, jaw in zip(kept, (0.2, 0.5, 1.1, 0.3), strict=True):
        assert bias is not None
        assert bias.deviation[0] == pytest.approx(jaw * PITCH_RAD, rel=1e-3)


def test_what_is_left_of_small_expressions_may_be_more_than_in_proportion() -> None:
    known = leakage(doubt=0.5)
    doubts = []
    for levels_off in (np.inf, 0.5):
        face = SteadyFace(replace(known, levels_off=levels_off))
        face.steadied(TURNED, shape(0.0), 0.0)
        biases = [face.steadied(TURNED, shape(jaw), 1e-9)[1] for jaw in (0.1, 1.0, 1.9)]
        doubts.append([bias.deviation[0] for bias in biases if bias is not None])
    proportion, levelling = doubts
    assert levelling[1] == pytest.approx(proportion[1], rel=1e-6)  # of usual size
    assert levelling[0] > 2 * proportion[0]
    assert levelling[1] < levelling[2] < 1.1 * levelling[1]


def test_a_change_that_a_turn_explains_is_hardly_taken_for_an_expression() -> None:
    nods = replace(TURNED, rotation=TURNED.rotation @ Rotation.from_rotvec([0.5, 0, 0]).as_matrix())
    corrections = []
    for turning in (0.0, 4.0):
        face = SteadyFace(leakage(turning=turning))
        face.steadied(TURNED, shape(0.0), 0.0)
        steadied, _ = face.steadied(nods, shape(1.0), 1e-9)
        corrections.append(error_deg(steadied, Rotation.from_matrix(nods.rotation)))
    assert corrections[0] == pytest.approx(3.0, abs=1e-3)
    # Of a weight of 1: half is the turn's (variance 4 x 0.5 squared, as much as the expressions').
    assert corrections[1] == pytest.approx(1.5, rel=0.05)


def test_shape_weights_of_a_face_that_is_turned_far_are_not_believed() -> None:
    profile = pose(Rotation.from_euler("y", 80, degrees=True))
    face = SteadyFace(leakage())
    face.steadied(profile, shape(0.0), 0.0)
    steadied, doubt = face.steadied(profile, shape(1.0), 1 / RATE_HZ)
    assert steadied is profile
    assert doubt is None


def test_shape_weights_of_a_face_that_is_being_hidden_are_hardly_believed() -> None:
    face, doubtful = SteadyFace(leakage()), seen(TURNED, 1.0)
    face.steadied(TURNED, shape(0.0), 0.0)
    doubtful = replace(doubtful, rotation_covariance=9 * TURNED.rotation_covariance)
    steadied, _ = face.steadied(doubtful, shape(1.0), 1e-9)
    assert error_deg(steadied, Rotation.from_matrix(doubtful.rotation)) < 0.1 * 3.0


def test_no_expression_turns_a_head_far() -> None:
    face = SteadyFace(leakage())
    face.steadied(TURNED, shape(0.0), 0.0)
    steadied, doubt = face.steadied(TURNED, shape(100.0), 1 / RATE_HZ)
    assert 1 < error_deg(steadied, Rotation.from_matrix(TURNED.rotation)) <= 5.001
    assert doubt is not None
    assert np.all(np.isfinite(doubt.deviation)) and np.all(np.isfinite(doubt.kept))


@pytest.mark.parametrize("bad", [None, np.full(50, np.nan, np.float32), np.full(50, np.inf, np.float32)])
def test_a_shape_that_says_nothing_changes_nothing_and_leaves_no_trace(bad: np.ndarray | None) -> None:
    face, plain = SteadyFace(leakage()), SteadyFace(leakage())
    for each in (face, plain):
        each.steadied(TURNED, shape(0.0), 0.0)
    assert face.steadied(TURNED, bad, 0.5) == (TURNED, None)
    spoilt = replace(TURNED, translation=np.array([np.nan, 0, 600]))
    assert face.steadied(spoilt, shape(1.0), 0.5)[0] is spoilt
    after, expected = (each.steadied(TURNED, shape(0.4), 1 / RATE_HZ)[0] for each in (face, plain))
    np.testing.assert_array_equal(after.rotation, expected.rotation)


def filtered(
    turn_deg: np.ndarray, jaw: np.ndarray, *, steady: bool, known: Leakage | None = None, axis: str = "y"
) -> np.ndarray:
    """Angles about y and x, degrees (n, 2), of a head whose jaw leaks twice as much as is known."""
    rng, tracked, angles = np.random.default_rng(0), PoseFilter(), []
    face = SteadyFace(leakage(doubt=1.0) if known is None else known)
    for index, (turn, opened) in enumerate(zip(turn_deg, jaw, strict=True)):
        truth = trembling(Rotation.from_euler(axis, turn, degrees=True), (0, 0, 600), rng, claim=10.0)
        measured, step_s = seen(truth, opened, share=2.0), 1 / RATE_HZ if index else 0.0
        tracked.predict(step_s)
        if steady:
            face.measure(tracked, measured, shape(opened), step_s)
        else:
            tracked.update(measured)
        angles.append(Rotation.from_matrix(tracked.pose.rotation).as_rotvec(degrees=True)[1::-1])
    return np.array(angles)


def test_a_speaking_head_that_rests_hardly_moves() -> None:
    times = np.arange(150) / RATE_HZ
    jaw = 0.5 * np.maximum(np.sin(2 * np.pi * 2.5 * times), 0) * (times > 1)
    plain, steady = (filtered(np.zeros(150), jaw, steady=each)[:, 1] for each in (False, True))
    assert np.abs(plain[30:]).max() > 2.5
    assert np.abs(steady[30:]).max() < 1.0


def test_a_speaking_head_that_turns_quickly_is_followed_within_a_frame() -> None:
    times = np.arange(120) / RATE_HZ
    jaw = 0.5 * np.maximum(np.sin(2 * np.pi * 2.5 * times), 0)
    progress = np.clip((times - 2) / 0.2, 0, 1)
    turn = 25 * (10 * progress**3 - 15 * progress**4 + 6 * progress**5)
    late = np.abs(filtered(turn, jaw, steady=True)[:, 0] - turn)
    assert late.max() < np.diff(turn).max()  # of a frame
    assert late[70:].mean() < 1.0


def test_what_an_expression_does_to_this_face_is_learnt_while_its_head_rests() -> None:
    times = np.arange(240) / RATE_HZ
    smile = 0.7 * np.clip((np.sin(np.pi * times) - 0.6) / 0.3, 0, 1) * (times > 3)  # held for a while, again and again
    learns, does_not = leakage(doubt=0.1, differ=1.0), leakage(doubt=0.1)
    pitch, without = (np.abs(filtered(0 * times, smile, steady=True, known=k)[30:, 1]) for k in (learns, does_not))
    assert without.max() > 1.5
    assert pitch.max() < 0.4


def test_a_turn_of_a_still_face_is_not_taken_for_an_expression() -> None:
    times = np.arange(120) / RATE_HZ
    nod = 3 * np.sin(np.pi * times) * (times > 1)
    follows = filtered(nod, np.zeros(120), steady=True, known=leakage(doubt=0.5, differ=1.0), axis="x")[:, 1]
    plain = filtered(nod, np.zeros(120), steady=False, axis="x")[:, 1]
    np.testing.assert_array_equal(follows, plain)


def test_a_head_that_smiles_and_begins_to_nod_is_followed_within_two_frames() -> None:
    times = np.arange(180) / RATE_HZ
    smile = 0.7 * np.clip((times - 1) / 0.3, 0, 1)
    nod = 8 * np.sin(np.pi * np.maximum(times - 3, 0))
    nodding = filtered(nod, smile, steady=True, known=leakage(doubt=0.3, differ=1.0), axis="x")[:, 1]
    resting = filtered(0 * nod, smile, steady=True, known=leakage(doubt=0.3, differ=1.0))[:, 1]
    late = np.abs(nodding - resting - nod)
    assert late[90:].max() < nod[92] < 1.7  # of 8 degrees
    assert late[93:].mean() < 0.6


def test_what_was_learnt_of_one_expression_is_not_believed_of_others() -> None:
    known = leakage(doubt=0.1, differ=1.0)
    two = Leakage(
        np.eye(50)[:, [JAW, JAW + 1]],
        np.zeros(2),
        np.vstack([known.effect, 0 * known.effect]),
        known.spread * np.eye(2),
        known.remainder,
    )
    face, pose_filter, rng = SteadyFace(two), PoseFilter(), np.random.default_rng(0)

    def measure(weights: np.ndarray, jaw: float, step_s: float) -> float:
        truth = trembling(Rotation.identity(), (0, 0, 600), rng, claim=10.0)
        pose_filter.predict(step_s)
        face.measure(pose_filter, seen(truth, jaw, share=2.0), weights, step_s)
        return error_deg(pose_filter.pose, Rotation.identity())

    errors = [measure(shape(0.7 * (index >= 300)), 0.7 * (index >= 300), 1 / RATE_HZ) for index in range(330)]
    assert max(errors[300:]) < 0.5  # of 2.1 that the jaw does beyond what is known
    other = shape(0.0)
    other[JAW + 1] += 0.7  # does nothing
    assert max(measure(other, 0.0, 1 / RATE_HZ) for _ in range(30)) < 0.7


def test_a_whole_track_is_steadied_as_frame_by_frame() -> None:
    times = [0.0, 0.1, 0.2, 0.3]
    poses: list[HeadPose | None] = [TURNED, seen(TURNED, 0.5), None, seen(TURNED, 0.2)]
    shapes = [shape(0.0), shape(0.5), None, shape(0.2)]
    steadied, doubts = steadied_track(times, poses, shapes, leakage())
    assert steadied[2] is None
    assert doubts[0] is None and doubts[1] is not None
    face = SteadyFace(leakage())
    for step_s, measured, weights, expected in zip([0.0, 0.1, 0.1, 0.1], poses, shapes, steadied, strict=True):
        if measured is not None and expected is not None:
            np.testing.assert_array_equal(face.steadied(measured, weights, step_s)[0].rotation, expected.rotation)


def test_what_was_measured_is_kept_for_the_weights_it_was_measured_of(tmp_path: Path) -> None:
    file = tmp_path / "expression.json"
    write_leakage(leakage(), file=file)
    known = load_leakage(file=file)
    assert known is not None
    for name, array in vars(leakage()).items():
        np.testing.assert_allclose(getattr(known, name), array, rtol=1e-3)


def test_nothing_is_known_of_other_weights(tmp_path: Path) -> None:
    manifest, file = tmp_path / "manifest.json", tmp_path / "expression.json"
    manifest.write_text(MANIFEST.read_text(encoding="utf-8").replace(weights_identity(), "0" * 64), encoding="utf-8")
    write_leakage(leakage(), file=file)
    assert load_leakage(manifest, file) is None
    with pytest.raises(WeightsError):
        load_leakage(tmp_path / "nowhere.json", file)


def test_the_file_that_comes_with_the_program_is_one() -> None:
    manifest_of_any_weights = load_leakage()
    if manifest_of_any_weights is not None:
        count = len(manifest_of_any_weights.effect)
        assert manifest_of_any_weights.directions.shape == (50, count)
        assert manifest_of_any_weights.turning.shape == (count,)
        assert manifest_of_any_weights.effect.shape == (count, 4)
        assert manifest_of_any_weights.spread.shape == (4, count, count)
        assert np.all(np.linalg.eigvalsh(manifest_of_any_weights.spread) > 0)
        assert manifest_of_any_weights.remainder.shape == (4,)

"""The fit of what expressions do, on people whose expressions do something known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.expression_pictures import CHECKED, FITTED, read_pictures
from benchmarks.expressions import PARTS, Part, error_of, fit, fit_directions, leaks, report
from fpn.head import FACE_CENTER_MM
from fpn.pose import HeadPose
from fpn.rotations import rotation_from_angles

EFFECT = np.zeros((50, 4))
EFFECT[30], EFFECT[31] = (0.05, 0.0, 0.0, -0.03), (0.0, 0.02, 0.0, 0.0)


def people(count: int, noise: float, differ: float = 0.0) -> list[Part]:
    """Errors that follow `EFFECT`, each person's own constant one, and noise, a share of the first.

    Faces that move change two shape weights, heads that turn change the others. `differ`: standard deviation, over the
    effect of the first weight on the pitch, of what people have of their own in it.
    """
    rng = np.random.default_rng(0)
    parts = []
    for person in range(count):
        own = EFFECT.copy()
        own[30, 0] += 0.05 * differ * rng.normal()
        for name in ("face", "turn"):
            shapes = (0.01 if name == "face" else 0.06) * rng.normal(size=(6, 50))
            moving = [30, 31] if name == "face" else [0, 1, 2, 3]
            shapes[:, moving] = rng.normal(size=(6, len(moving)))
            errors = shapes @ own + rng.normal(size=4) + noise * 0.05 * rng.normal(size=(6, 4))
            parts.append(Part(person, name, shapes, errors))
    return parts


def test_the_effect_is_found_whatever_the_constant_errors_of_people() -> None:
    found = fit(people(60, noise=0.0))
    np.testing.assert_allclose((found.directions @ found.effect)[30:32], EFFECT[30:32], atol=0.002)


def test_the_directions_are_those_of_faces_that_move() -> None:
    parts = people(60, noise=0.1)
    directions, of_a_radian = fit_directions(parts)
    assert directions.shape == (50, 2)
    moving, turning = (
        np.concatenate([part.centred[0] for part in parts if part.name == name]) @ directions for name in PARTS
    )
    np.testing.assert_allclose(moving.T @ moving / len(moving), np.eye(2), atol=1e-9)
    assert turning.std() < 0.1
    # The heads turn by up to 25, 14 and 10 degrees to either side.
    rms = np.radians(np.sqrt((25**2 + 14**2 + 10**2) / 3))
    np.testing.assert_allclose(of_a_radian * rms**2, (turning**2).mean(0), rtol=1e-6)


def test_a_direction_that_only_far_turns_drown_is_found() -> None:
    rng = np.random.default_rng(2)
    eyes, parts = 40, people(60, noise=0.1)
    for part in parts:  # eyes that close change a weight by less than a head that turns far, but more than one a third
        part.shapes[:, eyes] = (0.6 if part.name == "face" else 1.0) * rng.normal(size=6)
    directions, of_a_radian = fit_directions(parts)
    assert directions.shape == (50, 3)
    closing = np.argmax(np.abs(directions[eyes]))
    assert 0.6 * np.sqrt(5 / 6) * abs(directions[eyes, closing]) > 0.9  # of a variance of 1
    assert of_a_radian[closing] > 20 * np.delete(of_a_radian, closing).max()


def test_there_is_always_a_direction_and_never_more_than_the_tracker_has_time_for() -> None:
    parts = people(60, noise=0.1)
    rng = np.random.default_rng(1)
    everywhere = [
        Part(part.person, part.name, rng.normal(size=(6, 50)) * (1.0 if part.name == "face" else 0.3), part.errors)
        for part in parts
    ]
    assert fit_directions(everywhere)[0].shape == (50, 8)
    nowhere = [Part(part.person, part.name, part.shapes * (part.name == "turn"), part.errors) for part in parts]
    assert fit_directions(nowhere)[0].shape == (50, 1)


@pytest.mark.parametrize("differ", [0.3, 1.0])
def test_how_much_people_differ_is_told_from_what_is_left(differ: float) -> None:
    found = fit(people(400, noise=0.1, differ=differ))
    pitch = np.sqrt(np.trace(found.spread[0]))
    assert pitch == pytest.approx(0.05 * differ * np.sqrt(5 / 6), rel=0.15)  # of six expressions without their mean
    assert np.sqrt(np.trace(found.spread[1])) < 0.3 * pitch
    np.testing.assert_allclose(found.remainder, 0.1 * 0.05, rtol=0.15)


def test_what_is_left_with_an_effect_is_told_in_degrees_and_per_cent() -> None:
    parts = people(60, noise=0.0)
    before = leaks(parts, "face", np.zeros((50, 4)))
    assert before[0] == pytest.approx(np.degrees(0.05) * np.sqrt(5 / 6), rel=0.1)
    assert before[3] == pytest.approx(3.0 * np.sqrt(5 / 6), rel=0.1)
    np.testing.assert_allclose(leaks(parts, "face", EFFECT), 0, atol=1e-9)


def test_the_error_is_a_turn_in_the_heads_frame_and_a_ratio_of_distances() -> None:
    truth, place = rotation_from_angles(30.0, -10.0, 5.0), np.array([50.0, -20.0, 700.0])
    turned = truth @ rotation_from_angles(0.0, -2.0, 0.0)
    center = 1.1 * (place + truth @ FACE_CENTER_MM)
    seen = HeadPose(turned, center - turned @ FACE_CENTER_MM, np.eye(3), np.eye(3))
    np.testing.assert_allclose(error_of(seen, truth, place), [np.radians(2.0), 0, 0, np.log(1.1)], atol=1e-9)


def test_the_report_has_a_line_for_faces_and_one_for_heads(capsys: pytest.CaptureFixture[str]) -> None:
    parts = people(30, noise=0.2)
    report(parts, fit(parts))
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["face", "turn"]
    assert all(line.count("->") == 4 for line in lines[1:])


def test_people_of_the_fit_are_not_those_of_the_check() -> None:
    assert not set(FITTED) & set(CHECKED)


def test_pictures_that_were_never_drawn_are_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_pictures(tmp_path)

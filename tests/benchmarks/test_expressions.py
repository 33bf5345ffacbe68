"""The fit of what expressions do, on people whose expressions do something known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.expression_pictures import CHECKED, FITTED, read_pictures
from benchmarks.expressions import Part, error_of, fit, leaks, report
from fpn.head import FACE_CENTER_MM
from fpn.pose import HeadPose
from fpn.rotations import rotation_from_angles

EFFECT = np.zeros((50, 4))
EFFECT[30], EFFECT[31] = (0.05, 0.0, 0.0, -0.03), (0.0, 0.02, 0.0, 0.0)


def people(count: int, noise: float) -> list[Part]:
    """Errors that follow `EFFECT`, each person's own constant one, and noise, a share of the first."""
    rng = np.random.default_rng(0)
    parts = []
    for person in range(count):
        for name in ("face", "turn"):
            shapes = rng.normal(size=(6, 50)) * (1.0 if name == "face" else 0.3)
            errors = shapes @ EFFECT + rng.normal(size=4) + noise * 0.05 * rng.normal(size=(6, 4))
            parts.append(Part(person, name, shapes, errors))
    return parts


def test_the_effect_is_found_whatever_the_constant_errors_of_people() -> None:
    np.testing.assert_allclose(fit(people(60, noise=0.0)).effect, EFFECT, atol=0.002)


def test_the_doubt_is_what_is_left_of_what_is_taken_back() -> None:
    exact, noisy = fit(people(60, noise=0.05)), fit(people(60, noise=0.5))
    assert np.all(exact.doubt < 0.2)
    # Noise of 0.025 on each, over turns of about 0.054 and logarithms of about 0.03.
    np.testing.assert_allclose(noisy.doubt, [0.46, 0.46, 0.46, 0.83], rtol=0.25)


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

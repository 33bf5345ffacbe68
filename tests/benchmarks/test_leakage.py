"""What expressions leak, on people whose heads turn by a known angle with them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from benchmarks.expression_clips import PEOPLE, SECONDS, _motion
from benchmarks.leakage import changes_deg, leakage_deg, moving, report
from benchmarks.motion_clips import Clip
from benchmarks.tracked import Tracked, causal
from fpn.pose import HeadPose

TIMES = np.arange(279) / 30
POSED = Rotation.from_euler("yxz", [20, -10, 5], degrees=True)


def person(leak_deg: float, offset_deg: float = 1.0) -> Tracked:
    """A still head, seen turned by a constant angle, and by another while it smiles."""
    smiles = (SECONDS["smile"][0] <= TIMES) & (SECONDS["smile"][1] > TIMES)
    seen = POSED * Rotation.from_euler("x", offset_deg + leak_deg * smiles, degrees=True)
    place, spread = np.array([0.0, 0.0, 600.0]), np.eye(3) * np.radians(2.0) ** 2
    poses: list[HeadPose | None] = [HeadPose(R, place, spread, np.eye(3)) for R in seen.as_matrix()]
    truth = Clip("person", None, TIMES, np.tile(POSED.as_matrix(), (279, 1, 1)), np.tile(place, (279, 1)))  # type: ignore[arg-type]
    return Tracked(truth, poses, [None] * 279)


def test_a_constant_error_is_no_change() -> None:
    assert changes_deg(causal("off"), person(0.0, offset_deg=4.0)).max() < 1e-6


def test_the_largest_change_is_that_of_the_expression_that_makes_it() -> None:
    found = leakage_deg(causal("off"), [person(1.5), person(0.5)])
    np.testing.assert_allclose(found["smile"], [1.5, 0.5], atol=1e-6)
    for name in ("blink", "speak", "brows", "frown"):
        np.testing.assert_allclose(found[name], 0, atol=1e-6)


def test_errors_of_a_moving_head_are_those_of_its_face_and_raw_poses_are_not_late() -> None:
    found = moving(causal("off"), [person(1.5)], 6.0, 0.5)
    share = np.mean((TIMES[90:] >= SECONDS["smile"][0]) & (TIMES[90:] < SECONDS["smile"][1]))
    assert found.rms_deg == pytest.approx(1.5 * np.sqrt(share), rel=0.02)
    assert found.largest_deg == pytest.approx(1.5, abs=1e-6)
    assert abs(moving(causal("off"), [person(0.0)], 6.0, 0.5).lag_frames) < 0.02


def test_the_report_has_a_line_for_every_expression(capsys: pytest.CaptureFixture[str]) -> None:
    report([person(1.5)], {"off": causal("off")})
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[2:7]] == list(SECONDS)
    assert lines[4].split()[1:] == ["1.50", "(1.50)"]


@pytest.mark.parametrize("number", range(len(PEOPLE)))
def test_people_rest_at_first_and_then_show_one_expression_after_the_other(number: int) -> None:
    motion = _motion(np.random.default_rng(number))
    assert not any(motion.expression(t)[name] for t in np.arange(0, 1.1, 0.1) for name in motion.expression(0.0))
    for name, shape in {"blink": "eyeBlink_L", "speak": "jawOpen", "smile": "mouthSmile_R", "brows": "browOuterUp_L",
                        "frown": "mouthFrown_L"}.items():  # fmt: skip
        begin, end = SECONDS[name]
        shown = [motion.expression(float(t)).get(shape, 0.0) for t in np.arange(begin, end, 0.02)]
        assert 0.15 < max(shown) <= 1.0
        assert all(0 <= strength <= 1 for t in TIMES for strength in motion.expression(float(t)).values())
    assert motion.seconds == pytest.approx(max(end for _, end in SECONDS.values()))

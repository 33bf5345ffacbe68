import numpy as np
import pytest
from scipy import stats
from scipy.spatial.transform import Rotation

from fpn.metrics import angle_errors_deg, bootstrap_mean, bootstrap_median, without_constant_rotation
from fpn.rotations import geodesic_deg, rotation_from_angles


def test_bootstrap_interval_agrees_with_the_normal_one_for_many_values():
    values = np.random.default_rng(0).normal(5, 2, 2000)
    interval = bootstrap_mean(values)
    low, high = stats.norm.interval(0.95, values.mean(), values.std() / np.sqrt(2000))
    assert interval.low == pytest.approx(low, abs=0.02)
    assert interval.high == pytest.approx(high, abs=0.02)
    assert interval.value == pytest.approx(values.mean())


def test_the_median_ignores_a_wild_value_and_its_interval_is_the_order_statistics():
    values = np.concatenate([np.random.default_rng(1).normal(5, 2, 999), [1e6]])
    interval = bootstrap_median(values)
    assert interval.value == np.median(values)
    # The number of values below the median is binomial, which gives an interval between two of the sorted values.
    low, high = np.sort(values)[stats.binom.ppf([0.025, 0.975], 1000, 0.5).astype(int)]
    assert interval.low == pytest.approx(low, abs=0.05)
    assert interval.high == pytest.approx(high, abs=0.05)


def test_no_values_are_refused():
    with pytest.raises(ValueError, match="no values"):
        bootstrap_mean([])


def test_angle_errors_wrap():
    estimated = rotation_from_angles([10], [0], [179])
    truth = rotation_from_angles([8], [1], [-179])
    np.testing.assert_allclose(angle_errors_deg(estimated, truth), [[2, 1, 2]], atol=1e-9)


def test_a_constant_rotation_is_removed_entirely_and_nothing_else():
    rng = np.random.default_rng(4)
    truth = Rotation.random(40, random_state=5).as_matrix()
    offset = rotation_from_angles(3, -6, 2)
    np.testing.assert_allclose(geodesic_deg(without_constant_rotation(truth @ offset, truth), truth), 0, atol=1e-4)
    noise = Rotation.from_rotvec(rng.normal(0, 0.05, (40, 3))).as_matrix()
    left = geodesic_deg(without_constant_rotation(truth @ offset @ noise, truth), truth)
    assert left.mean() == pytest.approx(geodesic_deg(noise, np.eye(3)).mean(), rel=0.1)

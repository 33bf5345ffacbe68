import numpy as np
import pytest

pytest.importorskip("numba")
pytest.importorskip("tensorflow")

from fpn.network import build_network
from training.average import average, renew_statistics


@pytest.fixture(scope="module")
def model():
    return build_network("fused-xs", 64)


def test_the_mean_of_two_states_lies_midway(model, tmp_path):
    rng = np.random.default_rng(0)
    states = [[rng.uniform(0.1, 1, weight.shape).astype(np.float32) for weight in model.get_weights()] for _ in (0, 1)]
    files = [tmp_path / f"{number}.weights.h5" for number in (0, 1)]
    for file, state in zip(files, states, strict=True):
        model.set_weights(state)
        model.save_weights(file)
    average(model, files)
    for mean, one, other in zip(model.get_weights(), *states, strict=True):
        np.testing.assert_allclose(mean, (one + other) / 2, rtol=1e-5)


def test_renewed_statistics_are_those_of_the_crops_and_nothing_else_changes(model):
    model.set_weights([np.random.default_rng(1).normal(0, 0.1, weight.shape) for weight in model.get_weights()])
    norm = next(layer for layer in model.layers if "normalization" in layer.name)
    norm.moving_variance.assign(np.full(norm.moving_variance.shape, 50.0, np.float32))
    learnt = [np.array(variable) for variable in model.trainable_variables]
    crops = np.random.default_rng(2).integers(0, 256, (4, 64, 64, 1), np.uint8)
    renew_statistics(model, [crops] * 120)
    for before, after in zip(learnt, model.trainable_variables, strict=True):
        np.testing.assert_array_equal(before, np.array(after))
    settled = np.array(norm.moving_variance)
    renew_statistics(model, [crops] * 10)
    np.testing.assert_allclose(np.array(norm.moving_variance), settled, rtol=0.02, atol=1e-6)
    assert (settled < 45).all()

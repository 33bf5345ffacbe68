"""Steps of the optimiser: equal singular values for kernels, AdamW for the rest."""

import keras
import numpy as np
import pytest

from training.optimizer import Muon, orthogonalised


@pytest.mark.parametrize("shape", [(40, 40), (120, 24), (24, 120)])
def test_a_matrix_of_uneven_strengths_comes_out_with_even_ones_and_the_same_directions(shape):
    rng = np.random.default_rng(0)
    u, _, vt = np.linalg.svd(rng.standard_normal(shape), full_matrices=False)
    strengths = np.geomspace(1, 0.05, min(shape))
    result = np.asarray(orthogonalised(((u * strengths) @ vt).astype(np.float32)))
    along = u.T @ result @ vt.T
    assert np.abs(along - np.diag(np.diag(along))).max() < 0.05
    assert np.diag(along).min() > 0.6
    assert np.diag(along).max() < 1.3


def _layer_after_one_step(layer, entering, optimizer):
    layer.build(entering.shape)
    before = layer.get_weights()
    gradients = [np.random.default_rng(i).standard_normal(w.shape).astype(np.float32) for i, w in enumerate(before)]
    optimizer.apply(gradients, layer.trainable_variables)
    return before, layer.get_weights(), gradients


def test_a_convolution_kernel_takes_a_step_of_even_singular_values():
    layer = keras.layers.Conv2D(32, 3, use_bias=False)
    optimizer = Muon(1e-3, weight_decay=0.0, ratio=10.0)
    before, after, gradients = _layer_after_one_step(layer, np.zeros((1, 8, 8, 16), np.float32), optimizer)
    step = (before[0] - after[0]).reshape(-1, 32)
    values = np.linalg.svd(step, compute_uv=False)
    length = 1e-3 * 10 * np.sqrt(16 * 9 / 32)
    assert values.min() > 0.6 * length
    assert values.max() < 1.3 * length
    assert (step * gradients[0].reshape(-1, 32)).sum() > 0  # downhill


def test_everything_else_steps_as_adamw_does():
    for layer, shape in (
        (keras.layers.Dense(5), (1, 7)),
        (keras.layers.DepthwiseConv2D(3), (1, 8, 8, 12)),
        (keras.layers.Conv2D(8, 3), (1, 8, 8, 1)),
    ):
        keras.utils.set_random_seed(3)
        ours = _layer_after_one_step(layer, np.zeros(shape, np.float32), Muon(1e-3, weight_decay=0.01))
        twin = type(layer).from_config(layer.get_config())
        twin.build(shape)
        twin.set_weights(ours[0])
        keras.optimizers.AdamW(1e-3, weight_decay=0.01).apply(ours[2], twin.trainable_variables)
        for value, wanted in zip(ours[1], twin.get_weights(), strict=True):
            np.testing.assert_allclose(value, wanted, atol=1e-6)

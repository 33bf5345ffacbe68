import json

import numpy as np
import pytest
import tensorflow as tf

from fpn.network import build_network
from training.widen import main, widened


@pytest.fixture(scope="module")
def narrow():
    """fused-xs at 64 pixels whose every weight is random, normalisation included: fresh ones hide mistakes."""
    model = build_network("fused-xs", 64)
    rng = np.random.default_rng(0)
    # Normalisation stays positive; small steps keep activations off their ceiling.
    model.set_weights(
        [weight + rng.uniform(0 if weight.ndim == 1 else -0.05, 0.05, weight.shape) for weight in model.get_weights()]
    )
    return model


def test_a_widened_network_computes_what_the_narrow_one_does(narrow):
    crops = np.random.default_rng(1).uniform(0, 255, (3, 64, 64, 1)).astype(np.float32)
    wide = widened(narrow, "fused-xs", "fused-w", 64)
    assert wide.count_params() > 1.5 * narrow.count_params()
    wanted = narrow(crops).numpy()
    np.testing.assert_allclose(wide(crops).numpy(), wanted, atol=1e-4 * np.abs(wanted).max())


def test_nothing_listens_to_new_channels_yet_but_all_learn_from_the_first_step(narrow):
    wide = widened(narrow, "fused-xs", "fused-w", 64)
    into_head = [layer for layer in wide.layers if layer.name.startswith("conv2d")][-1].kernel
    assert not into_head.numpy()[..., 96:, :].any()
    crops = np.random.default_rng(2).uniform(0, 255, (4, 64, 64, 1)).astype(np.float32)
    with tf.GradientTape() as tape:
        cost = tf.reduce_sum(wide(crops) ** 2)
    steps = np.abs(tape.gradient(cost, into_head.value).numpy()[0, 0])
    assert (steps[96:].max(axis=1) > 0).all()


def test_for_smaller_crops_each_place_weighs_as_the_places_it_covers_did(narrow):
    pooling = [layer for layer in narrow.layers if layer.name.startswith("depthwise")][-1].get_weights()[0]
    other = widened(narrow, "fused-xs", "fused-xs", 48)
    resampled = [layer for layer in other.layers if layer.name.startswith("depthwise")][-1].get_weights()[0]
    assert pooling.shape[:2] == (4, 4) and resampled.shape[:2] == (3, 3)
    # On a line of four places of side 3 and three of side 4, the first covers one and a third of them.
    share = np.array([[3, 1, 0, 0], [0, 2, 2, 0], [0, 0, 1, 3]]) / 3
    wanted = np.einsum("ai,bj,ijkl->abkl", share, share, pooling)
    np.testing.assert_allclose(resampled, wanted, atol=1e-5)


def test_a_narrower_backbone_is_refused(narrow):
    with pytest.raises(ValueError, match="does not contain"):
        widened(narrow, "fused-w", "fused-xs", 64)


def test_the_command_writes_weights_that_training_can_start_from(tmp_path, narrow, capsys):
    (tmp_path / "plan.json").write_text(json.dumps({"backbone": "fused-xs", "input_size": 64}))
    narrow.save_weights(tmp_path / "ema.weights.h5")
    out = tmp_path / "start" / "wide.weights.h5"
    assert main(["--run", str(tmp_path), "--backbone", "fused-w", "--input-size", "48", "--out", str(out)]) == 0
    wide = build_network("fused-w", 48)
    wide.load_weights(out)
    assert "became" in capsys.readouterr().out

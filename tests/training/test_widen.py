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
    wide = widened(narrow, "fused-xs", "fused-w")
    assert wide.count_params() > 1.5 * narrow.count_params()
    wanted = narrow(crops).numpy()
    np.testing.assert_allclose(wide(crops).numpy(), wanted, atol=1e-4 * np.abs(wanted).max())


def test_nothing_listens_to_new_channels_yet_but_all_learn_from_the_first_step(narrow):
    wide = widened(narrow, "fused-xs", "fused-w")
    into_head = [layer for layer in wide.layers if layer.name.startswith("conv2d")][-1].kernel
    assert not into_head.numpy()[..., 96:, :].any()
    crops = np.random.default_rng(2).uniform(0, 255, (4, 64, 64, 1)).astype(np.float32)
    with tf.GradientTape() as tape:
        cost = tf.reduce_sum(wide(crops) ** 2)
    steps = np.abs(tape.gradient(cost, into_head.value).numpy()[0, 0])
    assert (steps[96:].max(axis=1) > 0).all()


def test_a_narrower_backbone_is_refused(narrow):
    with pytest.raises(ValueError, match="does not contain"):
        widened(narrow, "fused-w", "fused-xs")


def test_the_command_writes_weights_that_training_can_start_from(tmp_path, narrow, capsys):
    (tmp_path / "plan.json").write_text(json.dumps({"backbone": "fused-xs", "input_size": 64}))
    narrow.save_weights(tmp_path / "ema.weights.h5")
    out = tmp_path / "start" / "wide.weights.h5"
    assert main(["--run", str(tmp_path), "--backbone", "fused-w", "--out", str(out)]) == 0
    wide = build_network("fused-w", 64)
    wide.load_weights(out)
    assert "became" in capsys.readouterr().out

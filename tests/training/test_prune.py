import cv2
import numpy as np
import pytest

pytest.importorskip("numba")
pytest.importorskip("tensorflow")

from fpn.network import build_network
from training.prune import pruned, surgeon


def weighted(model):
    return [layer for layer in model.layers if layer.get_weights()]


def silence(wide, narrow):
    """As many channels inside blocks as the narrow network lacks say the same for every picture, not zero.

    Spread among the others, and heard by what follows: only a constant makes up for them.
    """
    rng = np.random.default_rng(3)
    old, new = weighted(wide), weighted(narrow)
    for number, (a, b) in enumerate(zip(old, new, strict=True)):
        count = a.output.shape[-1] - b.output.shape[-1]
        if type(a).__name__ != "Conv2D" or not count:
            continue
        dead = rng.choice(a.output.shape[-1], count, replace=False)
        kernel = a.get_weights()[0]
        kernel[..., dead] = 0
        a.set_weights([kernel])
        last = old[number + 1]
        if type(old[number + 2]).__name__ == "DepthwiseConv2D" and old[number + 2].kernel.shape[0] == 3:
            gamma, beta, mean, variance = last.get_weights()
            beta[dead] = -9.0  # zero to the very border of the picture, which a constant would not be
            last.set_weights([gamma, beta, np.zeros_like(mean), variance])
            last = old[number + 3]
        gamma, beta, mean, variance = last.get_weights()
        beta[dead], mean[dead] = 1.0, 0.0
        last.set_weights([gamma, beta, mean, variance])


def test_channels_that_say_nothing_of_the_picture_go_and_the_outputs_stay():
    wide, narrow = build_network("fused-w", 64), build_network("fused-n", 64)
    rng = np.random.default_rng(0)
    wide.set_weights(
        [weight + rng.uniform(0 if weight.ndim == 1 else -0.05, 0.05, weight.shape) for weight in wide.get_weights()]
    )
    silence(wide, narrow)
    crops = np.stack([cv2.resize(rng.uniform(0, 255, (8, 8)), (64, 64)) for _ in range(644)])[..., None]
    left = pruned(wide, "fused-n", [crops[:320].astype(np.uint8), crops[320:640].astype(np.uint8)])
    assert left.count_params() == narrow.count_params() < 0.8 * wide.count_params()
    unseen = crops[640:].astype(np.float32)
    wanted = wide(unseen).numpy()
    assert np.abs(left(unseen).numpy() - wanted).max() < 0.02 * wanted.std()


def test_the_surgeon_takes_the_input_that_a_search_by_least_squares_misses_least():
    rng = np.random.default_rng(1)
    inputs = rng.normal(size=(4000, 9)) @ rng.normal(size=(9, 9))
    inputs -= inputs.mean(axis=0)
    kernel = rng.normal(size=(9, 4)) * [1, 10, 0.1, 1]
    outputs = inputs @ kernel
    scaled = outputs / outputs.std(axis=0)

    def missed(without):
        rest = np.delete(inputs, without, axis=1)
        return ((rest @ np.linalg.lstsq(rest, scaled, rcond=None)[0] - scaled) ** 2).sum()

    kept, rebuilt = surgeon(inputs.T @ inputs / len(inputs), kernel, 8)
    least = min(range(9), key=missed)
    assert sorted(kept) == [number for number in range(9) if number != least]
    wanted = np.linalg.lstsq(inputs[:, kept], outputs, rcond=None)[0]
    np.testing.assert_allclose(rebuilt, wanted, atol=1e-2 * np.abs(wanted).max())


@pytest.mark.parametrize("backbone", ["fused-xs", "mobilenet-v2"])
def test_a_backbone_that_differs_in_more_than_channels_inside_blocks_is_refused(backbone):
    crops = np.random.default_rng(2).integers(0, 256, (2, 64, 64, 1), np.uint8)
    with pytest.raises(ValueError, match="prune"):
        pruned(build_network("fused-w", 64), backbone, [crops])

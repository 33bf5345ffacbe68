from itertools import pairwise

import numpy as np
import pytest

from fpn.engine import LiteRtEngine, TensorFlowEngine, open_engine
from fpn.network import BACKBONES, OUTPUT_SIZE, OUTPUTS, build_network
from models import DeviceError, WeightsError, load_pose_weights


@pytest.fixture(scope="module")
def weights():
    return load_pose_weights()


@pytest.fixture(scope="module")
def crops(weights):
    rng = np.random.default_rng(3)
    size = weights.input_size
    smooth = rng.integers(0, 256, (5, 8, 8), np.uint8)
    return np.stack([np.kron(picture, np.ones((size // 8, size // 8), np.uint8)) for picture in smooth])


def test_both_engines_give_the_same_numbers(weights, crops):
    on_cpu = LiteRtEngine(weights.litert).run(crops)
    compiled = TensorFlowEngine(weights, require_gpu=False).run(crops)
    np.testing.assert_allclose(on_cpu, compiled, atol=0.02)


def test_a_batch_gives_what_its_crops_give_alone(weights, crops):
    engine = LiteRtEngine(weights.litert)
    together = engine.run(crops)
    alone = np.concatenate([engine.run(crops[i : i + 1]) for i in range(len(crops))])
    assert together.shape == (5, OUTPUT_SIZE)
    assert together.dtype == np.float32
    np.testing.assert_allclose(together, alone, atol=1e-3)


def test_an_empty_batch_is_allowed(weights, crops):
    assert LiteRtEngine(weights.litert).run(crops[:0]).shape == (0, OUTPUT_SIZE)


def test_exposure_and_contrast_hardly_matter(weights, crops):
    engine = LiteRtEngine(weights.litert)
    dimmed = (crops * 0.5 + 40).astype(np.uint8)
    difference = np.abs(engine.run(crops) - engine.run(dimmed))[:, OUTPUTS["rotation"]]
    assert difference.max() < 0.25


def test_asking_for_a_gpu_that_is_not_there_says_so(weights):
    tf = pytest.importorskip("tensorflow")
    if tf.config.list_physical_devices("GPU"):
        pytest.skip("this machine has a GPU")
    with pytest.raises(DeviceError, match="--device cpu"):
        open_engine("gpu", weights)


def test_a_file_that_is_no_model_is_an_error(tmp_path):
    broken = tmp_path / "pose.tflite"
    broken.write_bytes(b"not a model")
    with pytest.raises(WeightsError, match="not a LiteRT model"):
        LiteRtEngine(broken)


def test_outputs_are_laid_out_without_gaps():
    places = sorted((part.start, part.stop) for part in OUTPUTS.values())
    assert places[0][0] == 0
    assert places[-1][1] == OUTPUT_SIZE
    assert all(one[1] == two[0] for one, two in pairwise(places))


@pytest.mark.parametrize("name", BACKBONES)
def test_every_backbone_can_be_built_within_the_budget(name):
    network = build_network(name)
    assert network.output_shape == (None, OUTPUT_SIZE)
    assert network.count_params() * 4 < 10e6

import numpy as np
import pytest

from fpn.facepose_net import build_facepose_net, pose_from_outputs


@pytest.fixture(scope="module")
def network():
    return build_facepose_net()


def test_it_has_the_published_size(network):
    assert network.count_params() == 56_892_806
    assert network.input_shape == (None, 227, 227, 3)


def test_layers_shrink_as_alexnets_do(network):
    shapes = {layer.name: tuple(layer.output.shape[1:]) for layer in network.layers if layer.name.startswith("conv")}
    assert shapes["conv1"] == (55, 55, 96)
    assert shapes["conv2_0"] == (27, 27, 128)
    assert shapes["conv3"] == (13, 13, 384)
    assert shapes["conv5_1"] == (13, 13, 128)


def test_a_crop_gives_six_finite_numbers(network):
    crop = np.random.default_rng(0).uniform(-1, 1, (2, 227, 227, 3)).astype(np.float32)
    outputs = np.asarray(network(crop, training=False))
    assert outputs.shape == (2, 6)
    assert np.isfinite(outputs).all()


def test_outputs_are_unnormalised_into_a_rotation_vector_and_a_translation():
    mean, deviation = np.array([0, 0.1, 0, 0, 0, 3000.0]), np.array([0.2, 0.5, 0.2, 10, 10, 500.0])
    rotation, translation = pose_from_outputs([[0, (np.pi / 2 - 0.1) / 0.5, 0, 1, -1, 2]], mean, deviation)
    np.testing.assert_allclose(rotation[0], [[0, 0, 1], [0, 1, 0], [-1, 0, 0]], atol=1e-12)
    np.testing.assert_allclose(translation[0], [10, -10, 4000])

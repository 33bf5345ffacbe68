"""Comparing networks: arithmetic counted, errors on kept-back photographs."""

import keras
import numpy as np
import pytest

pytest.importorskip("numba")

from fpn.network import OUTPUT_SIZE, OUTPUTS
from fpn.rotations import rotation_from_angles
from training.compare import multiply_adds, score
from training.picture_set import REAL, TURNED
from training.turning import PICTURE_SIZE


def test_multiplications_of_a_network_counted_by_hand():
    entering = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(5, 3, strides=2, padding="same", use_bias=False)(entering)
    x = keras.layers.DepthwiseConv2D(3, padding="same")(x)
    x = keras.layers.Dense(7)(keras.layers.Flatten()(x))
    by_hand = 4 * 4 * 5 * (3 * 3 * 3) + 4 * 4 * 5 * (3 * 3) + 4 * 4 * 5 * 7
    assert multiply_adds(keras.Model(entering, x)) == by_hand


class Frontal:
    """Stands for a network that takes every face to look straight ahead."""

    input_shape = (None, 96, 96, 1)

    def predict(self, crops, batch_size, verbose):
        out = np.zeros((len(crops), OUTPUT_SIZE), np.float32)
        out[:, OUTPUTS["rotation"]] = [1, 0, 0, 0, 1, 0]
        return out


class Set:
    """Kept back: one real picture at yaw 10, turned ones at 20 and 80. Not kept back: one at 60."""

    yaw = np.array([10.0, 20.0, -80.0, 60.0])
    rotations = rotation_from_angles(yaw, np.zeros(4), np.zeros(4)).astype(np.float32)
    landmarks = np.zeros((4, 68, 3), np.float32)
    kind = np.array([REAL, TURNED, TURNED, TURNED])
    kept_back = np.array([True, True, True, False])

    def picture(self, number):
        return np.zeros((PICTURE_SIZE, PICTURE_SIZE), np.uint8)


def test_errors_are_those_of_kept_back_photographs_by_kind():
    found = score(Frontal(), Set())
    assert (found.real, found.turned, found.far) == pytest.approx((10, 50, 80), abs=1e-3)

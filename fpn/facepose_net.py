"""FacePoseNet as published (Chang et al. 2017, "FacePoseNet: Making a Case for Landmark-Free Face Alignment").

The reference, for people with weights of their own: AlexNet (Krizhevsky et al. 2012) on a 227x227 colour crop with six
z-normalised numbers out, a rotation vector and a translation in a pinhole camera of its own. The program's default is
the small network in `fpn.network`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

if TYPE_CHECKING:
    import keras

INPUT_SIZE = 227
OUTPUT_SIZE = 6
CROP_CAMERA = np.array([[2880.0, 0.0, 112.0], [0.0, 2880.0, 112.0], [0.0, 0.0, 1.0]])
"""Intrinsics that the published pose is relative to, for a crop of 224 pixels."""

_NORMALISATION_REACH = 5  # channels, AlexNet's local response normalisation
_NORMALISATION_ALPHA = 2e-5
_NORMALISATION_BETA = 0.75


def build_facepose_net() -> keras.Model:
    """AlexNet with grouped convolutions, (N, 227, 227, 3) to (N, 6) float32: 56.9 million parameters."""
    import keras
    from keras import layers

    pixels = keras.Input((INPUT_SIZE, INPUT_SIZE, 3), name="crop")
    x = layers.Conv2D(96, 11, strides=4, activation="relu", name="conv1")(pixels)
    x = layers.MaxPooling2D(3, 2)(_normalise(x))
    x = _grouped(x, 256, 5, "conv2")
    x = layers.MaxPooling2D(3, 2)(_normalise(x))
    x = layers.Conv2D(384, 3, padding="same", activation="relu", name="conv3")(x)
    x = _grouped(x, 384, 3, "conv4")
    x = _grouped(x, 256, 3, "conv5")
    x = layers.Flatten()(layers.MaxPooling2D(3, 2)(x))
    x = layers.Dropout(0.5)(layers.Dense(4096, activation="relu", name="fc6")(x))
    x = layers.Dropout(0.5)(layers.Dense(4096, activation="relu", name="fc7")(x))
    return keras.Model(pixels, layers.Dense(OUTPUT_SIZE, name="pose")(x), name="facepose_net")


def pose_from_outputs(
    outputs: npt.ArrayLike, mean: npt.ArrayLike, deviation: npt.ArrayLike
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Rotations (N, 3, 3) and translations (N, 3) in `CROP_CAMERA`. outputs: (N, 6); mean, deviation: (6,)."""
    labels = np.asarray(outputs, np.float64) * np.asarray(deviation, np.float64) + np.asarray(mean, np.float64)
    return Rotation.from_rotvec(labels[:, :3]).as_matrix(), labels[:, 3:]


def _grouped(x: Any, channels: int, size: int, name: str) -> Any:
    """A convolution in two groups, written as two because not every back end has grouped ones on the CPU."""
    from keras import layers, ops

    halves = ops.split(x, 2, axis=-1)
    convolved = [
        layers.Conv2D(channels // 2, size, padding="same", activation="relu", name=f"{name}_{number}")(half)
        for number, half in enumerate(halves)
    ]
    return layers.Concatenate()(convolved)


def _normalise(x: Any) -> Any:
    """Local response normalisation over neighbouring channels (Krizhevsky et al. 2012, section 3.3)."""
    from keras import ops

    channels = x.shape[-1]
    reach = _NORMALISATION_REACH // 2
    number = np.arange(channels)
    neighbours = (np.abs(number[:, None] - number[None]) <= reach).astype(np.float32)
    energy = ops.matmul(ops.square(x), neighbours)
    return x / ops.power(1.0 + _NORMALISATION_ALPHA * energy, _NORMALISATION_BETA)

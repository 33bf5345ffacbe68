"""The pose network: a small convolutional backbone and one vector of outputs, in backend-neutral Keras 3.

Input: (N, 112, 112, 1), grey levels 0..255 (any numeric dtype). Output: (N, OUTPUT_SIZE) float32; `OUTPUTS` names its
parts. The network sees the crop as a far camera looking straight at it would: the rotation is relative to the line of
sight through the face centre.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import keras

INPUT_SIZE = 112

LOG_MIDDLE, LOG_REACH = 2.5, 4.5
"""Logs of inverse deviations are squashed to LOG_MIDDLE +- LOG_REACH: 0.001 to 7 radians or crop sides."""

IDENTITY_COUNT = 30
EXPRESSION_COUNT = 20

OUTPUTS: dict[str, slice] = {}
"""Where each quantity stands in the output vector.

rotation (6): first two columns of R before orthonormalisation (Zhou et al. 2019).
center (2): face centre, x and y from the crop's middle, in crop sides.
log_side (1): log of the network's region side over the crop's side.
presence (1): logit of a face being there.
rotation_scale (6): inverse Cholesky factor of the covariance of the rotation vector (see `fpn.pose.HeadPose`), in the
    crop's frame: logs of its diagonal (3), squashed by `bounded_logs`, and the numbers below it (3), row by row.
position_scale (3): logs of the inverse standard deviations of center x, y and log_side, squashed likewise.
shape (50): weights of the face model's identity (30) and expression (20) components.
"""
_sizes = {
    "rotation": 6,
    "center": 2,
    "log_side": 1,
    "presence": 1,
    "rotation_scale": 6,
    "position_scale": 3,
    "shape": IDENTITY_COUNT + EXPRESSION_COUNT,
}
_start = 0
for _name, _size in _sizes.items():
    OUTPUTS[_name] = slice(_start, _start + _size)
    _start += _size
OUTPUT_SIZE = _start


def bounded_logs(raw: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Logs of inverse standard deviations from raw outputs, kept smoothly within -2..7 (as in the training loss)."""
    return LOG_MIDDLE + LOG_REACH * np.tanh((raw - LOG_MIDDLE) / LOG_REACH)


@dataclass(frozen=True)
class Stage:
    """Blocks of one resolution: `fused` ones expand with a full 3x3 convolution, others with 1x1 and depthwise 3x3."""

    fused: bool
    expansion: int
    channels: int
    blocks: int
    stride: int


@dataclass(frozen=True)
class Backbone:
    """A named architecture: stem channels at half resolution, stages, channels before pooling."""

    stem: int
    stages: tuple[Stage, ...]
    head: int


BACKBONES: dict[str, Backbone] = {
    "fused-xs": Backbone(
        16,
        (
            Stage(True, 3, 24, 1, 2),
            Stage(True, 3, 40, 2, 2),
            Stage(False, 4, 80, 3, 2),
            Stage(False, 5, 96, 2, 1),
        ),
        512,
    ),
    # Fused early stages (Tan and Le 2021, EfficientNetV2): more arithmetic than depthwise blocks but faster on CPUs,
    # which are short of memory bandwidth, not of multipliers.
    "fused-s": Backbone(
        16,
        (
            Stage(True, 1, 16, 1, 1),
            Stage(True, 4, 32, 2, 2),
            Stage(True, 4, 48, 2, 2),
            Stage(False, 4, 96, 3, 2),
            Stage(False, 6, 112, 3, 1),
        ),
        512,
    ),
    # fused-xs with room to learn more: contains it, so that it can be grown from it (`training.widen`).
    "fused-w": Backbone(
        16,
        (
            Stage(True, 4, 32, 1, 2),
            Stage(True, 4, 48, 2, 2),
            Stage(False, 4, 96, 3, 2),
            Stage(False, 6, 112, 3, 1),
        ),
        512,
    ),
    # fused-w with fewer channels inside its blocks, for half a millisecond: pruned from it (`training.prune`).
    "fused-n": Backbone(
        16,
        (
            Stage(True, 3, 32, 1, 2),
            Stage(True, 3, 48, 1, 2),
            Stage(True, 2, 48, 1, 1),
            Stage(False, 4, 96, 3, 2),
            Stage(False, 4, 112, 3, 1),
        ),
        384,
    ),
    "fused-m": Backbone(
        24,
        (
            Stage(True, 1, 24, 2, 1),
            Stage(True, 4, 40, 3, 2),
            Stage(True, 4, 56, 3, 2),
            Stage(False, 4, 112, 4, 2),
            Stage(False, 6, 136, 4, 1),
        ),
        640,
    ),
    # Sandler et al. 2018, MobileNetV2, width 1.
    "mobilenet-v2": Backbone(
        32,
        (
            Stage(False, 1, 16, 1, 1),
            Stage(False, 6, 24, 2, 2),
            Stage(False, 6, 32, 3, 2),
            Stage(False, 6, 64, 4, 2),
            Stage(False, 6, 96, 3, 1),
            Stage(False, 6, 160, 3, 2),
            Stage(False, 6, 320, 1, 1),
        ),
        1280,
    ),
}


def build_network(backbone: str = "fused-s", input_size: int = INPUT_SIZE) -> keras.Model:
    """The network by name of its backbone, with fresh weights. Raises KeyError for an unknown name."""
    import keras

    plan = BACKBONES[backbone]
    pixels = keras.Input((input_size, input_size, 1), name="crop")
    # The root lifts shadows and flattens highlights, which tell of light, not of pose (Tan and Triggs 2010, "Enhanced
    # local texture feature sets for face recognition under difficult lighting conditions"). Levels stay 0 to 255.
    levels = keras.ops.sqrt(255.0 * pixels)
    # Each crop's own contrast: exposure and gain of the camera leave the network's sight here.
    mean = keras.ops.mean(levels, axis=(1, 2), keepdims=True)
    centred = levels - mean
    deviation = keras.ops.sqrt(keras.ops.mean(keras.ops.square(centred), axis=(1, 2), keepdims=True))
    x = centred / (deviation + 4.0)
    x = _convolve(x, plan.stem, 3, 2)
    for stage in plan.stages:
        for number in range(stage.blocks):
            x = _block(x, stage, stage.stride if number == 0 else 1)
    x = _convolve(x, plan.head, 1, 1)
    # Where a feature lies matters to a pose: each channel has a weight for every place instead of a plain average
    # (Chen et al. 2018, MobileFaceNets: "global depthwise convolution").
    places = x.shape[1]
    x = keras.layers.DepthwiseConv2D(
        places, use_bias=False, depthwise_initializer=keras.initializers.Constant(1 / places**2)
    )(x)
    x = keras.layers.Flatten()(x)
    outputs = keras.layers.Dense(OUTPUT_SIZE, dtype="float32", name="outputs")(x)
    return keras.Model(pixels, outputs, name=f"fpn_{backbone.replace('-', '_')}")


def _convolve(x: Any, channels: int, size: int, stride: int, activate: bool = True) -> Any:
    from keras import layers

    x = layers.Conv2D(channels, size, strides=stride, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.9, epsilon=1e-3)(x)
    return layers.ReLU(6.0)(x) if activate else x


def _block(x: Any, stage: Stage, stride: int) -> Any:
    from keras import layers

    entering = x
    width = x.shape[-1] * stage.expansion
    if stage.fused:
        if stage.expansion == 1:
            x = _convolve(x, stage.channels, 3, stride)
        else:
            x = _convolve(x, width, 3, stride)
            x = _convolve(x, stage.channels, 1, 1, activate=False)
    else:
        if stage.expansion != 1:
            x = _convolve(x, width, 1, 1)
        x = layers.DepthwiseConv2D(3, strides=stride, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization(momentum=0.9, epsilon=1e-3)(x)
        x = layers.ReLU(6.0)(x)
        x = _convolve(x, stage.channels, 1, 1, activate=False)
    if stride == 1 and entering.shape[-1] == stage.channels:
        x = layers.Add()([entering, x])
    return x

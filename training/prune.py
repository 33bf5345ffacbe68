"""A narrower network that starts almost where a trained one stands: `python -m training prune`.

Blocks widen, look, and narrow again. Of the channels inside them those go that the linear layer after misses least,
and what it misses the others make up for: least squares over the activations of training crops, channel by channel
(optimal brain surgeon, Hassibi and Stork 1993, eq. 5, applied to the layer's outputs instead of the loss, as in He et
al. 2017, "Channel pruning for accelerating very deep neural networks"). What passes between blocks keeps its width.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from fpn.network import BACKBONES, build_network
from training.dataset import PictureSet, batch
from training.finished_run import read_run

CROPS = 4096
"""Looked at by default: a few hundred thousand places of each layer."""

_RIDGE = 1e-5  # of the mean variance: channels that go always together have no unique share in a sum

Array = npt.NDArray[np.float64]


def pruned(wide: Any, backbone: str, batches: Iterable[npt.NDArray[np.uint8]]) -> Any:
    """A network of `backbone` that computes nearly what `wide` does on `batches` of crops (n, size, size, 1).

    Raises ValueError if it differs from `wide` in anything but fewer channels inside its blocks, or before its outputs.
    """
    narrow = build_network(backbone, wide.input_shape[1])
    old, new = ([layer for layer in model.layers if layer.get_weights()] for model in (wide, narrow))
    if [type(layer) for layer in old] != [type(layer) for layer in new]:
        raise ValueError(f"{backbone} has other layers than the network to prune")
    weights = [layer.get_weights() for layer in old]
    # Layers that are to hear fewer channels, and to say as many things as before.
    hearers = [n for n, (a, b) in enumerate(zip(old, new, strict=True)) if _mixes(a) and _heard(a) > _heard(b)]
    for number, (mean, covariance) in zip(
        hearers, _moments([old[number] for number in hearers], wide, batches), strict=True
    ):
        kernel = weights[number][0]
        if kernel.ndim == 4 and kernel.shape[:2] != (1, 1):
            raise ValueError(f"{backbone} passes fewer channels from block to block than the network to prune")
        flat = kernel.reshape(-1, kernel.shape[-1]).astype(np.float64)
        kept, rebuilt = surgeon(covariance, flat, _heard(new[number]))
        weights[number][0] = rebuilt.reshape(*kernel.shape[:-2], len(kept), -1)
        _add(weights[number], weights[number + 1 :], mean @ flat - mean[kept] @ rebuilt)
        _keep(old, weights, number, kept)
    try:
        for layer, values in zip(new, weights, strict=True):
            layer.set_weights([value.astype(np.float32) for value in values])
    except ValueError as error:
        raise ValueError(f"{backbone} is not the network to prune with fewer channels inside its blocks") from error
    return narrow


def surgeon(covariance: Array, kernel: Array, count: int) -> tuple[npt.NDArray[np.intp], Array]:
    """Which `count` of n inputs to keep, and the kernel (count, m) that does with them what (n, m) did with all.

    covariance (n, n): of the inputs. One by one the input goes whose loss, made up for by the others, changes the
    squared outputs least, each output in units of its own deviation.
    """
    size = len(covariance)
    deviation = np.sqrt(np.maximum(np.einsum("im,ij,jm->m", kernel, covariance, kernel), 1e-12))
    inverse = np.linalg.inv(covariance + _RIDGE * np.trace(covariance) / size * np.eye(size))
    mixed, left = kernel / deviation, np.arange(size)
    while len(left) > count:
        least = int(np.argmin((mixed**2).sum(axis=1) / np.diag(inverse)))
        column, pivot = inverse[:, least], inverse[least, least]
        mixed = np.delete(mixed - np.outer(column / pivot, mixed[least]), least, axis=0)
        inverse = inverse - np.outer(column, column) / pivot
        inverse = np.delete(np.delete(inverse, least, axis=0), least, axis=1)
        left = np.delete(left, least)
    return left, mixed * deviation


def _mixes(layer: Any) -> bool:
    """Whether it hears every channel at once (a convolution or the dense layer)."""
    return isinstance(layer, keras.layers.Dense) or type(layer) is keras.layers.Conv2D


def _heard(layer: Any) -> int:
    return int(layer.kernel.shape[-2])


def _moments(layers: list[Any], model: Any, batches: Iterable[npt.NDArray[np.uint8]]) -> Iterable[tuple[Array, Array]]:
    """Mean (n,) and covariance (n, n) of what each layer hears."""
    probe = keras.Model(model.input, [layer.input for layer in layers])
    counts = [0.0] * len(layers)
    sums = [np.zeros(_heard(layer)) for layer in layers]
    squares = [np.zeros((_heard(layer),) * 2) for layer in layers]
    for crops in batches:
        heard = probe(crops.astype(np.float32), training=False)
        for number, values in enumerate(heard if len(layers) > 1 else [heard]):
            flat = keras.ops.convert_to_numpy(values).reshape(-1, len(sums[number])).astype(np.float64)
            counts[number] += len(flat)
            sums[number] += flat.sum(axis=0)
            squares[number] += flat.T @ flat
    for count, total, square in zip(counts, sums, squares, strict=True):
        mean = total / count
        yield mean, square / count - np.outer(mean, mean)


def _add(layer: list[Any], after: list[list[Any]], constant: Array) -> None:
    """Add a constant to what a layer says: to its bias, or through the normalisation after it."""
    if len(layer) == 2:
        layer[1] = layer[1] + constant
    else:
        after[0][2] = after[0][2] - constant  # the moving mean


def _keep(layers: list[Any], weights: list[list[Any]], number: int, kept: npt.NDArray[np.intp]) -> None:
    """Take from the layers before one of them, back to that which makes its channels, all but these."""
    while True:
        number -= 1
        made = _mixes(layers[number])
        depthwise = weights[number][0].ndim == 4 and not made
        weights[number] = [each[..., kept, :] if depthwise else each[..., kept] for each in weights[number]]
        if made:
            return


def main(argv: list[str] | None = None) -> int:
    """Prune the weights of a finished run, by its own pictures."""
    parser = argparse.ArgumentParser(prog="python -m training prune", description=__doc__)
    parser.add_argument("--run", type=Path, required=True, help="folder of a training run (plan.json, ema.weights.h5)")
    parser.add_argument("--backbone", required=True, choices=BACKBONES, help="the narrower one")
    parser.add_argument("--crops", type=int, default=CROPS, help="how many to look at (default: %(default)s)")
    parser.add_argument("--out", type=Path, required=True, help="file to write, NAME.weights.h5, for train --start")
    options = parser.parse_args(argv)
    wide, plan = read_run(options.run)
    pictures = PictureSet.open([Path(path) for path in plan["sets"]])
    rng = np.random.default_rng(plan["seed"])
    batches = (batch(rng, pictures, 64, plan["input_size"])[0] for _ in range(max(1, options.crops // 64)))
    try:
        narrow = pruned(wide, options.backbone, batches)
    except ValueError as error:
        parser.error(str(error))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    narrow.save_weights(options.out)
    print(f"{options.out}: {wide.count_params():,} weights became {narrow.count_params():,}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""A wider network, or one for other crops, that starts where a trained one stands: `python -m training widen`.

Net2Net (Chen et al. 2016) grows a trained network without changing what it computes. Here the old channels keep their
weights and do not listen to the new ones, new channels start fresh, and nothing listens to them yet; further blocks of
a stage start as identities. So nothing learnt is lost, and every new weight has a gradient from the first step.

For another size of the crop only the pooling changes, which has a weight for every place: its weights are resampled.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from fpn.network import BACKBONES, build_network
from training.finished_run import read_run

Weights = list[npt.NDArray[np.float32]]


def widened(narrow: Any, narrow_backbone: str, backbone: str, input_size: int) -> Any:
    """A network of `backbone` that computes what `narrow` (of `narrow_backbone`) does; for crops of another size than
    its own, nearly.

    Raises ValueError if a stage of it is narrower, shorter or of another kind.
    """
    _check(narrow_backbone, backbone)
    wide = build_network(backbone, input_size)
    old = dict(zip(_places(narrow_backbone), _weighted(narrow), strict=True))
    for place, layer in zip(_places(backbone), _weighted(wide), strict=True):
        fresh = layer.get_weights()
        if place[2] == "pooling":
            layer.set_weights([_padded(fresh[0], _resampled(old[place].get_weights()[0], len(fresh[0])))])
        elif place in old:
            layer.set_weights([_padded(new, kept) for new, kept in zip(fresh, old[place].get_weights(), strict=True)])
        elif place[2] == "last norm":  # of a further block: it adds nothing to begin with
            layer.set_weights([np.zeros_like(fresh[0]), *fresh[1:]])
    return wide


def _check(narrow: str, wide: str) -> None:
    stages = list(zip(BACKBONES[narrow].stages, BACKBONES[wide].stages, strict=False))
    fits = len(BACKBONES[narrow].stages) == len(BACKBONES[wide].stages) and all(
        a.fused == b.fused
        and a.stride == b.stride
        and a.expansion <= b.expansion
        and a.channels <= b.channels
        and a.blocks <= b.blocks
        and min(a.expansion, b.expansion) > 1
        for a, b in stages
    )
    if not fits or BACKBONES[narrow].stem > BACKBONES[wide].stem or BACKBONES[narrow].head > BACKBONES[wide].head:
        raise ValueError(f"{wide} does not contain {narrow}: every stage must be as wide, as long and of the same kind")


def _places(backbone: str) -> Iterator[tuple[int, int, str]]:
    """Stage, block and part of every layer that has weights, in the order in which they are applied."""
    plan = BACKBONES[backbone]
    yield from ((-1, 0, "stem"), (-1, 0, "stem norm"))
    for number, stage in enumerate(plan.stages):
        for block in range(stage.blocks):
            yield from ((number, block, part) for part in ("widen", "widen norm"))
            if not stage.fused:
                yield from ((number, block, part) for part in ("depthwise", "depthwise norm"))
            yield from ((number, block, part) for part in ("last", "last norm"))
    yield from ((-2, 0, part) for part in ("head", "head norm", "pooling", "outputs"))


def _weighted(model: Any) -> Iterator[Any]:
    return (layer for layer in model.layers if layer.get_weights())


def _resampled(pooling: npt.NDArray[np.float32], places: int) -> npt.NDArray[np.float32]:
    """Weights (places, places, channels, 1) from those for another number of places; each channel keeps their sum."""
    if len(pooling) == places:
        return pooling
    channels = np.moveaxis(pooling[..., 0], -1, 0)
    # Far finer first, so that each new place gets the mean of what it covers.
    fine = [np.kron(channel, np.ones((places, places), np.float32)) for channel in channels]
    covered = [cv2.resize(channel, (places, places), interpolation=cv2.INTER_AREA) for channel in fine]
    return np.moveaxis(np.stack(covered), 0, -1)[..., None] * np.float32((len(pooling) / places) ** 2)


def _padded(new: npt.NDArray[np.float32], old: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """`new` with `old` in its first places; what led from new channels to old ones is zero."""
    padded = new.copy()
    if old.ndim > 1 and old.shape[-1] > 1:  # kernels of convolutions and of the dense layer: (..., in, out)
        padded[..., : old.shape[-1]] = 0
    padded[tuple(slice(0, count) for count in old.shape)] = old
    return padded


def main(argv: list[str] | None = None) -> int:
    """Widen the weights of a finished run."""
    parser = argparse.ArgumentParser(prog="python -m training widen", description=__doc__)
    parser.add_argument("--run", type=Path, required=True, help="folder of a training run (plan.json, ema.weights.h5)")
    parser.add_argument("--backbone", required=True, choices=BACKBONES, help="the wider one, or the same")
    parser.add_argument("--input-size", type=int, help="side of its crops in pixels (default: as before)")
    parser.add_argument("--out", type=Path, required=True, help="file to write, NAME.weights.h5, for train --start")
    options = parser.parse_args(argv)
    narrow, plan = read_run(options.run)
    try:
        wide = widened(narrow, plan["backbone"], options.backbone, options.input_size or plan["input_size"])
    except ValueError as error:
        parser.error(str(error))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    wide.save_weights(options.out)
    print(f"{options.out}: {narrow.count_params():,} weights became {wide.count_params():,}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

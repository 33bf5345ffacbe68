"""The mean of several states of a training run: `python -m training average`.

States from which training went on at a high rate each err in their own way; their mean lies in the middle of where they
wander and errs less on pictures unlike those learned from (Izmailov et al. 2018, "Averaging weights leads to wider
optima and better generalization"). Statistics of the normalisation are taken anew of it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from fpn.network import build_network
from training.dataset import PictureSet, batch
from training.finished_run import read_plan

BATCHES = 200
"""From which the statistics of the normalisation are taken: a few of them would leave the mean's noise in its place."""


def average(model: Any, files: Sequence[Path]) -> None:
    """Set `model` to the mean of the weights in `files`."""
    total: list[npt.NDArray[np.float64]] = []
    for file in files:
        model.load_weights(file)
        weights = [weight.astype(np.float64) for weight in model.get_weights()]
        total = [a + b for a, b in zip(total, weights, strict=True)] if total else weights
    model.set_weights([weight / len(files) for weight in total])


def renew_statistics(model: Any, batches: Iterable[npt.NDArray[np.uint8]]) -> None:
    """Set the statistics of the normalisation to their mean over `batches` of crops (n, size, size, 1)."""
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    momenta = [norm.momentum for norm in norms]
    for number, crops in enumerate(batches):
        for norm in norms:
            norm.momentum = number / (number + 1)
        model(crops.astype(np.float32), training=True)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum


def main(argv: list[str] | None = None) -> int:
    """Write the mean as a run of its own, for `export`."""
    parser = argparse.ArgumentParser(prog="python -m training average", description=__doc__)
    parser.add_argument("--run", type=Path, required=True, help="folder of the run (plan.json: network and pictures)")
    parser.add_argument("--weights", type=Path, nargs="+", required=True, help="its states, of train --keep-every")
    parser.add_argument("--out", type=Path, required=True, help="folder to write (plan.json, ema.weights.h5)")
    options = parser.parse_args(argv)
    plan = read_plan(options.run)
    keras.utils.set_random_seed(plan["seed"])
    model = build_network(plan["backbone"], plan["input_size"])
    average(model, options.weights)
    pictures = PictureSet.open([Path(path) for path in plan["sets"]])
    rng = np.random.default_rng(plan["seed"])
    renew_statistics(model, (batch(rng, pictures, plan["batch_size"], plan["input_size"])[0] for _ in range(BATCHES)))
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "plan.json").write_text(json.dumps(plan, indent=1), encoding="utf-8")
    model.save_weights(options.out / "ema.weights.h5")
    print(f"{options.out}: the mean of {len(options.weights)}")
    return 0

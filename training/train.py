"""The training loop: `python -m training train`. Resumes where it stopped; runs on any Keras back end.

The learning rate warms up and falls along a cosine; weights are averaged (exponential moving average) and the averaged
ones are evaluated and kept. Every epoch writes a line to `log.csv` and the present weights to `ema.weights.h5`.
"""

from __future__ import annotations

import argparse
import csv
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
import numpy.typing as npt

from fpn.network import build_network
from training.dataset import TARGETS, PictureSet, batch
from training.evaluate import Validation, load_image_list, rotation_errors
from training.face_basis import face_basis
from training.head_model import load_head_model
from training.losses import PoseLoss
from training.optimizer import Muon

STATISTICS_BATCHES = 30
"""Seen by the normalisation before averaged weights are used; of older ones it keeps 4 %."""


@dataclass(frozen=True)
class Plan:
    """What a run is: kept as plan.json beside its results."""

    backbone: str
    input_size: int
    epochs: int
    steps_per_epoch: int
    batch_size: int
    seed: int
    start_weights: str | None
    sets: tuple[str, ...]
    learning_rate: float = 2e-3
    weight_decay: float = 0.02
    keep_back: bool = False
    ema_momentum: float = 0.998
    keep_every: int | None = None


class Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """Fresh batches; each has its own seed, so that several threads can draw and a run can be repeated."""

    def __init__(self, pictures: PictureSet, plan: Plan, workers: int) -> None:
        super().__init__(workers=workers, use_multiprocessing=False, max_queue_size=8)
        self.pictures, self.plan, self.epoch = pictures, plan, 0

    def __len__(self) -> int:
        return self.plan.steps_per_epoch

    def __getitem__(self, index: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]:
        rng = np.random.default_rng((self.plan.seed, self.epoch, index))
        crops, targets = batch(rng, self.pictures, self.plan.batch_size, self.plan.input_size)
        # In the targets, since a number that a loss keeps for itself is a constant once JAX has compiled it.
        done = self.epoch / self.plan.epochs
        targets[:, TARGETS["likelihood"]] *= min(1.0, max(0.0, 5 * done - 0.5))
        if not self.plan.start_weights:
            # Reading every picture alike satisfies twins, too: they must not be heard before there is a pose.
            targets[:, TARGETS["twin"]] *= min(1.0, max(0.0, 2 * done - 0.5))
        return crops.astype(np.float32), targets


class _Record(keras.callbacks.Callback):  # type: ignore[misc]
    """After each epoch, with averaged weights in place: bring the normalisation's statistics up to them, validate, log,
    keep.
    """

    def __init__(self, folder: Path, validations: list[Validation], data: Batches, plan: Plan) -> None:
        super().__init__()
        self.folder, self.validations, self.data, self.plan = folder, validations, data, plan
        self.started = time.monotonic()

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.data.epoch = epoch

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        row: dict[str, Any] = {
            "epoch": epoch + 1,
            "minutes": round((time.monotonic() - self.started) / 60, 2),
            "loss": round(float((logs or {})["loss"]), 4),
        }
        # The running statistics are those of the weights as they were, not of their average (Izmailov et al. 2018).
        for index in range(STATISTICS_BATCHES):
            self.model(self.data[index][0], training=True)
        for validation in self.validations:
            errors = rotation_errors(self.model, validation)
            row[f"{validation.name}_mean"] = round(float(errors.mean()), 2)
            row[f"{validation.name}_median"] = round(float(np.median(errors)), 2)
        self.model.save_weights(self.folder / "ema.weights.h5")
        if self.plan.keep_every and (epoch + 1) % self.plan.keep_every == 0:
            self.model.save_weights(self.folder / f"epoch-{epoch + 1:03}.weights.h5")
        path = self.folder / "log.csv"
        new = not path.exists()
        with path.open("a", newline="") as file:
            writer = csv.DictWriter(file, row)
            if new:
                writer.writeheader()
            writer.writerow(row)
        print(" ".join(f"{key}={value}" for key, value in row.items()), flush=True)


def train(plan: Plan, folder: Path, basis: tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]],
          validations: list[Validation], workers: int = 1) -> None:  # fmt: skip
    """Run or resume `plan` in `folder`. basis: mean and components of the face model at the 68 landmarks."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "plan.json").write_text(json.dumps(asdict(plan), indent=1))
    keras.utils.set_random_seed(plan.seed)
    model = build_network(plan.backbone, plan.input_size)
    if plan.start_weights:
        model.load_weights(plan.start_weights, skip_mismatch=False)
    steps = plan.epochs * plan.steps_per_epoch
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=plan.learning_rate / 20,
        decay_steps=steps - steps // 25,
        alpha=0.01,
        warmup_target=plan.learning_rate,
        warmup_steps=steps // 25,
    )
    optimizer = Muon(
        schedule, weight_decay=plan.weight_decay, use_ema=True, ema_momentum=plan.ema_momentum, global_clipnorm=5.0
    )
    optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    model.compile(optimizer=optimizer, loss=PoseLoss(*basis))
    data = Batches(PictureSet.open([Path(path) for path in plan.sets], plan.keep_back), plan, workers)
    record = _Record(folder, validations, data, plan)
    model.fit(
        data,
        epochs=plan.epochs,
        verbose=0,
        callbacks=[
            keras.callbacks.BackupAndRestore(folder / "backup", delete_checkpoint=False),
            keras.callbacks.SwapEMAWeights(swap_on_epoch=True),
            record,
        ],
    )


def add_material_options(parser: argparse.ArgumentParser) -> None:
    """Options naming what every training needs: pictures, head, fits, validation images."""
    parser.add_argument("--sets", type=Path, nargs="+", required=True, help="folders of drawn pictures")
    parser.add_argument("--head", type=Path, required=True, help="ict_facekit.npz")
    parser.add_argument("--fits", type=Path, required=True, help="fits.npz of the fit stage")
    parser.add_argument("--dev-val", type=Path, required=True, help="gt.csv of the validation images")


def landmark_basis(head: Path, fits: Path) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Mean (68, 3) and components (50, 68, 3), mm, of the face model at the 68 landmarks, from the files of those
    options.
    """
    model = load_head_model(head)
    basis = face_basis(model, np.load(fits), model.landmarks68)
    return basis.mean, basis.components


def main(argv: list[str] | None = None) -> int:
    """Read the options, start or resume."""
    parser = argparse.ArgumentParser(prog="python -m training train", description=__doc__)
    add_material_options(parser)
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for log and checkpoints; resumes if it has some"
    )
    parser.add_argument("--backbone", default="fused-xs")
    parser.add_argument("--input-size", type=int, default=112)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--steps", type=int, default=250, help="batches an epoch")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--learning-rate", type=float, default=Plan.learning_rate)
    parser.add_argument("--weight-decay", type=float, default=Plan.weight_decay)
    parser.add_argument("--start", type=str, default=None, help="weights to start from")
    parser.add_argument("--keep-every", type=int, metavar="EPOCHS", help="keep such states too, for `average`")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(argv)
    cv2.setNumThreads(1)
    plan = Plan(
        backbone=options.backbone,
        input_size=options.input_size,
        epochs=options.epochs,
        steps_per_epoch=options.steps,
        batch_size=options.batch,
        learning_rate=options.learning_rate,
        weight_decay=options.weight_decay,
        seed=options.seed,
        start_weights=options.start,
        sets=tuple(str(path) for path in options.sets),
        keep_every=options.keep_every,
    )
    validations = [
        load_image_list(options.dev_val, "aflw", "aflw"),
        load_image_list(options.dev_val, "biwi", "biwi"),
    ]
    train(plan, options.out, landmark_basis(options.head, options.fits), validations)
    return 0

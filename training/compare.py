"""Train several backbones and input sizes on one budget and print a table: `python -m training compare`.

Each is trained from nothing on the same number of pictures; every fortieth photograph is kept back from all of them and
scored, drawn clean. A short budget says which network learns fastest, not which would be best in the end.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
import time
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
import numpy.typing as npt

from fpn.network import BACKBONES, OUTPUTS, build_network
from fpn.rotations import angles_from_rotation, geodesic_deg, rotation_from_six
from training.augment import Placement, place
from training.dataset import PictureSet
from training.evaluate import load_image_list, rotation_errors
from training.export_forms import FORMS
from training.picture_set import TURNED
from training.train import Plan, add_material_options, landmark_basis, train

_AS_STORED = Placement(0.0, 1.0, (0.0, 0.0), False)
_FAR_YAW_DEG = 45.0
_SCORED = 4000


@dataclass(frozen=True)
class Score:
    """Mean geodesic errors in degrees on kept-back photographs: as they are, turned, turned beyond 45 degrees yaw."""

    real: float
    turned: float
    far: float


def multiply_adds(model: Any) -> int:
    """Multiplications with addition of one forward pass in convolutions and dense layers."""
    total = 0
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dense):
            total += int(np.prod(layer.kernel.shape))
        elif isinstance(layer, keras.layers.Conv2D | keras.layers.DepthwiseConv2D):
            total += int(np.prod(layer.kernel.shape)) * int(np.prod(layer.output.shape[1:3]))
    return total


def score(model: Any, pictures: PictureSet) -> Score:
    """Errors on kept-back photographs, up to 4,000 pictures, undisturbed."""
    numbers = np.flatnonzero(pictures.kept_back)
    numbers = np.random.default_rng(0).permutation(numbers)[:_SCORED]
    size = model.input_shape[1]
    seen = [
        place(pictures.picture(n), pictures.rotations[n], pictures.landmarks[n], _AS_STORED, size, None)
        for n in numbers
    ]
    out = model.predict(np.stack([each.crop for each in seen])[..., None].astype(np.float32), batch_size=200, verbose=0)
    errors = geodesic_deg(
        rotation_from_six(out[:, OUTPUTS["rotation"]]), np.stack([each.rotation for each in seen]).astype(np.float64)
    )
    turned = pictures.kind[numbers] == TURNED
    far = turned & (np.abs(angles_from_rotation(pictures.rotations[numbers].astype(np.float64))[0]) > _FAR_YAW_DEG)
    return Score(*(float(errors[chosen].mean()) for chosen in (~turned, turned, far)))


def milliseconds(model: Any, repeats: int = 200) -> float:
    """Processor time of one crop through LiteRT on one thread, median; the program itself gives it two."""
    from ai_edge_litert.interpreter import Interpreter

    size = model.input_shape[1]
    crop = np.random.default_rng(0).integers(0, 256, (1, size, size, 1)).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / FORMS["litert"].name
        FORMS["litert"].write(model, path)
        interpreter = Interpreter(model_path=str(path), num_threads=1)
        interpreter.allocate_tensors()
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], crop)
        spent = []
        for _ in range(repeats):
            started = time.thread_time()
            interpreter.invoke()
            spent.append(time.thread_time() - started)
    return 1e3 * float(np.median(spent))


def compare(
    runs: list[Plan], folder: Path, basis: tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]], dev_val: Path
) -> str:
    """Train what is not trained yet, score all, and give the table as Markdown."""
    validation = load_image_list(dev_val, "aflw", "aflw")
    lines = [
        "| backbone, input | parameters | MMAC | ms | training minutes | real | turned | turned beyond 45 | dev_val |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for plan in runs:
        out = folder / f"{plan.backbone}-{plan.input_size}"
        train(plan, out, basis, [validation])
        model = build_network(plan.backbone, plan.input_size)
        model.load_weights(out / "ema.weights.h5")
        scores = score(model, PictureSet.open([Path(path) for path in plan.sets], keep_back=True))
        with (out / "log.csv").open(newline="") as file:
            minutes = [float(row["minutes"]) for row in csv.DictReader(file)][-1]
        lines.append(
            f"| {plan.backbone}, {plan.input_size} | {model.count_params():,} | {multiply_adds(model) / 1e6:.0f} "
            f"| {milliseconds(model):.2f} | {minutes:.1f} | {scores.real:.1f} | {scores.turned:.1f} | {scores.far:.1f} "
            f"| {rotation_errors(model, validation).mean():.1f} |"
        )
        print(lines[-1], flush=True)
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> int:
    """Read the options, train, print the table and keep it as table.md."""
    parser = argparse.ArgumentParser(prog="python -m training compare", description=__doc__)
    add_material_options(parser)
    parser.add_argument("--out", type=Path, required=True, help="folder for the runs; goes on where it stopped")
    parser.add_argument(
        "--backbones", nargs="+", choices=BACKBONES, default=["fused-xs", "fused-w", "fused-s", "mobilenet-v2"]
    )
    parser.add_argument("--sizes", nargs="+", type=int, default=[96, 112])
    parser.add_argument("--steps", type=int, default=600, help="batches of 64 for each")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(argv)
    cv2.setNumThreads(1)
    runs = [
        Plan(
            backbone=backbone,
            input_size=size,
            epochs=4,
            steps_per_epoch=options.steps // 4,
            batch_size=64,
            seed=options.seed,
            start_weights=None,
            sets=tuple(str(path) for path in options.sets),
            keep_back=True,
            ema_momentum=0.99,
        )
        for backbone, size in product(options.backbones, options.sizes)
    ]
    table = compare(runs, options.out, landmark_basis(options.head, options.fits), options.dev_val)
    (options.out / "table.md").write_text(table + "\n")
    return 0

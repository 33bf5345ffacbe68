"""Write the network for this program, or for others: Keras weights, LiteRT, SavedModel, ONNX, checked for parity.

With `--run` and `--version`, trained weights become those of the program: `models/` with its manifest. With `--forms`,
the network is written for use elsewhere (docs/elsewhere.md): that of the program, or of `--run`.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fpn.network import build_network
from models.manifest import MANIFEST, MODELS_FOLDER, load_pose_weights, write_entry
from training.export_forms import FORMS, difference, half_precision, random_crops, rendered_crops
from training.finished_run import read_run

LARGEST_DIFFERENCE = 2e-2
"""Of any output of order one, between Keras and another form; fused arithmetic stays well within."""
LARGEST_TURN_DEG = 0.2
"""The same of a rotation. LiteRT folds normalisation into the weights and rounds them to half precision once more,
which turns noise by up to a tenth of a degree and faces by less; the other forms are exact to a thousandth."""


def trained_network(run: Path) -> tuple[Any, dict[str, Any]]:
    """A training run's averaged weights, rounded to half precision, and its plan."""
    model, plan = read_run(run)
    return half_precision(model), plan


def program_network(manifest: Path | None = None) -> Any:
    """The network whose weights a manifest names (default: the program's own)."""
    weights = load_pose_weights(manifest)
    model = build_network(weights.backbone, weights.input_size)
    model.load_weights(weights.keras)
    return model


def write_form(model: Any, name: str, folder: Path) -> Path:
    """Write one of `FORMS` into a folder and print how far it is from the model.

    Raises ValueError, and leaves nothing behind under the form's name, if it is too far.
    """
    form = FORMS[name]
    size = model.input_shape[1]
    path = folder / form.name
    if path.is_dir():  # a folder is not replaced as a file is
        raise FileExistsError(f"{path}: there already; remove it or name another folder")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        written = Path(temporary) / form.name
        form.write(model, written)
        for kind, crops in (("random", random_crops(size)), ("rendered", rendered_crops(size))):
            found = difference(form, written, model, crops)
            print(f"{name}: largest difference on {kind} crops: {found}")
            if found.output > LARGEST_DIFFERENCE or found.rotation_deg > LARGEST_TURN_DEG:
                raise ValueError(f"{name} differs from the original by {found}; nothing was written")
        written.replace(path)
    return path


def write_for_program(run: Path, version: str, folder: Path) -> None:
    """A run's network as the program's: LiteRT, Keras weights and the manifest's entry, in `folder`."""
    model, plan = trained_network(run)
    litert = write_form(model, "litert", folder)
    keras_file = folder / "pose.weights.h5"
    model.save_weights(keras_file)
    description = {
        "version": version,
        "backbone": plan["backbone"],
        "input_size": plan["input_size"],
        "licence": "MIT",
        "card": "MODEL_CARD.md",
    }
    write_entry("pose", description, {"litert": litert, "keras": keras_file}, folder / MANIFEST.name)


def write_for_others(model: Any, forms: Sequence[str], folder: Path) -> None:
    """The network in several of `FORMS`, in `folder`."""
    for name in forms:
        print(f"wrote {write_form(model, name, folder)}")


def main(argv: list[str] | None = None) -> int:
    """Export for the program, or for others."""
    parser = argparse.ArgumentParser(
        prog="python -m training export", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--run", type=Path, help="folder of a training run (plan.json, ema.weights.h5)")
    parser.add_argument("--version", help="name of the run's weights, for the program's manifest")
    parser.add_argument("--forms", nargs="+", choices=FORMS, help="write these for use elsewhere")
    parser.add_argument("--weights", type=Path, help="manifest of other weights than the program's, for --forms")
    parser.add_argument("--out", type=Path, help="folder to write into (default without --forms: models/)")
    options = parser.parse_args(argv)
    if options.forms:
        if options.out is None or options.version or (options.run and options.weights):
            parser.error("--forms needs --out, takes --run or --weights, and no --version")
        model = trained_network(options.run)[0] if options.run else program_network(options.weights)
        write_for_others(model, options.forms, options.out)
        return 0
    if options.run is None or options.version is None or options.weights:
        parser.error("give --run and --version for the program's weights, or --forms and --out for other programs")
    write_for_program(options.run, options.version, options.out or MODELS_FOLDER)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

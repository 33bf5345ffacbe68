"""Write trained weights to `models/`: Keras weights, LiteRT, and the manifest with their hashes, checked for parity."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from fpn.engine import LiteRtEngine
from fpn.network import build_network
from models.manifest import MANIFEST, MODELS_FOLDER, write_entry

_LARGEST_DIFFERENCE = 2e-2
"""Between Keras and LiteRT on outputs of order one; half-precision weights and fused arithmetic stay well within."""


def main(argv: list[str] | None = None) -> int:
    """Export a training run's averaged weights."""
    import tensorflow as tf

    parser = argparse.ArgumentParser(prog="python -m training export", description=__doc__)
    parser.add_argument("--run", type=Path, required=True, help="folder of a training run (plan.json, ema.weights.h5)")
    parser.add_argument("--version", required=True, help="name of these weights, for the manifest")
    parser.add_argument("--out", type=Path, default=MODELS_FOLDER)
    options = parser.parse_args(argv)
    plan = json.loads((options.run / "plan.json").read_text())
    model = build_network(plan["backbone"], plan["input_size"])
    model.load_weights(options.run / "ema.weights.h5")
    # Both forms carry the same half-precision numbers, so that CPU and GPU agree and the files stay small.
    model.set_weights([np.asarray(value, np.float16).astype(np.float32) for value in model.get_weights()])
    keras_file = options.out / "pose.weights.h5"
    model.save_weights(keras_file)

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]
    litert_file = options.out / "pose.tflite"
    litert_file.write_bytes(converter.convert())

    size = plan["input_size"]
    crops = np.random.default_rng(0).integers(0, 256, (8, size, size), np.uint8)
    wanted = np.asarray(model(crops[..., None].astype(np.float32), training=False))
    difference = np.abs(LiteRtEngine(litert_file).run(crops) - wanted).max()
    print(f"largest difference between Keras and LiteRT: {difference:.2g}")
    if difference > _LARGEST_DIFFERENCE:
        raise ValueError(f"LiteRT differs from Keras by {difference:.3g}; nothing was written to the manifest")
    description = {
        "version": options.version,
        "backbone": plan["backbone"],
        "input_size": size,
        "licence": "MIT",
        "card": "MODEL_CARD.md",
    }
    files = {"litert": litert_file, "keras": keras_file}
    write_entry("pose", description, files, options.out / MANIFEST.name)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

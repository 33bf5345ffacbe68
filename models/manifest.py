"""The manifest of shipped weights: which files belong together, their hashes, what network they are for."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from models.errors import WeightsError

MODELS_FOLDER = Path(__file__).parent
MANIFEST = MODELS_FOLDER / "manifest.json"
_REMEDY = "restore the models folder from the repository, or give your own with --weights"


@dataclass(frozen=True)
class PoseWeights:
    """The pose network's weights, checked.

    litert: the network as a LiteRT flat buffer. keras: the same weights for the Keras architecture `backbone` at
    `input_size` pixels. version, licence: for people; the model card says the rest.
    """

    version: str
    backbone: str
    input_size: int
    litert: Path
    keras: Path
    licence: str


def load_pose_weights(manifest: Path | None = None) -> PoseWeights:
    """Read a manifest (the shipped one by default) and check the hash of every file it names.

    Raises WeightsError if the manifest or a file is missing, unreadable, or not the one the manifest was written for.
    """
    path = MANIFEST if manifest is None else manifest
    try:
        entry = json.loads(path.read_text(encoding="utf-8"))["pose"]
        files = {kind: path.parent / entry["files"][kind]["name"] for kind in ("litert", "keras")}
        wanted = {kind: str(entry["files"][kind]["sha256"]) for kind in files}
        weights = PoseWeights(
            version=str(entry["version"]),
            backbone=str(entry["backbone"]),
            input_size=int(entry["input_size"]),
            litert=files["litert"],
            keras=files["keras"],
            licence=str(entry["licence"]),
        )
    except FileNotFoundError as error:
        raise WeightsError(f"{path}: no such manifest; {_REMEDY}") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"{path}: not a manifest of weights ({error!r}); {_REMEDY}") from error
    for kind, file in files.items():
        try:
            found = hashlib.sha256(file.read_bytes()).hexdigest()
        except OSError as error:
            raise WeightsError(f"{file}: weights missing or unreadable; {_REMEDY}") from error
        if found != wanted[kind]:
            raise WeightsError(f"{file}: not the weights {path.name} was written for (hash differs); {_REMEDY}")
    return weights

"""The manifest of shipped data: which files belong together, their hashes, what they are for. One entry a model."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.errors import WeightsError

MODELS_FOLDER = Path(__file__).parent
MANIFEST = MODELS_FOLDER / "manifest.json"
REMEDY = "restore the models folder from the repository, or give your own with --weights"


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
    entry = read_entry("pose", path)
    try:
        version, backbone, licence = (str(entry[key]) for key in ("version", "backbone", "licence"))
        input_size = int(entry["input_size"])
    except (ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"{path}: not a manifest of weights ({error!r}); {REMEDY}") from error
    return PoseWeights(
        version=version,
        backbone=backbone,
        input_size=input_size,
        litert=checked_file(entry, "litert", path),
        keras=checked_file(entry, "keras", path),
        licence=licence,
    )


def read_entry(key: str, manifest: Path) -> Mapping[str, Any]:
    """What `manifest` says of one model. Raises WeightsError if it is missing, unreadable or says nothing of it."""
    try:
        entry = json.loads(manifest.read_text(encoding="utf-8"))[key]
    except FileNotFoundError as error:
        raise WeightsError(f"{manifest}: no such manifest; {REMEDY}") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"{manifest}: not a manifest of weights ({error!r}); {REMEDY}") from error
    if not isinstance(entry, dict):
        raise WeightsError(f"{manifest}: not a manifest of weights ({key} is no object); {REMEDY}")
    return entry


def checked_file(entry: Mapping[str, Any], kind: str, manifest: Path) -> Path:
    """The file of that kind an entry of `manifest` names. Raises WeightsError unless it is there, hash and all."""
    try:
        file = manifest.parent / entry["files"][kind]["name"]
        wanted = str(entry["files"][kind]["sha256"])
    except (KeyError, TypeError) as error:
        raise WeightsError(f"{manifest}: not a manifest of weights ({error!r}); {REMEDY}") from error
    try:
        found = hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        raise WeightsError(f"{file}: weights missing or unreadable; {REMEDY}") from error
    if found != wanted:
        raise WeightsError(f"{file}: not the weights {manifest.name} was written for (hash differs); {REMEDY}")
    return file


def write_entry(key: str, description: Mapping[str, Any], files: Mapping[str, Path], manifest: Path = MANIFEST) -> None:
    """Set one model's entry, files (beside the manifest) hashed, and leave every other entry as it is."""
    entries = json.loads(manifest.read_text(encoding="utf-8")) if manifest.exists() else {}
    hashes = {
        kind: {"name": file.name, "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
        for kind, file in files.items()
    }
    entries[key] = {**description, "files": hashes}
    written = manifest.with_suffix(".tmp")
    written.write_text(json.dumps(entries, indent=2) + "\n", encoding="utf-8")
    written.replace(manifest)

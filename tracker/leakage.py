"""What is known of how expressions change the poses that the network sees: a file, and of which weights it speaks.

`python -m benchmarks.expressions` measures it on drawn people.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.manifest import MANIFEST, read_entry

Array = npt.NDArray[np.float64]

LEAKAGE_FILE = Path(__file__).with_name("expression.json")
"""What was measured of the weights in `models/`; it says of which."""


@dataclass(frozen=True)
class Leakage:
    """How the pose that certain weights of the network see goes with the shape weights that they see.

    directions: (50, n), what of a change of the shape weights is one of the face's expression and not of the head's
        turning: n coordinates of it, 1 being usual for a face that moves.
    turning: (n,), variance of each coordinate when a head turns by a radian and its face rests.
    effect: (n, 4), for a coordinate of 1, of people on average: rotation vector in the head's frame, radians, by which
        the seen rotation is turned from the true one, `R_seen = R_true exp([v])`; and logarithm of seen over true
        distance.
    spread: (4, n, n), covariance of people's own effects about that, for each of the four.
    remainder: (4,), standard deviation of what no such effect explains, of an expression of usual size.
    levels_off: size of expressions, over the usual one, beyond which that hardly grows any more; infinite where it
        grows in proportion.
    """

    directions: Array
    turning: Array
    effect: Array
    spread: Array
    remainder: Array
    levels_off: float = math.inf


_ARRAYS = ("directions", "turning", "effect", "spread", "remainder")


def load_leakage(weights: Path | None = None, file: Path = LEAKAGE_FILE) -> Leakage | None:
    """What is known of the weights that a manifest names, by default those of `models/`; None if nothing is.

    Raises WeightsError if there is no such manifest.
    """
    identity = weights_identity(weights)
    known = json.loads(file.read_text(encoding="utf-8"))
    if known["weights"] != identity:
        return None
    arrays = {name: np.array(known[name], np.float64) for name in _ARRAYS}
    return Leakage(**arrays, levels_off=float(known["levels_off"]))


def write_leakage(leakage: Leakage, weights: Path | None = None, file: Path = LEAKAGE_FILE) -> None:
    """Keep what was measured of the weights that a manifest names."""
    rounded: dict[str, Any] = {"weights": weights_identity(weights)}
    for name, value in vars(leakage).items():
        rounded[name] = np.vectorize(lambda number: float(f"{number:.4g}"), otypes=[np.float64])(value).tolist()
    file.write_text(json.dumps(rounded) + "\n", encoding="utf-8")


def weights_identity(weights: Path | None = None) -> str:
    """The hash that a manifest gives of its weights, which tells them from all others."""
    files = read_entry("pose", MANIFEST if weights is None else weights).get("files", {})
    return str(files.get("litert", {}).get("sha256", ""))

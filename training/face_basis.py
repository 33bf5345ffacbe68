"""The face model the network speaks of: 30 identity and 20 expression components of the fitted head.

Identity components are ICT-FaceKit's first 30; expression components are the principal directions of the fitted
expression weights over all training crops, so that 20 numbers say what 53 hardly say better.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fpn.network import EXPRESSION_COUNT, IDENTITY_COUNT
from training.head_model import HeadModel


@dataclass(frozen=True)
class FaceBasis:
    """Shape = mean + weights . components, millimetres in the head frame.

    mean: (V, 3) float32; components: (50, V, 3) float32, identity first, each scaled so that its weight has unit
    variance over the training crops.
    """

    mean: npt.NDArray[np.float32]
    components: npt.NDArray[np.float32]


def face_basis(model: HeadModel, fits: Any, vertices: npt.NDArray[np.int32]) -> FaceBasis:
    """The basis at some `vertices` of the head, from the fits of `training.head_fit`."""
    usable = np.isfinite(fits["scale"]) & (fits["residual_mm"] < 4.0)
    expression = fits["expression"][usable].astype(np.float64)
    mean = expression.mean(0)
    _, spread, directions = np.linalg.svd(expression - mean, full_matrices=False)
    deviation = spread[:EXPRESSION_COUNT, None] / np.sqrt(len(expression))
    chosen = (directions[:EXPRESSION_COUNT] * deviation).astype(np.float32)
    at_vertices = model.expression[:, vertices]
    identity = fits["identity"][usable].std(0)[:IDENTITY_COUNT, None, None].astype(np.float32)
    return FaceBasis(
        mean=model.neutral[vertices] + np.tensordot(mean.astype(np.float32), at_vertices, 1),
        components=np.concatenate(
            [model.identity[:IDENTITY_COUNT, vertices] * identity, np.tensordot(chosen, at_vertices, 1)]
        ),
    )

"""The parametric head that training pictures are made with: ICT-FaceKit (MIT) in this project's head frame.

Li et al. 2020, "Learning Formation of Physically-Based Face Attributes". Millimetres; x to the picture's right for a
frontal head, y down, z from the face to the back of the head; origin midway between the outer eye corners.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from fpn.rotations import rotation_from_angles

Float32 = npt.NDArray[np.float32]
Int32 = npt.NDArray[np.int32]

_MM_PER_UNIT = 10.0
LITERATURE_PITCH_DEG = 4.3
"""How far up the head of the literature's zero pose (300W-LP, AFLW2000-3D) looks in ICT-FaceKit's own axes. The one
constant that the validation images fix. Face-mesh fits of their near-frontal images alone say 6.8; the network's
readings of all 32 of AFLW2000-3D say 4.6 to 5.1 (error flat from 4.3 to 5.3), the one person of BIWI less than 0.
"""
_TO_HEAD_AXES = np.array([1.0, -1.0, -1.0])
_RIGHT_OUTER_EYE, _LEFT_OUTER_EYE = 36, 45  # of the 68 Multi-PIE points; the subject's right and left
RENDERED_PARTS = (
    "face",
    "head_and_neck",
    "mouth_socket",
    "eyeball_left",
    "eyeball_right",
)


@dataclass(frozen=True)
class HeadModel:
    """Shape = neutral + identity weights . identity + expression weights . expression.

    neutral: (V, 3) float32 mm. identity: (100, V, 3) float32, weights ~ N(0, 1). expression: (53, V, 3) float32,
    weights in 0..1, named in `expression_names`. triangles: (T, 3) int32,
    counter-clockwise seen from outside. parts: first and one past the last vertex of each named part. landmarks68:
    (68,) int32 vertex indices.
    mirror: (V,) int32, the vertex at the mirror-image place.
    """

    neutral: Float32
    identity: Float32
    expression: Float32
    expression_names: list[str]
    triangles: Int32
    parts: dict[str, tuple[int, int]]
    landmarks68: Int32
    mirror: Int32

    def shape(self, identity: npt.ArrayLike, expression: npt.ArrayLike) -> Float32:
        """Vertices (V, 3) float32 mm for the first n identity weights and the first m expression weights."""
        i, e = np.asarray(identity, np.float32), np.asarray(expression, np.float32)
        flat = self._identity_flat[: len(i)].T @ i + self._expression_flat[: len(e)].T @ e
        return self.neutral + flat.reshape(-1, 3)

    @cached_property
    def _identity_flat(self) -> Float32:
        return self.identity.reshape(len(self.identity), -1)

    @cached_property
    def _expression_flat(self) -> Float32:
        return self.expression.reshape(len(self.expression), -1)

    def part(self, name: str) -> slice:
        """The vertices of a named part."""
        first, past = self.parts[name]
        return slice(first, past)


def load_head_model(path: Path) -> HeadModel:
    """Read `ict_facekit.npz`, keeping the parts that are drawn (`RENDERED_PARTS`: no teeth, lashes or films)."""
    data = np.load(path)
    neutral = data["neutral"].astype(np.float64)
    corners = json.loads(str(data["landmarks_json"]))["multi_pie_68"]
    vertices = neutral * _TO_HEAD_AXES * _MM_PER_UNIT
    origin = (vertices[corners[_RIGHT_OUTER_EYE]] + vertices[corners[_LEFT_OUTER_EYE]]) / 2
    origin[0] = 0.0
    to_literature = rotation_from_angles(0, LITERATURE_PITCH_DEG, 0)  # x_literature = to_literature^T x_ict
    vertices = (vertices - origin) @ to_literature

    names = [str(name) for name in data["part_names"]]
    vertex_ranges = dict(zip(names, data["part_vertex_ranges"], strict=True))
    face_ranges = dict(zip(names, data["part_face_ranges"], strict=True))
    source = data["tri_src_quad"]
    drawn = np.zeros(len(data["quads"]), bool)
    for name in RENDERED_PARTS:
        first, last = face_ranges[name]
        drawn[first : last + 1] = True
    triangles = data["tris"][drawn[source]]
    used = np.zeros(len(vertices), bool)
    for name in RENDERED_PARTS:
        first, last = vertex_ranges[name]
        used[first : last + 1] = True
    used[triangles.ravel()] = True
    renumbered = np.cumsum(used) - 1
    keep = np.flatnonzero(used)

    def deltas(key: str) -> Float32:
        scaled = data[key][:, keep].astype(np.float32) * _TO_HEAD_AXES * _MM_PER_UNIT
        return (scaled @ to_literature).astype(np.float32)

    # The mirrored vertex order is not given; the neutral head is symmetric to a fraction of a millimetre.
    kept = vertices[keep]
    _, mirror = cKDTree(kept).query(kept * [-1.0, 1.0, 1.0])
    return HeadModel(
        neutral=kept.astype(np.float32),
        identity=deltas("identity_deltas"),
        expression=deltas("expression_deltas"),
        expression_names=[str(name) for name in data["expression_names"]],
        triangles=renumbered[triangles].astype(np.int32),
        parts={
            name: (int(renumbered[vertex_ranges[name][0]]), int(renumbered[vertex_ranges[name][1]]) + 1)
            for name in RENDERED_PARTS
        },
        landmarks68=renumbered[corners].astype(np.int32),
        mirror=mirror.astype(np.int32),
    )

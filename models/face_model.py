"""The 3D face and head that views and overlays are made with, as data: shape, surface, texture, what hides what."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from models.errors import WeightsError
from models.manifest import MANIFEST, REMEDY, checked_file, read_entry

Float32 = npt.NDArray[np.float32]

PARTS = {"skin": 0, "mouth": 1, "right eye": 2, "left eye": 3}
"""What a triangle of the surface belongs to; right and left are the person's own."""


@dataclass(frozen=True)
class FaceModel:
    """A head whose shape follows weights: vertices = mean + weights . components, millimetres in the head frame.

    The weights are those the pose network predicts: identity first, then expression, unit variance over its training
    faces.

    mean: (V, 3) float32. components: (50, V, 3) float32. triangles: (T, 3) int32, counter-clockwise seen from outside;
    lips and lids are closed by membranes, so the surface has no hole but the one below the shoulders.
    parts: (T,) uint8, one of `PARTS` for each triangle.
    mirror: (V,) int32, the vertex at the mirror-image place. landmarks68: (68,) int32, vertices in 300W order.
    chart_triangles: (H, W) int32 and chart_weights: (H, W, 3) float32, the point of the surface at every cell of the
    chart (see `renderer.chart`): triangle and weights of its corners.
    texture: (h, w, 3) uint8 BGR over the chart's extent, the average of hundreds of faces: nobody in particular.
    visibility: (A, B, H, W) uint8, 255 times how well a far camera sees each chart cell: the cosine of the angle
    between the surface's normal and the direction to the camera, 0 where something is in between. A: azimuths of the
    camera in the head frame, 0 to 180 degrees; B: elevations, `elevation_limit_deg` above the head to as far below.
    safety: (A, B, H, W) uint8, 255 times how safe it is that a photograph from there shows the cell, which it may not
    next to an edge that is nearer, nor next to the head's outline.
    licence: of the data, for people.
    """

    mean: Float32
    components: Float32
    triangles: npt.NDArray[np.int32]
    parts: npt.NDArray[np.uint8]
    mirror: npt.NDArray[np.int32]
    landmarks68: npt.NDArray[np.int32]
    chart_triangles: npt.NDArray[np.int32]
    chart_weights: Float32
    texture: npt.NDArray[np.uint8]
    visibility: npt.NDArray[np.uint8]
    safety: npt.NDArray[np.uint8]
    elevation_limit_deg: float
    licence: str

    def shape(self, weights: npt.ArrayLike | None = None) -> Float32:
        """Vertices (V, 3) float32, millimetres, for `weights` (50,); the mean face for None."""
        if weights is None:
            return self.mean
        flat = np.asarray(weights, np.float32) @ self.components.reshape(len(self.components), -1)
        return self.mean + flat.reshape(self.mean.shape)

    def on_chart(self, at_vertices: Float32) -> Float32:
        """What is given at the vertices (V, n) float32, at the cells of the chart (H, W, n) float32."""
        corners = at_vertices[self.triangles[self.chart_triangles]]
        return np.einsum("hwk,hwkn->hwn", self.chart_weights, corners).astype(np.float32)


def load_face_model(manifest: Path | None = None) -> FaceModel:
    """Read the face model a manifest names (the shipped one by default), its hash checked; read once a process.

    Raises WeightsError if the manifest or the file is missing, unreadable, or not the one the manifest was written for.
    """
    return _load(MANIFEST if manifest is None else manifest)


@lru_cache(maxsize=2)
def _load(manifest: Path) -> FaceModel:
    entry = read_entry("face_model", manifest)
    file = checked_file(entry, "npz", manifest)
    try:
        with np.load(file) as data:
            scale = data["component_scales"]
            flags = cv2.IMREAD_COLOR
            return FaceModel(
                mean=data["mean"],
                components=data["components"].astype(np.float32) * scale[:, None, None],
                triangles=data["triangles"].astype(np.int32),
                parts=data["parts"],
                mirror=data["mirror"].astype(np.int32),
                landmarks68=data["landmarks68"].astype(np.int32),
                chart_triangles=data["chart_triangles"].astype(np.int32),
                chart_weights=data["chart_weights"].astype(np.float32),
                texture=np.asarray(cv2.imdecode(data["texture_jpeg"], flags), np.uint8),
                visibility=data["visibility"],
                safety=data["safety"],
                elevation_limit_deg=float(data["elevation_limit_deg"]),
                licence=str(entry.get("licence", "")),
            )
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise WeightsError(f"{file}: not a face model ({error!r}); {REMEDY}") from error

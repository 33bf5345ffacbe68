"""Heads that nobody has: the face model drawn in any pose, for pictures to test and to explain with.

The average face is their skin, so no identifiable person is shown; the light comes from one side, and every head may
have marks that its mirror image does not share.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt

from fpn.camera import Camera
from models.face_model import FaceModel
from renderer.chart import to_cells, to_chart
from renderer.view import PIVOT_MM, View, pixels_per_mm
from renderer.zbuffer import interpolate, rasterise

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]
Picture = npt.NDArray[np.uint8]

_OVERSAMPLING = 2
_AMBIENT = 0.55
_MARK_PIXELS, _MARK_STRENGTH = 2.5, 40.0


@dataclass(frozen=True)
class SyntheticHead:
    """A head to draw: vertices (V, 3) mm in the head frame, in the order of the face model's, and its skin.

    texture: (h, w, 3) uint8 BGR over the chart's extent. light: (3,) unit vector in the head frame towards the light.
    """

    model: FaceModel
    vertices: Float32
    texture: Picture
    light: Float64

    @classmethod
    def average(cls, model: FaceModel, light: Float64, vertices: Float32 | None = None, seed: int = 0) -> SyntheticHead:
        """The average face on the mean head, or on `vertices`, with soft marks here and there that `seed` chooses."""
        rng = np.random.default_rng(seed)
        marks = cv2.GaussianBlur(rng.normal(0, 1, model.texture.shape[:2]), (0, 0), _MARK_PIXELS)
        skin = model.texture + _MARK_STRENGTH * marks[..., None]
        return cls(model, model.mean if vertices is None else vertices, np.asarray(skin.clip(0, 255), np.uint8), light)

    def photograph(self, camera: Camera, rotation: Float64, translation: Float64, background: Picture) -> Picture:
        """What a camera sees of the head in that pose (R (3, 3), t (3,) mm) before `background`, (H, W, 3) uint8."""
        posed = self.vertices @ rotation.T + translation
        large = camera.resized(camera.width * _OVERSAMPLING, camera.height * _OVERSAMPLING)
        screen = np.column_stack([large.project(posed), posed[:, 2]])
        colours, covered, _ = self._draw(screen, (large.height, large.width))
        behind = cv2.resize(background, (large.width, large.height)).astype(np.float32)
        behind += covered[..., None] * (colours - behind)
        small = cv2.resize(behind, (camera.width, camera.height), interpolation=cv2.INTER_AREA)
        return np.asarray(small.round(), np.uint8)

    def from_side(
        self, view: View, size: int, distance_mm: float = np.inf
    ) -> tuple[Picture, npt.NDArray[np.bool_], Float32]:
        """What a view is to show: the head from its side, from a camera `distance_mm` from the point between the eyes.

        Returns a picture (size, size, 3) uint8, where the head wholly covers a pixel (size, size), and the point of
        this head (size, size, 3) mm that is seen there.
        """
        large = size * _OVERSAMPLING
        posed = (self.vertices - PIVOT_MM) @ view.rotation.T
        eyes = -view.rotation[2] @ PIVOT_MM
        shrunk = 1 / (1 + (posed[:, 2:] - eyes) / distance_mm)
        screen = np.column_stack([posed[:, :2] * shrunk * pixels_per_mm(large) + (large - 1) / 2, posed[:, 2]])
        layers = [
            cv2.resize(np.asarray(layer, np.float32), (size, size), interpolation=cv2.INTER_AREA)
            for layer in self._draw(screen, (large, large))
        ]
        colours, covered, points = layers
        return np.asarray(colours.round(), np.uint8), covered > 0.999, np.asarray(points, np.float32)

    def _draw(self, screen: Float64, size: tuple[int, int]) -> tuple[Float32, npt.NDArray[np.bool_], Float32]:
        """Colours (H, W, 3), where there is head (H, W), and its points (H, W, 3)."""
        index, weights = rasterise(screen, self.model.triangles, size)
        attributes = np.column_stack([self.model.mean, self.vertices, self._normals]).astype(np.float32)
        found = interpolate(index, weights, self.model.triangles, attributes)
        at = to_cells(to_chart(found[..., :3]), (self.texture.shape[0], self.texture.shape[1]))
        skin = cv2.remap(self.texture, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        shade = _AMBIENT + (1 - _AMBIENT) * np.clip(found[..., 6:] @ self.light, 0, 1)
        return (skin * shade[..., None]).astype(np.float32), index >= 0, found[..., 3:6]

    @cached_property
    def _normals(self) -> Float64:
        """Outward unit normals (V, 3), each the mean of the triangles around a vertex by their areas."""
        a, b, c = (self.vertices[self.model.triangles[:, k]] for k in range(3))
        normals = np.zeros(self.vertices.shape)
        for corner in range(3):
            np.add.at(normals, self.model.triangles[:, corner], np.cross(b - a, c - a))
        return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)

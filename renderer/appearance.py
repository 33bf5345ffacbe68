"""What one picture shows of a head's surface, on the chart: what is seen, how well, and the tones to fill the rest
with.

Everything here is computed once a face and shared by all its views.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from models.face_model import load_face_model
from renderer.blending import halved, smooth_step, spread
from renderer.chart import CENTER_MM

Float32 = npt.NDArray[np.float32]

_NORMAL_CELLS = 1.0
_CROWN_MM = 75.0, 100.0
"""Heights over the eyes from which on heads may end below the model's, and surely do now and then."""
_DARKER_HAIR = np.float32(0.6)
"""Brightness of hair that is not seen, over the skin's."""
_TONE_LIMITS = (0.55, 1.8)
"""Between these a mirrored part is made darker or brighter to fit its surroundings."""
_TONE_REACH_CELLS = 7.0
_LITTLE = np.float32(1e-3)
"""Cells of which nothing is said."""


@dataclass(frozen=True)
class Appearance:
    """What pictures show of a head, on the chart of (H, W) cells.

    weights: (H, W, 4) float32 0..1: the share of what is seen at the place itself, the share of what is seen at its
    mirror image (the rest is `fill`), the confidence (see `renderer.drawing.FrontalView`), and how far the place is
    seen at all, perhaps not safely.
    tones: (H / 2, W / 2, 6) float32, `fill`, BGR 0..255, and `tone`, factors for what is taken from the mirror image.
    doubt: (H / 2, W / 2) float32 0..1, how far a place shows what is behind the head, which the model reaches beyond.
    """

    weights: Float32
    tones: Float32
    doubt: Float32

    @property
    def fill(self) -> Float32:
        """Colours for what was not seen, (H / 2, W / 2, 3)."""
        return self.tones[..., :3]

    @property
    def tone(self) -> Float32:
        """Factors for what is taken from the mirror image, (H / 2, W / 2, 3)."""
        return self.tones[..., 3:]

    def settled(self, earlier: Appearance, weights_share: float, tones_share: float) -> Appearance:
        """With these shares (0..1) of what was seen earlier kept: one of the weights, one of tones and fill."""

        def mixed(now: Float32, before: Float32, share: float) -> Float32:
            return np.asarray(cv2.addWeighted(before, share, now, 1 - share, 0), np.float32)

        return Appearance(
            weights=mixed(self.weights, earlier.weights, weights_share),
            tones=mixed(self.tones, earlier.tones, tones_share),
            doubt=mixed(self.doubt, earlier.doubt, tones_share),
        )


@dataclass(frozen=True)
class ChartSurface:
    """The head on the chart at half its resolution (H / 2, W / 2), millimetres in the head frame, float32.

    points, normals: (H / 2, W / 2, 3), the mean head. components: (50, H / 2 * W / 2 * 3). hair: (H / 2, W / 2) 0..1,
    where most people have hair; hair_to_trust: the same, less at the hairline, where skin shows through, and towards
    the crown, which many a photograph shows above the head; hair_squarely: the same of what is seen well; crown: where
    heads may end below the model's. sights: (A, B, H, W, 2) uint8, how well a place is seen and how safely, from all
    sides (`models.face_model.FaceModel`); elevation_limit_deg: of these sides.
    """

    points: Float32
    normals: Float32
    components: Float32
    hair: Float32
    hair_to_trust: Float32
    hair_squarely: Float32
    crown: Float32
    sights: npt.NDArray[np.uint8]
    elevation_limit_deg: float

    def deformation(self, weights: npt.ArrayLike | None) -> Float32:
        """How far each place (H / 2, W / 2, 3) lies from the mean head for shape `weights` (50,), millimetres; nowhere
        for None.
        """
        if weights is None:
            return np.zeros_like(self.points)
        # einsum, not a matrix product: that would wake the threads of a BLAS that other work is waiting for.
        flat = np.einsum("k,kn->n", np.asarray(weights, np.float32), self.components)
        return flat.reshape(self.points.shape)


@lru_cache(maxsize=1)
def chart_surface() -> ChartSurface:
    """The face model on the chart, worked out once a process."""
    model = load_face_model()
    components = np.stack([halved(model.on_chart(component)).ravel() for component in model.components])
    points = halved(model.on_chart(model.mean))
    x, y, z = cv2.split(points)
    skull = np.maximum(np.minimum((z - 62) / 6, (80 - y) / 8), (-y - 72) / 5)
    ear = np.minimum.reduce([(np.abs(x) - 70) / 4, (z - 45) / 6, (110 - z) / 6, (y + 30) / 6, (62 - y) / 6])
    hair = smooth_step(0.5 + np.minimum(skull, -ear) / 4)
    near_hairline = smooth_step(0.5 + np.minimum(skull + 2, -ear) / 4)
    hair_to_trust = np.maximum(hair**4 * np.exp(-np.maximum(-98 - y, 0) / 6), np.float32(0.01) * near_hairline)
    return ChartSurface(
        points=points,
        normals=_outward(points),
        components=components,
        hair=hair,
        hair_to_trust=hair_to_trust,
        hair_squarely=hair**4,
        crown=hair * smooth_step((-y - _CROWN_MM[0]) / np.float32(_CROWN_MM[1] - _CROWN_MM[0])),
        sights=np.stack([model.visibility, model.safety], axis=-1),
        elevation_limit_deg=model.elevation_limit_deg,
    )


def _outward(points: Float32) -> Float32:
    """Unit normals (h, w, 3) of the surface through a chart's points (h, w, 3), softened over neighbours."""
    down, across = np.gradient(cv2.copyMakeBorder(points, 0, 0, 1, 1, cv2.BORDER_WRAP), axis=(0, 1))
    normals = cv2.GaussianBlur(np.cross(across, down)[:, 1:-1].astype(np.float32), (0, 0), _NORMAL_CELLS)
    normals /= np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), np.float32(1e-6))
    return normals * np.sign((normals * (points - CENTER_MM.astype(np.float32))).sum(-1, keepdims=True))


@dataclass(frozen=True)
class Sight:
    """How well a camera sees each cell of the chart, (H, W) float32 0..1.

    cosine: of the angle under which it does, 0 for what is hidden. safe: 0 where a photograph might show something
    else all the same, next to edges and to the head's outline.
    """

    cosine: Float32
    safe: Float32

    def through(self, visible: Float32) -> Sight:
        """The same so far as the places are visible at all, (H / 2, W / 2)."""
        return Sight(self.cosine * cv2.resize(visible, self.cosine.shape[1::-1]), self.safe)

    def doubted(self, doubt: Float32) -> Sight:
        """Less, so far as it is in doubt (H / 2, W / 2) that it is the head that is seen."""
        return self.through(1 - doubt)


def sight(to_camera: npt.NDArray[np.float64]) -> Sight:
    """What a camera in the direction `to_camera` (3,) of the head frame sees."""
    x, y, z = (float(along) for along in to_camera)
    surface = chart_surface()
    azimuths, elevations = surface.sights.shape[:2]
    azimuth = abs(math.degrees(math.atan2(x, -z))) / 180 * (azimuths - 1)
    limit = surface.elevation_limit_deg
    raised = min(max(math.degrees(math.atan2(y, math.hypot(x, z))), -limit), limit)
    elevation = (raised + limit) / (2 * limit) * (elevations - 1)
    a, b = min(int(azimuth), azimuths - 2), min(int(elevation), elevations - 2)
    u, v = azimuth - a, elevation - b
    one, other = (
        cv2.addWeighted(surface.sights[side, b], 1 - v, surface.sights[side, b + 1], v, 0, dtype=cv2.CV_32F)
        for side in (a, a + 1)
    )
    found = cv2.addWeighted(one, (1 - u) / 255, other, u / 255, 0)
    cosine, safe = cv2.split(found if x >= 0 else cv2.flip(found, 1))
    return Sight(cosine, safe)


def observe(colours: npt.NDArray[np.uint8], behind: Float32, seen: Sight) -> Appearance:
    """Weigh what a picture shows of each cell against what it shows of its mirror image, and take its tones.

    colours: (H / 2, W / 2, 3) uint8 BGR, the picture at the middle of four cells each. behind: the same size, float32,
    the colours of what is behind the head there. seen: how well the camera sees a cell; 0 also for what is outside the
    picture.
    """
    from renderer.loops import tones as loops  # late: loads numba, which takes most of a second

    surface = chart_surface()
    hair = surface.hair
    shape = hair.shape
    layers, mixed, known = (np.empty((*shape, 4), np.float32) for _ in range(3))
    loops.pool(weigh(seen), seen.cosine, seen.safe, layers)
    tone = _mirror_tone(colours, layers)
    total = np.empty(4, np.float32)
    loops.show_skin(colours, layers, tone, hair, mixed, known, total)
    mean = total[:3] / (total[3] + _LITTLE)
    skin_tones = spread(known, mean)
    loops.show_hair(mixed, layers, skin_tones, hair, surface.hair_to_trust, surface.hair_squarely, known)
    hair_tones = spread(known, mean * _DARKER_HAIR)
    tones, doubt = np.empty((*shape, 6), np.float32), np.empty(shape, np.float32)
    loops.fill_in(colours, behind, skin_tones, hair_tones, hair, surface.crown, tone, tones, doubt)
    return Appearance(weigh(seen.doubted(doubt)), tones, doubt)


def weigh(seen: Sight) -> Float32:
    """The weights (H, W, 4) of an `Appearance`."""
    from renderer.loops import cells  # late: loads numba, which takes most of a second

    weights = np.empty((*seen.cosine.shape, 4), np.float32)
    cells.weigh(seen.cosine, seen.safe, weights)
    return weights


def _mirror_tone(colours: npt.NDArray[np.uint8], layers: Float32) -> Float32:
    """Factor (h, w, 3) by which a place is brighter than its mirror image; see `renderer.loops.tones` for the layers.

    It is measured where both are seen, and carried on from there.
    """
    from renderer.loops import tones as loops  # late: loads numba, which takes most of a second

    rows, columns = colours.shape[:2]
    known = np.empty((rows // 2, columns // 2, 4), np.float32)
    loops.show_both(colours, layers, known)
    blurred = cv2.GaussianBlur(known, (0, 0), _TONE_REACH_CELLS / 4, borderType=cv2.BORDER_REFLECT)
    pooled = blurred + np.float32(1e-3) * known.mean((0, 1)) + np.float32(1e-6)
    mean = pooled[..., :3] / pooled[..., 3:] + np.float32(8)
    return np.asarray(cv2.resize(np.clip(mean / mean[:, ::-1], *_TONE_LIMITS), (columns, rows)), np.float32)

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
from renderer.chart import CENTER_MM, CHART_SIZE
from renderer.rooms import Rooms
from renderer.words import Words

Float32 = npt.NDArray[np.float32]

_NORMAL_CELLS = 1.0
_COMPONENT_STEPS = 32767
"""Steps to the largest number of a component: half the memory to go through, and a thousandth of a millimetre."""
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

    @classmethod
    def empty(cls) -> Appearance:
        """Of nothing, in memory of its own."""
        rows, columns = CHART_SIZE
        half = rows // 2, columns // 2
        return cls(*(np.zeros(shape, np.float32) for shape in ((*CHART_SIZE, 4), (*half, 6), half)))


class SettledAppearance:
    """What was seen of a head over time, and its words for the loops that draw it (see `renderer.loops.nodes.Shown`).

    seen: what was observed, settled.
    """

    def __init__(self) -> None:
        self.seen = Appearance.empty()
        rows, columns = CHART_SIZE
        self.weights = Words.empty(rows, columns)
        self.fill, self.tone = (Words.empty(rows // 2, columns // 2) for _ in range(2))

    def follow(self, observed: Appearance, weights_share: float, tones_share: float) -> None:
        """Go on to what is observed, keeping these shares (0..1) of what was seen earlier: one of the weights, one of
        tones and fill.
        """
        from renderer.loops import words  # late: loads numba, which takes most of a second

        seen = self.seen
        words.settle_weights(observed.weights, 1 - weights_share, seen.weights, self.weights.bytes)
        words.settle_tones(
            observed.tones, observed.doubt, 1 - tones_share, seen.tones, seen.doubt, self.fill.words, self.tone.words
        )


@dataclass(frozen=True)
class ChartSurface:
    """The head on the chart at half its resolution (H / 2, W / 2), millimetres in the head frame, float32.

    points, normals: (H / 2, W / 2, 3), the mean head. components: (50, H / 2 * W / 2 * 3) int16, in steps of
    component_mm (50,). hair: (H / 2, W / 2) 0..1, where most people have hair; hair_to_trust: the same, less at the
    hairline, where skin shows through, and towards the crown, which many a photograph shows above the head;
    hair_squarely: the same of what is seen well; crown: where heads may end below the model's. fringe: where hair may
    hang into the face; temple: the part of that between brows and ears. sights: (A, B, H, W, 2) uint8, how well a place
    is seen and how safely, from all sides (`models.face_model.FaceModel`); elevation_limit_deg: of these sides.
    """

    points: Float32
    normals: Float32
    components: npt.NDArray[np.int16]
    component_mm: Float32
    hair: Float32
    hair_to_trust: Float32
    hair_squarely: Float32
    crown: Float32
    fringe: Float32
    temple: Float32
    sights: npt.NDArray[np.uint8]
    elevation_limit_deg: float

    def deformation(self, weights: npt.NDArray[np.float32]) -> Float32:
        """How far each place (H / 2, W / 2, 3) lies from the mean head for shape `weights` (50,), millimetres."""
        flat = np.einsum("k,kn->n", weights * self.component_mm, self.components)
        return np.asarray(flat.reshape(self.points.shape), np.float32)


class Deformation:
    """How far places of the chart at half its resolution lie from the mean head.

    mm: (H / 2, W / 2, 3) float32. words: the same for the loops that draw the head, in steps of `step_mm`.
    """

    def __init__(self) -> None:
        rows, columns = (length // 2 for length in CHART_SIZE)
        self.mm = np.zeros((rows, columns, 3), np.float32)
        self.words = Words.empty(rows, columns)
        self.step_mm = 1.0

    def follow(self, weights: npt.ArrayLike | None) -> float:
        """Take on shape `weights` (50,), None for the mean head; gives the largest change, mm."""
        from renderer.loops import words  # late: loads numba, which takes most of a second

        surface = chart_surface()
        steps = np.zeros_like(surface.component_mm)
        if weights is not None:
            steps = np.asarray(weights, np.float32) * surface.component_mm
        change, step = words.deform(steps, surface.components, self.mm, self.words.words)
        self.step_mm = float(step)
        return float(change)


@lru_cache(maxsize=1)
def chart_surface() -> ChartSurface:
    """The face model on the chart, worked out once a process."""
    model = load_face_model()
    components = np.stack([halved(model.on_chart(component)).ravel() for component in model.components])
    component_mm = np.abs(components).max(1) / np.float32(_COMPONENT_STEPS)
    points = halved(model.on_chart(model.mean))
    x, y, z = cv2.split(points)
    skull = np.maximum(np.minimum((z - 62) / 6, (80 - y) / 8), (-y - 72) / 5)
    ear = np.minimum.reduce([(np.abs(x) - 70) / 4, (z - 45) / 6, (110 - z) / 6, (y + 30) / 6, (62 - y) / 6])
    hair = smooth_step(0.5 + np.minimum(skull, -ear) / 4)
    near_hairline = smooth_step(0.5 + np.minimum(skull + 2, -ear) / 4)
    hair_to_trust = np.maximum(hair**4 * np.exp(-np.maximum(-98 - y, 0) / 6), np.float32(0.01) * near_hairline)
    # Behind the outer ends of the brows, above the middle of the forehead.
    beside, above = smooth_step((z - 10) / np.float32(15)), smooth_step((-y - 48) / np.float32(12))
    above_jaw, off_ear = smooth_step((25 - y) / np.float32(15)), smooth_step(0.5 - ear / 4)
    return ChartSurface(
        points=points,
        normals=_outward(points),
        components=np.rint(components / component_mm[:, None]).astype(np.int16),
        component_mm=component_mm,
        hair=hair,
        hair_to_trust=hair_to_trust,
        hair_squarely=hair**4,
        crown=hair * smooth_step((-y - _CROWN_MM[0]) / np.float32(_CROWN_MM[1] - _CROWN_MM[0])),
        fringe=(1 - hair) * np.maximum(beside, above) * above_jaw * off_ear,
        temple=(1 - hair) * beside * above_jaw * off_ear,
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

    def dim(self, share: Float32) -> None:
        """Lessen it to a share, (H / 2, W / 2), of what it was."""
        from renderer.loops import cells  # late: loads numba, which takes most of a second

        cells.dim(share, self.cosine)


def sight(to_camera: npt.NDArray[np.float64], rooms: Rooms | None = None) -> Sight:
    """What a camera in the direction `to_camera` (3,) of the head frame sees; in `rooms` until it is asked again."""
    x, y, z = to_camera.tolist()
    surface = chart_surface()
    azimuths, elevations = surface.sights.shape[:2]
    azimuth = abs(math.degrees(math.atan2(x, -z))) / 180 * (azimuths - 1)
    limit = surface.elevation_limit_deg
    raised = min(max(math.degrees(math.atan2(y, math.hypot(x, z))), -limit), limit)
    elevation = (raised + limit) / (2 * limit) * (elevations - 1)
    a, b = min(int(azimuth), azimuths - 2), min(int(elevation), elevations - 2)
    u, v = azimuth - a, elevation - b
    rooms = rooms or Rooms()
    one, other = (rooms.floats(f"side {number}", *CHART_SIZE, 2) for number in range(2))
    for side, found in ((a, one), (a + 1, other)):
        lower, upper = surface.sights[side, b], surface.sights[side, b + 1]
        cv2.addWeighted(lower, 1 - v, upper, v, 0, dst=found, dtype=cv2.CV_32F)
    cv2.addWeighted(one, (1 - u) / 255, other, u / 255, 0, dst=one)
    seen = Sight(rooms.floats("cosine", *CHART_SIZE), rooms.floats("safe", *CHART_SIZE))
    both = one if x >= 0 else one[:, ::-1]
    seen.cosine[:], seen.safe[:] = both[..., 0], both[..., 1]
    return seen


def observe(
    colours: npt.NDArray[np.uint8],
    behind: Float32,
    seen: Sight,
    observed: Appearance | None = None,
    rooms: Rooms | None = None,
) -> Appearance:
    """Weigh what a picture shows of each cell against what it shows of its mirror image, and take its tones.

    colours: (H / 2, W / 2, 3 or more) uint8 BGR, the picture at the middle of four cells each. behind: the same size,
    3, float32, the colours of what is behind the head there. seen: how well the camera sees a cell, lessened by the
    doubt that it is the head; 0 also for what is outside the picture. observed: is set and returned, rooms: memory, if
    they are given.
    """
    from renderer.loops import tones as loops  # late: loads numba, which takes most of a second

    observed, rooms = observed or Appearance.empty(), rooms or Rooms()
    surface = chart_surface()
    hair = surface.hair
    shape = hair.shape
    layers, mixed, known = (rooms.floats(name, *shape, 4) for name in ("layers", "mixed", "known"))
    weigh(seen, observed.weights)
    loops.pool(observed.weights, seen.cosine, seen.safe, layers)
    tone = _mirror_tone(colours, layers, rooms)
    total, strange = np.empty(4, np.float32), rooms.floats("strange", *shape)
    loops.show_skin(colours, layers, tone, hair, mixed, strange, known, total)
    mean = total[:3] / (total[3] + _LITTLE)
    skin_tones = spread(known, mean, rooms, rooms.floats("skin", *shape, 3))
    loops.show_hair(
        mixed, layers, behind, skin_tones, strange, surface.fringe, surface.hair_to_trust, surface.hair_squarely, known
    )
    hair_tones = spread(known, mean * _DARKER_HAIR, rooms, rooms.floats("hair", *shape, 3))
    loops.fill_in(
        colours,
        behind,
        layers,
        strange,
        skin_tones,
        hair_tones,
        hair,
        surface.temple,
        surface.crown,
        tone,
        observed.tones,
        observed.doubt,
    )
    doubted = Sight(rooms.floats("doubted", *CHART_SIZE), seen.safe)
    doubted.cosine[:] = seen.cosine
    doubted.dim(1 - observed.doubt)
    weigh(doubted, observed.weights)
    return observed


def weigh(seen: Sight, weights: Float32) -> None:
    """The weights (H, W, 4) of an `Appearance`, set."""
    from renderer.loops import cells  # late: loads numba, which takes most of a second

    cells.weigh(seen.cosine, seen.safe, weights)


def _mirror_tone(colours: npt.NDArray[np.uint8], layers: Float32, rooms: Rooms) -> Float32:
    """Factor (h, w, 3) by which a place is brighter than its mirror image; see `renderer.loops.tones` for the layers.

    It is measured where both are seen, and carried on from there.
    """
    from renderer.loops import tones as loops  # late: loads numba, which takes most of a second

    rows, columns = colours.shape[:2]
    known = rooms.floats("both", rows // 2, columns // 2, 4)
    loops.show_both(colours, layers, known)
    blurred = cv2.GaussianBlur(known, (0, 0), _TONE_REACH_CELLS / 4, borderType=cv2.BORDER_REFLECT)
    pooled = blurred + np.float32(1e-3) * known.mean((0, 1)) + np.float32(1e-6)
    mean = pooled[..., :3] / pooled[..., 3:] + np.float32(8)
    tone = rooms.floats("tone", rows, columns, 3)
    cv2.resize(np.clip(mean / mean[:, ::-1], *_TONE_LIMITS), (columns, rows), dst=tone)
    return tone

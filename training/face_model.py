"""Make the face model that is used at run time: `models/face_model.npz` and its entry in the manifest.

The head is ICT-FaceKit's face, skull and neck with lips and lids closed by membranes; its shape follows the components
the network predicts; its texture is the average of hundreds of photographs. What each part of the surface hides from
which side is drawn here once and for all, with a z-buffer.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from models.face_model import PARTS
from models.manifest import MANIFEST, MODELS_FOLDER, write_entry
from renderer.chart import CENTER_MM, CHART_SIZE, to_cells, to_chart
from training.average_head import AverageHead, average_head
from training.face_basis import face_basis
from training.head_model import HeadModel, load_head_model
from training.membranes import close_eye, close_mouth
from training.rasteriser import interpolate, rasterise, vertex_normals

Float32 = npt.NDArray[np.float32]
Int32 = npt.NDArray[np.int32]

TEXTURE_SIZE = (432, 576)
_JPEG_QUALITY = 90
_AZIMUTHS, _ELEVATIONS, _ELEVATION_LIMIT_DEG = 25, 13, 75.0
_DRAWN_PIXELS, _PIXELS_PER_MM = 320, 1.0
_HIDDEN_MM, _BEHIND_EDGE_MM = 4.0, 12.0
_EDGE_PIXELS = 3
_OUTLINE_MM = 3.0, 9.0
_NORMAL_CELLS, _SOFT_CELLS = 2.0, 0.6
_HAIR_BGR = (38, 48, 62)


@dataclass(frozen=True)
class Surface:
    """The closed head: where its vertices come from and how they are joined.

    sources: (V, n) int32 vertices of the head model and weights: (V, n) float32 that sum to 1, so that anything given
    there can be carried over; bulge: (V, 3) float32 mm to add to the mean. triangles: (T, 3) int32; parts: (T,) uint8,
    what each belongs to, of `models.face_model.PARTS`.
    """

    sources: Int32
    weights: Float32
    bulge: Float32
    triangles: Int32
    parts: npt.NDArray[np.uint8]

    def carry(self, values: Float32) -> Float32:
        """Values (V_head, n) of the head model at this surface's vertices, (V, n)."""
        return np.einsum("vk,vkn->vn", self.weights, values[self.sources]).astype(np.float32)


def closed_surface(model: HeadModel) -> Surface:
    """Face, skull and neck of the head model with its mouth and eyes closed."""
    count = model.parts["head_and_neck"][1]
    triangles = model.triangles[(model.triangles < count).all(axis=1)]
    loops = holes(model)
    parts = [_part(model, loop) for loop in loops]
    membranes = [
        close_mouth(model, loop) if part == PARTS["mouth"] else close_eye(model, loop)
        for loop, part in zip(loops, parts, strict=True)
    ]
    most = max(membrane.sources.shape[1] for membrane in membranes)
    sources, weights = [np.arange(count)[:, None].repeat(most, 1)], [np.eye(1, most, dtype=np.float32).repeat(count, 0)]
    bulge, all_triangles = [np.zeros((count, 3), np.float32)], [triangles]
    for membrane in membranes:
        total = sum(len(part) for part in sources)
        padding = ((0, 0), (0, most - membrane.sources.shape[1]))
        sources.append(np.pad(membrane.sources, padding))
        weights.append(np.pad(membrane.weights, padding).astype(np.float32))
        bulge.append(membrane.bulge)
        new = membrane.triangles.copy()
        new[new < 0] = total - 1 - new[new < 0]  # -1 is the membrane's own first vertex, -2 its second
        all_triangles.append(new)
    return Surface(
        sources=np.concatenate(sources).astype(np.int32),
        weights=np.concatenate(weights).astype(np.float32),
        bulge=np.concatenate(bulge).astype(np.float32),
        triangles=np.concatenate(all_triangles).astype(np.int32),
        parts=np.repeat([0, *parts], [len(part) for part in all_triangles]).astype(np.uint8),
    )


def holes(model: HeadModel) -> list[list[int]]:
    """Loops of vertices around the eyes and the mouth, in the order that continues the surface's winding."""
    count = model.parts["head_and_neck"][1]
    kept = model.triangles[(model.triangles < count).all(axis=1)]
    edges = {(int(a), int(b)) for t in kept for a, b in ((t[0], t[1]), (t[1], t[2]), (t[2], t[0]))}
    following = {b: a for a, b in edges if (b, a) not in edges}
    loops = []
    while following:
        vertex = next(iter(following))
        loop = []
        while vertex in following:
            loop.append(vertex)
            vertex = following.pop(vertex)
        loops.append(loop)
    return [loop for loop in loops if model.neutral[loop, 1].max() < 120]


def _part(model: HeadModel, loop: list[int]) -> int:
    x, y, _ = model.neutral[loop].mean(axis=0)
    if y > 40:
        return PARTS["mouth"]
    return PARTS["right eye"] if x < 0 else PARTS["left eye"]


def draw_chart(mean: Float32, triangles: Int32, size: tuple[int, int]) -> tuple[Int32, Float32]:
    """The outermost surface point in the direction of every cell: triangle (H, W) and corner weights (H, W, 3).

    Cells that see no surface (the cut below the neck) take the nearest that do.
    """
    rows, columns = size
    cells = to_cells(to_chart(mean), size)
    radius = np.linalg.norm(mean - CENTER_MM, axis=1)
    corners = np.concatenate([cells[triangles], -radius[triangles][..., None]], axis=-1).astype(np.float32)
    across = corners[..., 0] - corners[:, :1, 0]
    corners[..., 0] -= columns * np.rint(across / columns)  # triangles across the seam at the back
    copies = [corners]
    for shift in (-columns, columns):
        moved = corners.copy()
        moved[..., 0] += shift
        copies.append(moved)
    soup = np.concatenate(copies).reshape(-1, 3)
    index, weights, _ = rasterise(soup, np.arange(len(soup), dtype=np.int32).reshape(-1, 3), rows, columns)
    seen = index >= 0
    _, labels = cv2.distanceTransformWithLabels(
        (~seen).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    owner = np.zeros(labels.max() + 1, np.int64)
    owner[labels[seen]] = np.flatnonzero(seen)
    flat = owner[labels]
    chosen = weights.reshape(-1, 2)[flat]
    return (
        (index.ravel()[flat] % len(triangles)).astype(np.int32),
        np.concatenate([chosen, 1 - chosen.sum(-1, keepdims=True)], axis=-1).astype(np.float32),
    )


def visibility_tables(
    mean: Float32, triangles: Int32, chart_triangles: Int32, chart_weights: Float32
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """How a far camera in each direction sees each chart cell, twice (A, B, H, W) uint8, 255 times 0..1.

    First the cosine of the angle under which it does, 0 for what is hidden; then how safe that is: 0 next to an edge
    that may hide the place in a head of another shape, and next to the outline, where a photograph shows what is
    behind.
    """
    normals = vertex_normals(np.ascontiguousarray(mean), triangles)
    corners = triangles[chart_triangles]
    points = np.einsum("hwk,hwkn->hwn", chart_weights, mean[corners])
    outward = np.einsum("hwk,hwkn->hwn", chart_weights, normals[corners])
    # Which way the face as a whole looks there: lids, lips and nostrils are not to count as seen from the side.
    outward = cv2.GaussianBlur(outward.astype(np.float32), (0, 0), _NORMAL_CELLS)
    outward /= np.linalg.norm(outward, axis=-1, keepdims=True)
    recesses, margin = _recesses(points), _outline_margin(points)
    tables = np.zeros((2, _AZIMUTHS, _ELEVATIONS, *chart_triangles.shape), np.uint8)
    for a, azimuth in enumerate(np.radians(np.linspace(0, 180, _AZIMUTHS))):
        for b, elevation in enumerate(
            np.radians(np.linspace(-_ELEVATION_LIMIT_DEG, _ELEVATION_LIMIT_DEG, _ELEVATIONS))
        ):
            to_camera = np.array(
                [np.sin(azimuth) * np.cos(elevation), np.sin(elevation), -np.cos(azimuth) * np.cos(elevation)]
            )
            right = np.array([np.cos(azimuth), 0, np.sin(azimuth)])
            rotation = np.stack([right, np.cross(-to_camera, right), -to_camera]).astype(np.float32)
            screen = (mean - CENTER_MM.astype(np.float32)) @ rotation.T * _PIXELS_PER_MM
            screen[:, :2] += (_DRAWN_PIXELS - 1) / 2
            _, _, depth = rasterise(np.ascontiguousarray(screen), triangles, _DRAWN_PIXELS, _DRAWN_PIXELS)
            at = (points - CENTER_MM.astype(np.float32)) @ rotation.T * _PIXELS_PER_MM
            at[..., :2] += (_DRAWN_PIXELS - 1) / 2
            cosine = np.clip(outward @ to_camera, 0, 1).astype(np.float32)
            layers = [
                _kept(_in_sight(at, depth), recesses) * cosine,
                _kept(_safe(at, depth, cosine, margin), recesses),
            ]
            for table, layer in zip(tables, layers, strict=True):
                table[a, b] = np.rint(255 * cv2.GaussianBlur(layer, (0, 0), _SOFT_CELLS))
    return tables[0], tables[1]


def _kept(layer: Float32, recesses: Float32) -> Float32:
    """A layer (H, W) with the recesses as what is around them, and every place as its worst neighbour: cells are
    interpolated later.
    """
    closed = cv2.morphologyEx(layer, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    return np.asarray(cv2.erode(layer + recesses * (closed - layer), np.ones((3, 3), np.uint8)), np.float32)


def _outline_margin(points: Float32) -> Float32:
    """How far (H, W) mm a point (H, W, 3) must be from the head's outline: little on the face, more on the crown and
    under the jaw, where heads differ most from the model.
    """
    height = points[..., 1]
    on_face, elsewhere = _OUTLINE_MM
    return np.interp(height, [-105, -70, 95, 112], [elsewhere, on_face, on_face, elsewhere]).astype(np.float32)


def _recesses(points: Float32) -> Float32:
    """1 at the mouth and nostrils of points (H, W, 3), which count as seen where the skin around them is; else 0."""
    reach = [
        np.linalg.norm((points[..., :2] - middle) / extent, axis=-1)
        for middle, extent in (((0, 71), (30, 15)), ((0, 45), (16, 10)))
    ]
    return ((np.minimum(*reach) < 1) & (points[..., 2] < 30)).astype(np.float32)


def _in_sight(at: Float32, depth: Float32) -> Float32:
    """1 for points (H, W, 3) on the screen that nothing hides, else 0; depth: (h, w), +inf where there is no head."""
    x, y = _pixels(at)
    return np.clip(2 - (at[..., 2] - depth[y, x]) / (_HIDDEN_MM * _PIXELS_PER_MM), 0, 1).astype(np.float32)


def _safe(at: Float32, depth: Float32, cosine: Float32, margin: Float32) -> Float32:
    """How far (H, W) 0..1 points (H, W, 3) on the screen are from edges that are nearer, and from the outline.

    cosine: (H, W), of the surface at the points. margin: (H, W) mm, how far from the outline they must be.
    """
    around = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * _EDGE_PIXELS + 1,) * 2)
    nearest = cv2.erode(np.minimum(depth, np.float32(1e6)), around)
    x, y = _pixels(at)
    slope = np.sqrt(1 - cosine**2) / np.maximum(cosine, 0.05)
    behind_edge = at[..., 2] - nearest[y, x] - (_EDGE_PIXELS + 0.5) * slope
    from_edge = 2 - behind_edge / (_BEHIND_EDGE_MM * _PIXELS_PER_MM)
    to_outline = cv2.distanceTransform(np.isfinite(depth).astype(np.uint8), cv2.DIST_L2, 5)[y, x]
    from_outline = to_outline / (margin * _PIXELS_PER_MM) - 1
    return np.asarray(np.clip(from_edge, 0, 1) * np.clip(from_outline, 0, 1), np.float32)


def _pixels(at: Float32) -> npt.NDArray[np.int64]:
    """Columns and rows (2, H, W) of points (H, W, 3) on the screen."""
    return np.clip(np.rint(at[..., :2]).astype(np.int64), 0, _DRAWN_PIXELS - 1).transpose(2, 0, 1)


def draw_texture(surface: Surface, mean: Float32, head: AverageHead, model: HeadModel) -> npt.NDArray[np.uint8]:
    """The average face over the chart's extent, (h, w, 3) uint8 BGR, with short hair on the skull."""
    index, weights = draw_chart(mean, surface.triangles, TEXTURE_SIZE)
    front_weight = head.front_weight.copy()
    hair = _hair(model.neutral)[:, None]
    colours = head.colours + hair * (np.array(_HAIR_BGR, np.float32) - head.colours)
    front_weight *= (1 - hair[:, 0]) * (model.neutral[:, 1] < 120)
    at_vertices = surface.carry(np.column_stack([head.front_coordinates(), front_weight, colours]).astype(np.float32))
    a = interpolate(index, np.ascontiguousarray(weights[..., :2]), surface.triangles, at_vertices)
    front = cv2.remap(head.front, a[..., 0], a[..., 1], cv2.INTER_LINEAR)
    colour = a[..., 3:] + a[..., 2:3] * (front - a[..., 3:])
    return np.asarray(colour.clip(0, 255), np.uint8)


def _hair(shape: Float32) -> Float32:
    """How far (V,) 0..1 a vertex lies under short hair: behind a line from the forehead past the ears to the nape."""
    x, y, z = shape.T
    skull = np.maximum(np.minimum((z - 62) / 6, (95 - y) / 8), (-y - 72) / 5)
    ear = np.minimum.reduce([(np.abs(x) - 74) / 1.5, (z - 45) / 4, (110 - z) / 4, (y + 30) / 4, (62 - y) / 4])
    return np.asarray(1 / (1 + np.exp(-skull)) * (1 - np.clip(ear, 0, 1)), np.float32)


def main(argv: list[str] | None = None) -> int:
    """Write the face model and its entry in the manifest."""
    parser = argparse.ArgumentParser(prog="python -m training face-model", description=__doc__)
    parser.add_argument("--faces", type=Path, required=True, help="folder with faces.csv and the zips")
    parser.add_argument("--head", type=Path, required=True, help="ict_facekit.npz")
    parser.add_argument("--fits", type=Path, required=True, help="fits.npz of the fit stage")
    parser.add_argument("--photos", type=int, default=600, help="photographs to average for the texture")
    parser.add_argument("--out", type=Path, default=MODELS_FOLDER)
    options = parser.parse_args(argv)
    model = load_head_model(options.head)
    surface = closed_surface(model)
    every = np.arange(len(model.neutral), dtype=np.int32)
    basis = face_basis(model, np.load(options.fits), every)
    mean = surface.carry(basis.mean) + surface.bulge
    components = np.stack([surface.carry(component) for component in basis.components])
    scales = np.abs(components).reshape(len(components), -1).max(1) / 127
    neutral = surface.carry(model.neutral) + surface.bulge
    _, mirror = cKDTree(neutral).query(neutral * [-1.0, 1.0, 1.0])
    chart_triangles, chart_weights = draw_chart(mean, surface.triangles, CHART_SIZE)
    head = average_head(model, options.faces, options.fits, options.photos, seed=1)
    texture = draw_texture(surface, mean, head, model)
    encoded = cv2.imencode(".jpg", texture, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])[1]
    visibility, safety = visibility_tables(mean, surface.triangles, chart_triangles, chart_weights)
    file = options.out / "face_model.npz"
    np.savez_compressed(
        file,
        mean=mean,
        components=np.rint(components / scales[:, None, None]).astype(np.int8),
        component_scales=scales.astype(np.float32),
        triangles=surface.triangles.astype(np.uint16),
        parts=surface.parts,
        mirror=mirror.astype(np.uint16),
        landmarks68=model.landmarks68,
        chart_triangles=chart_triangles.astype(np.uint16),
        chart_weights=chart_weights.astype(np.float16),
        texture_jpeg=encoded.ravel(),
        visibility=visibility,
        safety=safety,
        elevation_limit_deg=_ELEVATION_LIMIT_DEG,
    )
    description = {"licence": "MIT (shape: ICT-FaceKit, Copyright (c) 2020 USC Institute for Creative Technologies)"}
    write_entry("face_model", description, {"npz": file}, options.out / MANIFEST.name)
    print(f"{len(mean)} vertices, {len(surface.triangles)} triangles, {file.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

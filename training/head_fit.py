"""Fit the parametric head to the face-mesh landmarks of every training crop.

Gives each crop a pose (weak perspective), identity and expression weights, and figures that say how far to trust them.
The pose comes first, from an almost rigid head; what is left is shape.
The correspondence between the mesh's 468 points and the head's vertices is not published; it is found here by fitting
the head to the mean of the frontal meshes and taking the nearest vertex.
"""

from __future__ import annotations

import argparse
from copy import copy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from fpn.rotations import angles_from_rotation, rotation_from_angles
from training.head_model import HeadModel, load_head_model
from training.mesh_landmarks import crop_rows

Float = npt.NDArray[np.float64]

IDENTITY_COUNT = 60
EXPRESSION_COUNT = 53
IDENTITY_RIDGE = 30.0
"""Residual variance over prior variance, mm^2; tenfold what independent landmark errors of 2 mm would ask for, because
neighbouring landmarks err together."""
EXPRESSION_RIDGE = 150.0
POSE_IDENTITY_RIDGE, POSE_EXPRESSION_RIDGE = 300.0, 1e6
"""The pose is that of an almost rigid average face. With all freedom, raised brows and pursed lips explain what is
pitch; fits then scatter by 5.3 degrees around the truth of twenty near-frontal validation images, so by 3.6, and what a
network taught by the former reads is 6 degrees from its own labels where those say that the brows are high.
"""
OUTLINE_MM, OUTLINE_WEIGHT = 25.0, 0.05
"""Points further behind the eyes than this lie on the outline, which slides along the cheek as the head turns."""
ROUNDS = 8
YAW_LOST, YAW_LOST_CUBIC = 0.06, 3e-5
"""What the mesh misses of a yaw y that it reads, in degrees: YAW_LOST y + YAW_LOST_CUBIC y^3, to 50 degrees.

Measured on drawn pictures (`training.label_check`): frontal photographs turned by 33 degrees are read as 30, by 46 as
41; and photographs read as 36 look 3 degrees to their side when they have been turned back to the front by 36. Networks
taught by the uncorrected labels came to read real faces at 30 to 60 degrees short, and drawn ones right.
"""

# Points of the 468 that sit on corners everybody agrees about, and their place among the 68 (300W order).
ANCHORS = {
    33: 36, 160: 37, 158: 38, 133: 39, 153: 40, 144: 41, 362: 42, 385: 43, 387: 44, 263: 45, 373: 46, 380: 47,
    168: 27, 197: 28, 5: 29, 4: 30, 2: 33, 61: 48, 39: 49, 37: 50, 0: 51, 267: 52, 269: 53, 291: 54,
    405: 55, 314: 56, 17: 57, 84: 58, 181: 59, 152: 8, 105: 19, 334: 24,
}  # fmt: skip


@dataclass(frozen=True)
class SimilarityPose:
    """points = scale * rotation @ head + translation: scale (n,) px/mm, rotation (n, 3, 3), translation (n, 3) px."""

    scale: Float
    rotation: Float
    translation: Float


def align(heads: Float, points: Float, weights: Float) -> SimilarityPose:
    """The similarity that best takes head points (n, p, 3) or (p, 3) to measured ones (n, p, 3); weights (p,) sum to 1.

    Umeyama 1991, "Least-squares estimation of transformation parameters between two point patterns".
    """
    heads = np.broadcast_to(heads, points.shape)
    head_mean = np.einsum("p,npk->nk", weights, heads)
    point_mean = np.einsum("p,npk->nk", weights, points)
    h, q = heads - head_mean[:, None], points - point_mean[:, None]
    u, d, vt = np.linalg.svd(np.einsum("p,npi,npj->nij", weights, q, h))
    sign = np.ones_like(d)
    sign[:, 2] = np.linalg.det(u @ vt)
    rotation = (u * sign[:, None, :]) @ vt
    scale = (d * sign).sum(1) / np.einsum("p,npk,npk->n", weights, h, h)
    translation = point_mean - scale[:, None] * np.einsum("nij,nj->ni", rotation, head_mean)
    return SimilarityPose(scale, rotation, translation)


def mirror_order(landmarks: Float) -> npt.NDArray[np.int64]:
    """For each of the 468 points its mirror image's number, (468,), from frontal crops (n, 2, 468, 3), both ways."""
    plain = np.nanmean(landmarks[:, 0] - landmarks[:, 0].mean(1, keepdims=True), axis=0)
    mirrored = np.nanmean(landmarks[:, 1] - landmarks[:, 1].mean(1, keepdims=True), axis=0)
    _, order = cKDTree(plain).query(mirrored)
    if not np.array_equal(order[order], np.arange(len(order))):
        raise ValueError("the mesh's left-right order could not be found; the frontal crops are too few or too skewed")
    return np.asarray(order, np.int64)


class HeadFitter:
    """Linear least squares for shape and Procrustes for pose in turn, over all crops at once."""

    def __init__(self, model: HeadModel, vertices: npt.NDArray[np.int64], weights: Float) -> None:
        self.weights = weights / weights.sum()
        identity = model.identity[:IDENTITY_COUNT, vertices].reshape(IDENTITY_COUNT, -1)
        expression = model.expression[:EXPRESSION_COUNT, vertices].reshape(EXPRESSION_COUNT, -1)
        self.basis = np.concatenate([identity, expression]).astype(np.float64)
        self.neutral = model.neutral[vertices].astype(np.float64)
        self.regularise(IDENTITY_RIDGE, EXPRESSION_RIDGE)

    def regularise(self, identity: float, expression: float) -> None:
        """Set how much is thought of the priors: residual variance over prior variance of the weights, mm^2."""
        per_value = np.repeat(self.weights * len(self.neutral), 3)
        normal = (self.basis * per_value) @ self.basis.T
        ridge = np.repeat([identity, expression], [IDENTITY_COUNT, EXPRESSION_COUNT])
        self.solve = np.linalg.solve(normal + np.diag(ridge), self.basis * per_value)

    def fit(self, points: Float, rotation: Float | None = None) -> tuple[SimilarityPose, Float, Float]:
        """Pose, shape weights (n, 113) and residual (n,) in mm of measured points (n, 468, 3) in pixels.

        rotation: (n, 3, 3) where it is known already; scale, translation and shape are fitted to it.
        """
        coefficients = np.zeros((len(points), len(self.basis)))
        for _ in range(ROUNDS):
            pose = self._pose(coefficients, points, rotation)
            local = np.einsum("nji,npj->npi", pose.rotation, points - pose.translation[:, None])
            offsets = local / pose.scale[:, None, None] - self.neutral
            coefficients = offsets.reshape(len(points), -1) @ self.solve.T
            coefficients[:, :IDENTITY_COUNT] = coefficients[:, :IDENTITY_COUNT].clip(-2.5, 2.5)
            coefficients[:, IDENTITY_COUNT:] = coefficients[:, IDENTITY_COUNT:].clip(0, 1)
        pose = self._pose(coefficients, points, rotation)
        shapes = self._shapes(coefficients)
        posed = np.einsum("nij,npj->npi", pose.rotation, shapes) * pose.scale[:, None, None] + pose.translation[:, None]
        squared = ((posed - points) ** 2).sum(-1) @ self.weights
        return pose, coefficients, np.sqrt(squared) / pose.scale

    def _shapes(self, coefficients: Float) -> Float:
        return self.neutral + (coefficients @ self.basis).reshape(len(coefficients), -1, 3)

    def _pose(self, coefficients: Float, points: Float, rotation: Float | None) -> SimilarityPose:
        shapes = self._shapes(coefficients)
        if rotation is None:
            return align(shapes, points, self.weights)
        turned = np.einsum("nij,npj->npi", rotation, shapes)
        head_mean, point_mean = (np.einsum("p,npk->nk", self.weights, each) for each in (turned, points))
        h, q = turned - head_mean[:, None], points - point_mean[:, None]
        scale = np.einsum("p,npk,npk->n", self.weights, h, q) / np.einsum("p,npk,npk->n", self.weights, h, h)
        return SimilarityPose(scale, rotation, point_mean - scale[:, None] * head_mean)


def pose_fitter(fitter: HeadFitter, frontal: Float) -> HeadFitter:
    """The fitter whose rotation is a crop's (see `POSE_IDENTITY_RIDGE`), for the vertices and weights of `fitter`.

    frontal: (n, 468, 3) pixels of many faces; as `fitter` sees them on average is the face that is turned.
    """
    rigid = copy(fitter)
    outline = fitter.neutral[:, 2] > OUTLINE_MM
    rigid.weights = fitter.weights * np.where(outline, OUTLINE_WEIGHT, 1.0)
    rigid.weights /= rigid.weights.sum()
    rigid.neutral = fitter.neutral + (fitter.fit(frontal)[1].mean(0) @ fitter.basis).reshape(-1, 3)
    rigid.regularise(POSE_IDENTITY_RIDGE, POSE_EXPRESSION_RIDGE)
    return rigid


def with_lost_yaw(rotation: Float) -> Float:
    """Rotations (n, 3, 3) as they are where the mesh reads `rotation` (see `YAW_LOST`)."""
    yaw, pitch, roll = angles_from_rotation(rotation)
    read = np.clip(yaw, -50, 50)
    return rotation_from_angles(yaw + YAW_LOST * read + YAW_LOST_CUBIC * read**3, pitch, roll)


def correspond(model: HeadModel, mean_mesh: Float) -> tuple[npt.NDArray[np.int64], Float]:
    """The head vertex (468,) nearest to each point of the mean frontal mesh (468, 3), and that distance in mm.

    The head is first brought into the mean mesh's shape: anchors alone at first, then all points by turns.
    """
    anchors = np.array(list(ANCHORS))
    vertices = model.landmarks68[np.array(list(ANCHORS.values()))].astype(np.int64)
    fitter = HeadFitter(model, vertices, np.ones(len(vertices)))
    pose, coefficients, _ = fitter.fit(mean_mesh[None, anchors])
    face = np.arange(*model.parts["face"])
    for _ in range(6):
        shape = model.shape(coefficients[0, :IDENTITY_COUNT], coefficients[0, IDENTITY_COUNT:])
        local = (mean_mesh - pose.translation[0]) @ pose.rotation[0] / pose.scale[0]
        distance, nearest = cKDTree(shape[face]).query(local)
        found = face[nearest].astype(np.int64)
        found[anchors] = vertices
        fitter = HeadFitter(model, found, np.ones(len(found)))
        pose, coefficients, _ = fitter.fit(mean_mesh[None])
    return found, distance


@dataclass(frozen=True)
class MeshFit:
    """What turns mesh points into heads.

    shape, pose: the free fitter and the rigid one. order: each point's mirror image, (468,). frontal: (n,) crops seen
    from the front, from which all of it was found. landmarks: (n, 468, 3), the means of each crop and its mirror image.
    disagreement: (n,), their distance in pixels. vertices: the head's vertex at each point, (468,).
    """

    shape: HeadFitter
    pose: HeadFitter
    order: npt.NDArray[np.int64]
    frontal: npt.NDArray[np.bool_]
    landmarks: npt.NDArray[np.float32]
    disagreement: npt.NDArray[np.float32]
    vertices: npt.NDArray[np.int64]

    @classmethod
    def find(cls, model: HeadModel, rows: list[dict[str, str]], landmarks: npt.NDArray[np.float32]) -> MeshFit:
        """From all crops: `rows` of the csv and landmarks (n, 2, 468, 3) of `training.mesh_landmarks`."""
        seen = np.isfinite(landmarks).all((1, 2, 3))
        number = {key: np.array([float(row[key] or "nan") for row in rows]) for key in rows[0] if key[:5] == "mesh_"}
        upright = (np.abs(number["mesh_roll_deg"]) < 5) & (np.abs(number["mesh_pitch_deg"]) < 10)
        frontal = seen & upright & (np.abs(number["mesh_yaw_deg"]) < 6) & (number["mesh_rmse"] < 0.06)
        order = mirror_order(landmarks[frontal])
        both = (landmarks[:, 0] + landmarks[:, 1][:, order]) / 2
        disagreement = np.sqrt(((landmarks[:, 0] - landmarks[:, 1][:, order]) ** 2).sum(-1).mean(-1))

        uniform = np.full(both.shape[1], 1 / both.shape[1])
        mean_mesh = both[frontal][0].astype(np.float64)
        for _ in range(4):
            pose = align(mean_mesh, both[frontal], uniform)
            local = np.einsum("nji,npj->npi", pose.rotation, both[frontal] - pose.translation[:, None])
            mean_mesh = (local / pose.scale[:, None, None]).mean(0)
            mean_mesh -= mean_mesh.mean(0)
            mean_mesh = (mean_mesh + mean_mesh[order] * [-1, 1, 1]) / 2
        vertices, distance = correspond(model, mean_mesh)
        print(f"{frontal.sum()} frontal crops; mean mesh lies {distance.mean():.2f} mm from the head's vertices")

        # The outline slides along the cheek as the head turns, and lids and lips move most: they count less.
        fitter = HeadFitter(model, vertices, np.exp(-((distance / 4) ** 2)))
        poser = pose_fitter(fitter, both[frontal].astype(np.float64))
        return cls(fitter, poser, order, frontal, both, disagreement, vertices)


def main(argv: list[str] | None = None) -> int:
    """Fit all crops and write `fits.npz`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faces", type=Path, required=True, help="folder with faces.csv")
    parser.add_argument("--head", type=Path, required=True, help="ict_facekit.npz")
    parser.add_argument("--landmarks", type=Path, required=True, help="landmarks.npy of training.mesh_landmarks")
    parser.add_argument("--out", type=Path, required=True, help="fits.npz to write")
    parser.add_argument("--opinions", type=Path, help="file of the second-opinion stage, to move poses by")
    options = parser.parse_args(argv)
    rows = crop_rows(options.faces)
    mesh = MeshFit.find(load_head_model(options.head), rows, np.load(options.landmarks))
    count = len(rows)
    scale, rotation = np.full(count, np.nan), np.full((count, 3, 3), np.nan)
    translation, residual = np.full((count, 3), np.nan), np.full(count, np.nan)
    weights = np.full((count, len(mesh.shape.basis)), np.nan, np.float32)
    seen = np.isfinite(mesh.disagreement)
    moved = np.tile(np.eye(3), (count, 1, 1))
    if options.opinions:
        with np.load(options.opinions) as opinions:
            moved[opinions["photo"]] = Rotation.from_rotvec(opinions["turn_deg"], degrees=True).as_matrix()
    for part in np.array_split(np.flatnonzero(seen), max(1, seen.sum() // 1000)):
        points = mesh.landmarks[part].astype(np.float64)
        known = with_lost_yaw(mesh.pose.fit(points)[0].rotation) @ moved[part]
        pose, weights[part], residual[part] = mesh.shape.fit(points, known)
        scale[part], rotation[part], translation[part] = pose.scale, pose.rotation, pose.translation
    np.savez(
        options.out,
        scale=scale,
        rotation=rotation,
        translation=translation,
        identity=weights[:, :IDENTITY_COUNT],
        expression=weights[:, IDENTITY_COUNT:],
        residual_mm=residual,
        disagreement_px=mesh.disagreement,
        mesh_vertices=mesh.vertices,
        mesh_mirror=mesh.order,
    )
    _, pitch, _ = angles_from_rotation(rotation[mesh.frontal])
    theirs = np.array([float(row["mesh_pitch_deg"] or "nan") for row in rows])[mesh.frontal]
    print(f"residual {np.nanmedian(residual):.2f} mm median, {np.nanpercentile(residual, 95):.2f} 95 %")
    print(f"pitch minus the csv's on frontal crops: {np.nanmedian(pitch - theirs):+.2f} deg")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

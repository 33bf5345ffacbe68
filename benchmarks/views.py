"""Views of synthetic heads against the same heads drawn from the view's own side; steadiness, placement, speed.

`python -m benchmarks.views --help`. Every figure stands beside that of the seed's method (`benchmarks.seed_views`) in
the same run. The heads are the face model's with random weights; with `--head` they are ICT-FaceKit's own, of more
components than the face model has.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.machine import machine_line
from benchmarks.seed_views import SeedView, cut_crop, render_seed_view
from fpn.camera import Camera
from fpn.estimator import FacePoseEstimator
from fpn.lift import region_of
from fpn.network import IDENTITY_COUNT
from fpn.pose import HeadPose
from fpn.rotations import rotation_from_angles
from models.face_model import FaceModel, load_face_model
from renderer import Frontalizer, TrackedFace, View, frontalize
from renderer.synthetic_head import SyntheticHead
from renderer.view import PIVOT_MM, SEED_YAWS_DEG, pixels_per_mm
from renderer.zbuffer import interpolate, rasterise

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]
Picture = npt.NDArray[np.uint8]

SIZE = 224
SEED = "seed"
_WIDTH, _HEIGHT = 1280, 720
_YAWS_DEG = (0, 15, 30, 45, 60, 75)
_HIDDEN_MM = 3.0
_FACE_DEPTH_MM, _JAW_MM = 85.0, 112.0
_NOISE = 3.0
_RATE_HZ, _BLOCK = 30, 15
_SPOT_PX, _SEARCH_PX = 5, 25.0
EYES = slice(36, 48)


@dataclass(frozen=True)
class Scene:
    """A photograph of a synthetic head and what is true of it.

    weights: (50,) of the face model, nearest to the head's shape.
    """

    image: Picture
    head: SyntheticHead
    pose: HeadPose
    camera: Camera
    weights: Float32


def make_scene(model: FaceModel, yaw_deg: float, seed: int, vertices: Float32 | None = None) -> Scene:
    """A head somewhere before the camera, turned to `yaw_deg`, lit from a random side, before a soft background."""
    rng = np.random.default_rng(seed)
    weights = np.clip(rng.normal(0, 1, len(model.components)), -2, 2).astype(np.float32) * np.float32(0.7)
    if vertices is None:
        vertices = model.shape(weights)
    else:
        weights = nearest_weights(model, vertices)
    rotation = rotation_from_angles(yaw_deg, rng.uniform(-12, 12), rng.uniform(-15, 15))
    translation = np.array([rng.uniform(-120, 120), rng.uniform(-60, 40), rng.uniform(480, 760)])
    towards_light = rotation.T @ np.array([rng.uniform(-0.8, 0.8), -0.4, -0.8])
    head = SyntheticHead.average(model, towards_light / np.linalg.norm(towards_light), vertices, seed)
    camera = Camera.from_fov(_WIDTH, _HEIGHT)
    spots = rng.uniform(30, 220, (9, 16, 3)).astype(np.float32)
    background = cv2.resize(spots, (_WIDTH, _HEIGHT), interpolation=cv2.INTER_CUBIC).clip(0, 255).astype(np.uint8)
    image = head.photograph(camera, rotation, translation, background)
    return Scene(image, head, HeadPose(rotation, translation, np.eye(3), np.eye(3)), camera, weights)


def nearest_weights(model: FaceModel, vertices: Float32) -> Float32:
    """Least squares over the vertices of the face."""
    face = np.flatnonzero((model.mean[:, 2] < _FACE_DEPTH_MM) & (model.mean[:, 1] < _JAW_MM))[::4]
    basis = model.components[:, face].reshape(len(model.components), -1).astype(np.float64)
    wanted = (vertices - model.mean)[face].ravel().astype(np.float64)
    ridge = 30.0 * np.eye(len(basis))
    return np.linalg.solve(basis @ basis.T + ridge, basis @ wanted).astype(np.float32)


def truth_of(
    scene: Scene, view: View, distance_mm: float
) -> tuple[Picture, npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """The head from the view's own side (size, size, 3), its face there (size, size), and what the camera saw of it."""
    picture, covered, points = scene.head.from_side(view, SIZE, distance_mm)
    face = covered & (points[..., 2] < _FACE_DEPTH_MM) & (points[..., 1] < _JAW_MM)
    return picture, face, seen_by_camera(scene, points.reshape(-1, 3)).reshape(SIZE, SIZE)


def seen_by_camera(scene: Scene, points: Float32) -> npt.NDArray[np.bool_]:
    """Which of the points (n, 3) of the head, head frame, nothing hides in the photograph, (n,)."""
    posed = (scene.head.vertices @ scene.pose.rotation.T + scene.pose.translation).astype(np.float32)
    screen = np.column_stack([scene.camera.project(posed), posed[:, 2]])
    triangles = scene.head.model.triangles
    index, weights = rasterise(screen, triangles, (_HEIGHT, _WIDTH))
    depth = interpolate(index, weights, triangles, posed[:, 2:])[..., 0]
    depth[index < 0] = np.inf
    at = points.astype(np.float64) @ scene.pose.rotation.T + scene.pose.translation
    x, y = np.rint(scene.camera.project(at)).astype(int).T
    inside = (x >= 0) & (y >= 0) & (x < _WIDTH) & (y < _HEIGHT)
    seen = np.zeros(len(at), bool)
    seen[inside] = at[inside, 2] <= depth[y[inside], x[inside]] + _HIDDEN_MM
    return seen


Method = Callable[[Scene, View], Picture]


def errors(scenes: list[Scene], view: View, methods: dict[str, Method]) -> dict[str, tuple[float, float]]:
    """Mean absolute difference in grey levels on the face, where the camera saw it and where it did not, by method."""
    seen_errors: dict[str, list[Float64]] = {name: [] for name in methods}
    unseen_errors: dict[str, list[Float64]] = {name: [] for name in methods}
    for scene in scenes:
        # Each method is compared with what it is to show: the seed's views have no perspective, ours the camera's.
        from_afar = truth_of(scene, view, np.inf)
        from_there = truth_of(scene, view, float(np.linalg.norm(scene.pose.translation)))
        for name, method in methods.items():
            truth, face, seen = from_afar if name == SEED else from_there
            difference = np.abs(method(scene, view).astype(np.float64) - truth).mean(-1)
            seen_errors[name].append(difference[face & seen])
            unseen_errors[name].append(difference[face & ~seen])
    return {
        name: (float(np.concatenate(seen_errors[name]).mean()), float(np.concatenate(unseen_errors[name]).mean()))
        for name in methods
    }


def seed_method(scene: Scene, view: View) -> Picture:
    """The seed's view with the true pose."""
    crop, to_crop = cut_crop(scene.image, scene.pose, scene.camera)
    return render_seed_view(crop, to_crop, scene.pose, scene.camera, SeedView.of(view, SIZE))


def mean_face(scene: Scene, view: View) -> Picture:
    """Our view with the true pose and nothing known of the shape."""
    return frontalize(scene.image, scene.pose, scene.camera, view).picture


def own_face(scene: Scene, view: View) -> Picture:
    """Our view with the true pose and the nearest weights."""
    return frontalize(scene.image, scene.pose, scene.camera, view, shape=scene.weights).picture


class Estimated:
    """Our view with what the network makes of the picture."""

    def __init__(self) -> None:
        self._estimator = FacePoseEstimator("cpu")

    def __call__(self, scene: Scene, view: View) -> Picture:
        """The view of the estimated pose and, where the network gives it, shape."""
        region = region_of(scene.pose, scene.camera)
        for _ in range(2):
            (estimate,) = self._estimator.estimate(scene.image, [region], scene.camera)
            region = estimate.roi
        shape = getattr(estimate, "shape", None)
        return frontalize(scene.image, estimate.pose, scene.camera, view, shape=shape).picture


def placement(scenes: list[Scene], shape_known: bool) -> tuple[float, float]:
    """How far eyes, and all 68 landmarks, lie from the generic face's places in the frontal view: mean in its pixels.

    Only those that the camera saw. A landmark is found by frontalizing a black picture with a bright spot where the
    true head has it.
    """
    distances = np.full((len(scenes), 68), np.nan)
    for row, scene in zip(distances, scenes, strict=True):
        model = scene.head.model
        nearness = 1 / (1 + model.mean[model.landmarks68, 2:] / np.linalg.norm(scene.pose.translation))
        places_mm = (model.mean[model.landmarks68] - PIVOT_MM)[:, :2] * nearness
        generic = places_mm * pixels_per_mm(SIZE) + (SIZE - 1) / 2
        posed = scene.head.vertices[model.landmarks68] @ scene.pose.rotation.T + scene.pose.translation
        shape = scene.weights if shape_known else None
        seen = seen_by_camera(scene, scene.head.vertices[model.landmarks68])
        for number, pixel in enumerate(scene.camera.project(posed)):
            if not seen[number]:
                continue
            spot = np.zeros_like(scene.image)
            cv2.circle(
                spot, np.rint(pixel * 16).astype(int).tolist(), _SPOT_PX * 16, (255, 255, 255), -1, cv2.LINE_AA, 4
            )
            view = frontalize(spot, scene.pose, scene.camera, shape=shape)
            shown = view.picture[..., 0] * (view.visibility > 0.5)
            near = np.hypot(*(np.mgrid[:SIZE, :SIZE][::-1] - generic[number][:, None, None])) < _SEARCH_PX
            weight = np.where(near, shown, 0.0)
            if weight.max() > 100:
                found = np.array([(weight * axis).sum() for axis in np.mgrid[:SIZE, :SIZE][::-1]]) / weight.sum()
                row[number] = np.hypot(*(found - generic[number]))
    return float(np.nanmean(distances[:, EYES])), float(np.nanmean(distances))


def flicker(scene: Scene, frames: int = 24) -> tuple[float, float, float]:
    """Mean absolute change from frame to frame of a still head under camera noise: the face in the picture itself, in
    our frontal view of a track, in the seed's frontal view; grey levels.
    """
    rng = np.random.default_rng(0)
    _, face, _ = truth_of(scene, View(), np.inf)
    region = region_of(scene.pose, scene.camera)
    half = region.side / 3
    part = np.s_[
        round(region.center_y - half) : round(region.center_y + half),
        round(region.center_x - half) : round(region.center_x + half),
    ]
    frontalizer = Frontalizer()
    shown: dict[str, list[Float64]] = {"input": [], "ours": [], "seed": []}
    for number in range(frames):
        noisy = np.clip(scene.image + rng.normal(0, _NOISE, scene.image.shape), 0, 255).astype(np.uint8)
        tracked = TrackedFace(1, scene.pose, scene.weights)
        ((view,),) = frontalizer.render(noisy, [tracked], scene.camera, number / 30)
        crop, to_crop = cut_crop(noisy, scene.pose, scene.camera)
        seed = render_seed_view(crop, to_crop, scene.pose, scene.camera, SeedView.of(View(), SIZE))
        shown["input"].append(noisy[part].astype(float))
        shown["ours"].append(view.picture[face].astype(float))
        shown["seed"].append(seed[face].astype(float))
    change = {name: np.mean(np.abs(np.diff(np.stack(values[8:]), axis=0))) for name, values in shown.items()}
    return float(change["input"]), float(change["ours"]), float(change["seed"])


def speed(scene: Scene, blocks: int) -> dict[str, float]:
    """Milliseconds a face of a video of 30 frames a second, in which the head turns to and fro and speaks.

    Methods take turns, half a second of video each, as some steps are not taken in every frame; the mean of the better
    half of these turns leaves out what else the machine did.
    """
    views = tuple(View(yaw) for yaw in SEED_YAWS_DEG)
    one, five = Frontalizer(), Frontalizer(views)
    faces = [_at_time(scene, number / _RATE_HZ) for number in range(_RATE_HZ)]
    seed_views = [SeedView.of(view, SIZE) for view in views]

    def ours(renderer: Frontalizer, number: int) -> None:
        renderer.render(scene.image, [faces[number % _RATE_HZ]], scene.camera, number / _RATE_HZ)

    def seed(chosen: list[SeedView], number: int) -> None:
        pose = faces[number % _RATE_HZ].pose
        crop, to_crop = cut_crop(scene.image, pose, scene.camera)
        for view in chosen:
            render_seed_view(crop, to_crop, pose, scene.camera, view)

    turns: dict[str, Callable[[int], None]] = {
        "one view": partial(ours, one),
        "five views": partial(ours, five),
        "one view, seed": partial(seed, seed_views[:1]),
        "five views, seed": partial(seed, seed_views),
    }
    times: dict[str, list[float]] = {name: [] for name in turns}
    for block in range(blocks):
        for name, turn in turns.items():
            started = time.perf_counter()
            for number in range(block * _BLOCK, (block + 1) * _BLOCK):
                turn(number)
            times[name].append((time.perf_counter() - started) / _BLOCK)
    return {name: 1000 * statistics.mean(sorted(values)[: (blocks + 1) // 2]) for name, values in times.items()}


def _at_time(scene: Scene, time_s: float) -> TrackedFace:
    """The head of a scene, turned by up to 5 degrees and with another expression, once to and fro in a second."""
    phase = np.sin(2 * np.pi * time_s)
    rotation = scene.pose.rotation @ rotation_from_angles(5 * phase, 0, 0)
    weights = scene.weights.copy()
    weights[IDENTITY_COUNT:] += np.float32(0.4 * phase)
    return TrackedFace(1, HeadPose(rotation, scene.pose.translation, np.eye(3), np.eye(3)), weights)


def print_truth(scenes: dict[int, list[Scene]], methods: dict[str, Method]) -> None:
    """Error by the head's own yaw and the view's."""
    print("Mean absolute error on the face, grey levels of 255: seen by the camera / not seen by it")
    print(f"{'head':>5} {'view':>5}  " + "".join(f"{name:>20}" for name in methods))
    for yaw, at_yaw in scenes.items():
        for view in (View(), View(40), View(75)):
            found = errors(at_yaw, view, methods)
            cells = "".join(f"{seen:>11.1f} / {unseen:<6.1f}" for seen, unseen in found.values())
            print(f"{yaw:>5} {view!s:>5}  {cells}")


def main(argv: list[str] | None = None) -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.views", description=__doc__)
    parser.add_argument("--heads", type=int, default=4, help="heads for every yaw (default: %(default)s)")
    parser.add_argument("--blocks", type=int, default=14, help="half seconds of timing (default: %(default)s)")
    parser.add_argument("--head", type=Path, help="ict_facekit.npz: draw the heads with all its components")
    parser.add_argument("--estimated", action="store_true", help="also with the network's own pose and shape")
    options = parser.parse_args(argv)
    model = load_face_model()
    draw = _shapes_of(options.head) if options.head else lambda seed: None
    scenes = {
        yaw: [make_scene(model, yaw, 100 * yaw + head, draw(100 * yaw + head)) for head in range(options.heads)]
        for yaw in _YAWS_DEG
    }
    methods: dict[str, Method] = {SEED: seed_method, "mean face": mean_face, "own shape": own_face}
    if options.estimated:
        methods["estimated"] = Estimated()
    print(machine_line())
    print_truth(scenes, methods)

    print("\nEyes / all landmarks from the generic face's places in the frontal view, pixels of 224")
    for yaw, at_yaw in scenes.items():
        print(f"{yaw:>5}  {'{:.1f} / {:.1f}'.format(*placement(at_yaw[:2], True))}")

    print("\nChange from frame to frame of a still head under camera noise, grey levels: input, ours, seed")
    for yaw in (0, 45):
        print(f"{yaw:>5}  {'{:.2f}, {:.2f}, {:.2f}'.format(*flicker(scenes[yaw][0]))}")

    print("\nMilliseconds a face")
    for yaw in (0, 45):
        found = speed(scenes[yaw][0], options.blocks)
        for count in ("one view", "five views"):
            ratio = found[f"{count}, seed"] / found[count]
            print(
                f"head at {yaw:>2}, {count}: {found[count]:.2f}, seed {found[f'{count}, seed']:.2f}, {ratio:.1f} times"
            )
    return 0


def _shapes_of(head_file: Path) -> Callable[[int], Float32]:
    """Draws vertices of heads of all components of ICT-FaceKit, expression included."""
    from training.face_model import closed_surface
    from training.head_model import load_head_model

    head = load_head_model(head_file)
    surface = closed_surface(head)

    def draw(seed: int) -> Float32:
        rng = np.random.default_rng(seed)
        expression = np.where(rng.random(53) < 0.15, rng.uniform(0, 0.6, 53), 0)
        return surface.carry(head.shape(np.clip(rng.normal(0, 0.7, 100), -2, 2), expression)) + surface.bulge

    return draw


if __name__ == "__main__":
    raise SystemExit(main())

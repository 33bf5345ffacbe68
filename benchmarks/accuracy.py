"""Accuracy against ground truth: image lists and the demo clip. `python -m benchmarks.accuracy --help`.

Image lists are csv files in the form of `image, R00..R22, box_x, box_y, box_w, box_h` and optionally `f_px, cx_px,
cy_px`; the given box is looked at, then the region the network proposes, as the program does with a list. Without a
focal length the picture is taken as a crop of a photograph, seen from far away.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from fpn.camera import Camera
from fpn.estimator import FacePoseEstimator
from fpn.metrics import GIMBAL_LOCK_DEG, angle_errors_deg, bootstrap_mean, without_constant_rotation
from fpn.roi import Box, Roi
from fpn.rotations import angles_from_rotation, geodesic_deg
from tracker import HeadPoseTracker
from tracker.sources import DEMO_CLIP, open_source

Float = npt.NDArray[np.float64]

_FAR_FOV_DEG = 10.0
_YAW_RANGES = ((0, 30), (30, 60), (60, 90.01))


@dataclass(frozen=True)
class Row:
    """One image of a list, its first region, its camera and the true rotation (3, 3)."""

    image: Path
    box: Box
    camera: Camera | None
    rotation: Float


def read_truth(path: Path) -> list[Row]:
    """The rows of an image list with ground truth. Raises ValueError naming the line that cannot be read."""
    rows = []
    with path.open(newline="", encoding="utf-8") as file:
        for line, entry in enumerate(csv.DictReader(file), start=2):
            try:
                focal = float(entry.get("f_px") or 0)
                camera = None
                if focal:
                    cx, cy = float(entry["cx_px"]), float(entry["cy_px"])
                    K = np.array([[focal, 0, cx], [0, focal, cy], [0, 0, 1]])
                    camera = Camera(K=K, distortion=np.zeros(0), width=0, height=0)
                rotation = np.array([[float(entry[f"R{i}{j}"]) for j in range(3)] for i in range(3)])
                box = Box(*(float(entry[f"box_{key}"]) for key in ("x", "y", "w", "h")))
                rows.append(Row(path.parent / entry["image"], box, camera, rotation))
            except (KeyError, ValueError) as error:
                raise ValueError(f"{path}: line {line}: {error!r}") from error
    return rows


def estimate_rotations(estimator: FacePoseEstimator, rows: Iterable[Row], looks: int = 2) -> Float:
    """Rotations (n, 3, 3), each after `looks` looks."""
    rotations = []
    for row in rows:
        image = cv2.imread(str(row.image))
        if image is None:
            raise ValueError(f"{row.image}: not a readable image")
        camera = row.camera or Camera.from_fov(image.shape[1], image.shape[0], _FAR_FOV_DEG)
        region = Roi.around(row.box)
        for _ in range(looks):
            estimate = estimator.estimate(np.asarray(image, np.uint8), [region], camera)[0]
            region = estimate.roi
        rotations.append(estimate.pose.rotation)
    return np.array(rotations)


def report_list(name: str, estimated: Float, truth: Float) -> None:
    """Print one table: all rows, by true yaw, angle by angle, and with the best constant rotation removed."""
    error = geodesic_deg(estimated, truth)
    aligned = geodesic_deg(without_constant_rotation(estimated, truth), truth)
    yaw, pitch, _ = angles_from_rotation(truth)
    print(f"\n{name}: {len(truth)} images, geodesic error in degrees, mean [95 % bootstrap interval]")
    print(f"  all                 {bootstrap_mean(error)}   median {np.median(error):.2f}   worst {error.max():.1f}")
    for low, high in _YAW_RANGES:
        chosen = (np.abs(yaw) >= low) & (np.abs(yaw) < high)
        if chosen.any():
            print(f"  |yaw| {low:2.0f} to {high:2.0f} ({chosen.sum():2d})  {bootstrap_mean(error[chosen])}")
    print(f"  best constant rotation removed   {bootstrap_mean(aligned)}")
    plain = (np.abs(pitch) < GIMBAL_LOCK_DEG) & (np.abs(yaw) < GIMBAL_LOCK_DEG)
    angles = angle_errors_deg(estimated[plain], truth[plain]).mean(0)
    print(f"  yaw / pitch / roll mean absolute ({plain.sum()} away from gimbal lock)   "
          f"{angles[0]:.2f} / {angles[1]:.2f} / {angles[2]:.2f}   MAE {angles.mean():.2f}")  # fmt: skip


def demo_errors(smoothing: str, device: str, weights: Path | None) -> tuple[Float, Float, int]:
    """Geodesic (degrees) and position (mm) errors of the demo clip's tracked frames, and how many frames it has."""
    with DEMO_CLIP.with_name("demo_truth.csv").open(newline="") as file:
        entries = [{key: float(value) for key, value in entry.items()} for entry in csv.DictReader(file)]
    rotations = Rotation.from_quat([[entry[f"q{axis}"] for axis in "xyzw"] for entry in entries]).as_matrix()
    positions = np.array([[entry[f"t{axis}_mm"] for axis in "xyz"] for entry in entries])
    turned, moved = [], []
    with (
        open_source("demo") as source,
        HeadPoseTracker(smoothing=smoothing, device=device, weights=weights) as tracker,
    ):
        for frame in source:
            poses = [pose for pose in tracker.update(frame.image, frame.time_s) if pose.state.value != "coasting"]
            if len(poses) != 1:
                continue
            pose = poses[0].pose
            turned.append(float(geodesic_deg(pose.rotation, rotations[frame.index])))
            moved.append(float(np.linalg.norm(pose.translation - positions[frame.index])))
    return np.array(turned), np.array(moved), len(entries)


def main(argv: list[str] | None = None) -> int:
    """Score the lists that are given, and the demo clip."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy", description=__doc__)
    parser.add_argument("--truth", type=Path, nargs="*", default=[], help="image lists with ground truth")
    parser.add_argument("--weights", type=Path, default=None, help="manifest of other weights")
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "gpu"))
    options = parser.parse_args(argv)
    estimator = FacePoseEstimator(device=options.device, weights=options.weights)
    for path in options.truth:
        rows = read_truth(path)
        estimated = estimate_rotations(estimator, rows)
        truth = np.array([row.rotation for row in rows])
        known = np.array([row.camera is not None for row in rows])
        for kind, chosen in (("seen from far", ~known), ("known camera", known)):
            if chosen.any():
                report_list(f"{path.parent.name}, {kind}", estimated[chosen], truth[chosen])
        order = np.argsort(-geodesic_deg(estimated, truth))[:5]
        worst = ", ".join(f"{rows[i].image.stem} {geodesic_deg(estimated[i], truth[i]):.0f}" for i in order)
        print(f"  worst: {worst}")
    for smoothing in ("off", "default"):
        turned, moved, count = demo_errors(smoothing, options.device, options.weights)
        print(f"\ndemo clip, smoothing {smoothing}: {len(turned)} of {count} frames tracked")
        if len(turned):
            print(f"  geodesic error {turned.mean():.2f} degrees mean, {np.quantile(turned, 0.95):.2f} 95 %, "
                  f"{turned.max():.2f} worst; position {moved.mean():.1f} mm mean")  # fmt: skip
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""Accuracy against ground truth, as Markdown tables: lists of images, the demo clip, rendered clips.

Every list that is given is scored for errors by yaw range and angle, for robustness against disturbed boxes and
pictures, for in-plane turns and mirroring, and for the honesty of the claimed uncertainty. `benchmarks.portraits` has
the form of lists, docs/accuracy.md how things are measured.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.claims import Claims, bins_table, coverage_table, plot_claims
from benchmarks.clip_errors import clip_errors, clips_table, demo_clip, drawn_clips
from benchmarks.disturbances import BOXES, PICTURES, SYMMETRIES
from benchmarks.portraits import LOOKS, Float, Row, look, read_list
from benchmarks.robustness import Answers, answers_to, box_spread_deg, looks_table, robustness_table
from benchmarks.scores import angles_table, errors_table
from benchmarks.worst_cases import Case, write_sheet
from fpn.estimator import FacePoseEstimator
from fpn.metrics import bootstrap_mean
from fpn.pose import HeadPose
from fpn.rotations import geodesic_deg
from models import load_pose_weights

PARTS = ("errors", "boxes", "pictures", "symmetries", "uncertainty", "clips")
_DISTURBANCES = {"boxes": BOXES, "pictures": PICTURES, "symmetries": SYMMETRIES}
_WORST_NAMED = 5
_SETTLED_LOOKS = 8  # after which the region of a face that rests stays the same


def report_list(
    estimator: FacePoseEstimator, name: str, rows: Sequence[Row], parts: Sequence[str], plots: Path | None = None
) -> list[HeadPose]:
    """Print the tables of a list's rows that `parts` ask for; gives the estimated poses."""
    poses = [look(estimator, row.load()).pose for row in rows]
    estimated = np.array([pose.rotation for pose in poses])
    truth = np.array([row.rotation for row in rows])
    print(f"\n### {name}: {len(rows)} images\n\nGeodesic errors in degrees, [95 % bootstrap intervals].")
    if "errors" in parts:
        print(f"\n{errors_table(estimated, truth, [row.group for row in rows])}\n\n{angles_table(estimated, truth)}\n")
        errors = geodesic_deg(estimated, truth)
        worst = (f"{rows[i].image.stem} {errors[i]:.0f}" for i in np.argsort(-errors)[:_WORST_NAMED])
        print(f"Worst: {', '.join(worst)}.")
    disturbances = [each for part in parts for each in _DISTURBANCES.get(part, ())]
    if disturbances:
        found = answers_to(estimator, (row.load() for row in rows), disturbances)
        print(f"\n{robustness_table(found, truth)}")
        if "boxes" in parts:
            _report_looks(estimator, rows, truth, found)
    if "uncertainty" in parts:
        claims = Claims.of(poses, truth)
        print(f"\n{bins_table(claims)}\n\n{coverage_table(claims)}")
        if len(rows) > 2:
            print(f"\nRank correlation of claimed and made: {claims.rank_correlation():.2f}.")
        if plots is not None:
            plot_claims(claims, plots / f"uncertainty-{_file_name(name)}.png")
    return poses


def _report_looks(estimator: FacePoseEstimator, rows: Sequence[Row], truth: Float, twice: dict[str, Answers]) -> None:
    once = answers_to(estimator, (row.load() for row in rows), BOXES, looks=1)
    settled = answers_to(estimator, (row.load() for row in rows), (), looks=_SETTLED_LOOKS)
    spreads = [str(bootstrap_mean(box_spread_deg(answers))) for answers in (once, twice)]
    print(f"\n{looks_table({1: once, LOOKS: twice, _SETTLED_LOOKS: settled}, truth)}\n\n"
          f"Spread of the pose over all boxes, root mean square: {spreads[0]} degrees after one look, "
          f"{spreads[1]} after {LOOKS}.")  # fmt: skip


def _file_name(name: str) -> str:
    return re.sub(r"[^\w]+", "-", name)


def by_camera(name: str, rows: Sequence[Row]) -> dict[str, list[Row]]:
    """The rows whose camera is not known, taken as seen from far, and those whose camera is, as lists of their own."""
    kinds = {
        f"{name}, seen from far": [row for row in rows if row.intrinsics is None],
        f"{name}, known camera": [row for row in rows if row.intrinsics is not None],
    }
    return {kind: chosen for kind, chosen in kinds.items() if chosen}


def main(argv: list[str] | None = None) -> int:
    """Score the lists that are given, the demo clip, and the rendered clips that are given."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.accuracy", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--truth", type=Path, nargs="*", default=[], metavar="CSV", help="lists with ground truth")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS), metavar="PART",
                        help=f"what to measure, of {', '.join(PARTS)} (default: all)")  # fmt: skip
    parser.add_argument("--clips", type=Path, help="folder of clips that benchmarks.tracking drew")
    parser.add_argument("--plots", type=Path, help="folder to draw plots of the uncertainty into")
    parser.add_argument("--worst", type=Path, help="folder, outside the repository, for pictures of the worst cases")
    parser.add_argument("--worst-count", type=int, default=12, help="how many of them (default: 12)")
    parser.add_argument("--weights", type=Path, help="manifest of other weights")
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "gpu"))
    options = parser.parse_args(argv)
    try:
        lists = {path: read_list(path) for path in options.truth}
    except (OSError, ValueError) as error:
        parser.error(str(error))
    estimator = FacePoseEstimator(device=options.device, weights=options.weights)
    weights = load_pose_weights(options.weights)
    print(f"Weights {weights.version} ({weights.backbone}, crops of {weights.input_size} pixels), "
          f"{estimator.device_name}.")  # fmt: skip
    for path, every in lists.items():
        for name, rows in by_camera(path.resolve().parent.name, every).items():
            poses = report_list(estimator, name, rows, options.parts, options.plots)
            if options.worst is not None:
                _write_worst(options.worst / f"worst-{_file_name(name)}.png", rows, poses, options.worst_count)
    if "clips" in options.parts:
        clips = [(demo_clip(), smoothing) for smoothing in ("off", "default")]
        clips += [(clip, "off") for clip in (drawn_clips(options.clips) if options.clips is not None else ())]
        found = (clip_errors(clip, smoothing, options.device, options.weights) for clip, smoothing in clips)
        print(f"\n### Rendered clips, exact truth\n\n{clips_table(found)}")
    return 0


def _write_worst(path: Path, rows: Sequence[Row], poses: Sequence[HeadPose], count: int) -> None:
    errors = geodesic_deg(np.array([pose.rotation for pose in poses]), np.array([row.rotation for row in rows]))
    worst = np.argsort(-errors)[:count]
    cases = [Case(rows[i].image.stem, rows[i].load(), poses[i].rotation, float(errors[i])) for i in worst]
    write_sheet(cases, path)
    print(f"\nWorst cases: {path}")


if __name__ == "__main__":
    raise SystemExit(main())

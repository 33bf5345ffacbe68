"""Options that several benchmarks share."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_network(parser: argparse.ArgumentParser) -> None:
    """`--weights` and `--device`: which network runs, and where."""
    parser.add_argument("--weights", type=Path, default=None, help="manifest of other weights (default: models/)")
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "gpu"), help="default: %(default)s")


def add_clips(parser: argparse.ArgumentParser) -> None:
    """`--clips` and `--plots`: folders of what is measured and of what is shown of it."""
    parser.add_argument("--clips", type=Path, required=True, help="folder of the clips; drawn there if missing")
    parser.add_argument("--plots", type=Path, help="folder to draw plots into (default: none)")


def add_drawing(parser: argparse.ArgumentParser) -> None:
    """`--head`, `--faces` and `--fits`: the training's data, from which heads with an average skin are drawn."""
    parser.add_argument("--head", type=Path, help="ict_facekit.npz, to draw what is missing")
    parser.add_argument("--faces", type=Path, help="folder with faces.csv and the zips, to draw what is missing")
    parser.add_argument("--fits", type=Path, help="fits.npz of the training's fit stage, to draw what is missing")

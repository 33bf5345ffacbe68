"""The whole way from crops to weights, one command a stage: `python -m training STAGE --help`."""

from __future__ import annotations

import argparse
import sys

STAGES = {
    "landmarks": "face-mesh landmarks of every crop",
    "fit": "fit the parametric head to them",
    "draw": "draw the training pictures",
    "check-labels": "what the mesh makes of drawn pictures, whose turn is known",
    "second-opinion": "what a trained network of our own says of the labels",
    "far": "find and frame real crops at large yaw with a trained network of our own",
    "neighbours": "pairs of neighbouring frames of videos, tracked with the project's own weights",
    "train": "train the network, or resume training",
    "average": "the mean of several states of a run",
    "widen": "a wider network that starts where a trained one stands",
    "prune": "a narrower network that starts almost where a trained one stands",
    "plot": "plot the course of training runs",
    "compare": "train several networks on one budget and print a table",
    "export": "write trained weights to models/, with manifest and hash; or for other programs",
    "face-model": "write the 3D face of the views to models/, with manifest and hash",
    "demo": "render the demo clip and its ground truth",
}


def main(argv: list[str] | None = None) -> int:
    """Hand the arguments to the stage that is named first."""
    arguments = sys.argv[1:] if argv is None else argv
    parser = argparse.ArgumentParser(
        prog="python -m training",
        description=__doc__,
        epilog="\n".join(f"  {name:14} {text}" for name, text in STAGES.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("stage", choices=STAGES, metavar="STAGE")
    stage = parser.parse_args(arguments[:1]).stage
    if stage == "landmarks":
        from training.mesh_landmarks import main as run
    elif stage == "fit":
        from training.head_fit import main as run
    elif stage == "draw":
        from training.picture_set import main as run
    elif stage == "check-labels":
        from training.label_check import main as run
    elif stage == "second-opinion":
        from training.second_opinion import main as run
    elif stage == "far":
        from training.far_crops import main as run
    elif stage == "neighbours":
        from training.neighbours import main as run
    elif stage == "train":
        from training.train import main as run
    elif stage == "average":
        from training.average import main as run
    elif stage == "widen":
        from training.widen import main as run
    elif stage == "prune":
        from training.prune import main as run
    elif stage == "plot":
        from training.plot import main as run
    elif stage == "compare":
        from training.compare import main as run
    elif stage == "export":
        from training.export import main as run
    elif stage == "face-model":
        from training.face_model import main as run
    else:
        from training.demo_clip import main as run
    return run(arguments[1:])


if __name__ == "__main__":
    raise SystemExit(main())

"""How much the pose changes when the picture does, and how much further from the truth it then is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from benchmarks.disturbances import BOXES, Disturbance
from benchmarks.markdown import table
from benchmarks.portraits import LOOKS, Float, Portrait, look
from benchmarks.steadiness import rotation_jitter_deg
from fpn.estimator import FacePoseEstimator
from fpn.metrics import bootstrap_mean
from fpn.rotations import geodesic_deg

UNDISTURBED = "as it is"


@dataclass(frozen=True)
class Answers:
    """The network's answers to n portraits under k disturbances of one label.

    rotations: (n, k, 3, 3), undone: relative to the portraits as they were. claimed_deg: (n, k), the error that the
    network expects of itself, root mean square of the geodesic angle.
    """

    rotations: Float
    claimed_deg: Float


def answers_to(
    estimator: FacePoseEstimator, portraits: Iterable[Portrait], disturbances: Sequence[Disturbance], looks: int = LOOKS
) -> dict[str, Answers]:
    """The answers to every label's disturbances, and to the portraits as they are (`UNDISTURBED`)."""
    labels: dict[str, list[Disturbance]] = {UNDISTURBED: [Disturbance(UNDISTURBED, lambda portrait: portrait)]}
    for each in disturbances:
        labels.setdefault(each.label, []).append(each)
    rotations: dict[str, list[list[Float]]] = {label: [] for label in labels}
    claims: dict[str, list[list[float]]] = {label: [] for label in labels}
    for portrait in portraits:
        for label, group in labels.items():
            poses = [look(estimator, each.apply(portrait), looks).pose for each in group]
            rotations[label].append([each.undo(pose.rotation) for each, pose in zip(group, poses, strict=True)])
            claims[label].append([np.sqrt(3) * pose.rotation_std_deg for pose in poses])
    return {label: Answers(np.array(rotations[label]), np.array(claims[label])) for label in labels}


def robustness_table(found: dict[str, Answers], truth: Float) -> str:
    """Markdown: change against the undisturbed answer and error against `truth` (n, 3, 3), degrees, by label.

    The mean of a label's disturbances counts once for each portrait, so that intervals are about portraits.
    """
    base = found[UNDISTURBED].rotations
    rows = []
    for label, answers in found.items():
        change = geodesic_deg(answers.rotations, base)
        error = geodesic_deg(answers.rotations, truth[:, None]).mean(1)
        changes = ["", ""]
        if label != UNDISTURBED:
            changes = [str(bootstrap_mean(change.mean(1))), f"{np.quantile(change, 0.95):.2f}"]
        rows.append([label, *changes, str(bootstrap_mean(error)), f"{answers.claimed_deg.mean():.2f}"])
    header = ["picture", "change of the pose", "95 % of changes below", "error against the truth", "error expected"]
    return table(header, rows)


def looks_table(found: dict[int, dict[str, Answers]], truth: Float) -> str:
    """Markdown: error of the undisturbed pictures against `truth` (n, 3, 3), degrees, by the number of looks.

    Each look is at the region that the one before proposed, as the tracker looks at a face that rests.
    """
    rows = []
    for looks, answers in found.items():
        seen = answers[UNDISTURBED]
        error = geodesic_deg(seen.rotations[:, 0], truth)
        rows.append([str(looks), str(bootstrap_mean(error)), f"{seen.claimed_deg.mean():.2f}"])
    return table(["looks", "error against the truth", "error expected"], rows)


def box_spread_deg(found: dict[str, Answers]) -> Float:
    """For each portrait (n,), the root mean square angle of its answers to all boxes from their mean, degrees."""
    labels = [UNDISTURBED, *dict.fromkeys(each.label for each in BOXES)]
    together = np.concatenate([found[label].rotations for label in labels], axis=1)
    return np.array([rotation_jitter_deg(Rotation.from_matrix(rotations)) for rotations in together])

"""What the network is trained to get right, in backend-neutral operations.

Rotation by geodesic distance; centre, size and the 68 landmarks of the face model by absolute error; presence by cross
entropy; the predicted uncertainties by the negative log-likelihood of the errors made, which they cannot change (the
errors enter as constants), so that accuracy never pays for calibration. Twins (`training.dataset.TARGETS`) must be read
with the same error: what differs between them, expression above all, must not move the pose.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from keras import ops

from fpn.head import FACE_CENTER_MM, ROI_MM
from fpn.network import LOG_MIDDLE, LOG_REACH, OUTPUTS
from training.dataset import TARGETS

Tensor = Any

WEIGHTS = {"rotation": 1.0, "center": 2.0, "log_side": 1.0, "landmarks": 4.0, "presence": 0.3, "shape": 0.0005,
           "twin": 3.0}  # fmt: skip
LIKELIHOOD_WEIGHT = 0.001
"""At its full share, to which the trainer raises it. OpNet (Welter 2024) uses about 0.01 of the main losses; here, with
0.02, real pictures were read worse and worse in four runs from when the share rose, and with 0.001 in none. The outputs
that claim learn as fast, since Adam takes no notice of a gradient's size."""
_MIRROR = np.array([[1, -1, -1], [-1, 1, 1], [-1, 1, 1]], np.float32)
"""By elements: the rotation of a head whose picture is mirrored left to right."""


class PoseLoss(keras.losses.Loss):  # type: ignore[misc]
    """The sum of all parts over a batch of targets (laid out as `TARGETS`) and outputs (as `OUTPUTS`).

    mean (68, 3) and components (50, 68, 3), mm: the face model at the landmarks.
    """

    def __init__(self, mean: npt.NDArray[np.float32], components: npt.NDArray[np.float32]) -> None:
        super().__init__(name="pose", reduction="sum_over_batch_size")
        self.mean = ops.convert_to_tensor((mean - FACE_CENTER_MM).astype(np.float32) / ROI_MM)
        self.components = ops.convert_to_tensor(components.reshape(len(components), -1) / np.float32(ROI_MM))
        self.mirror = ops.convert_to_tensor(_MIRROR)
        # Lids and inner lips move most and say least about the pose; the jaw line slides along the cheek.
        weights = np.ones(68, np.float32)
        weights[36:48], weights[60:68], weights[0:17] = 0.5, 0.5, 0.6
        self.landmark_weights = ops.convert_to_tensor(weights[None, :, None] / weights.mean())

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Loss (N,) of targets (N, TARGET_SIZE) and outputs (N, OUTPUT_SIZE)."""
        present, posed = y_true[:, 0], y_true[:, TARGETS["posed"]][:, 0]
        truth = ops.reshape(y_true[:, TARGETS["rotation"]], (-1, 3, 3))
        rotation = rotation_from_six(y_pred[:, OUTPUTS["rotation"]])
        center_error = y_pred[:, OUTPUTS["center"]] - y_true[:, TARGETS["center"]]
        size_error = y_pred[:, OUTPUTS["log_side"]] - y_true[:, TARGETS["log_side"]]

        error = ops.matmul(ops.transpose(truth, (0, 2, 1)), rotation)  # in head axes, which no look at it turns
        twin = y_true[:, TARGETS["twin"]][:, 0]
        mirrored = ops.where(twin[:, None, None] < 0, error * self.mirror, error)
        apart = ops.sqrt(ops.sum(ops.square(mirrored - ops.roll(error, -1, axis=0)), axis=(1, 2)) + 1e-6)

        chord = ops.sqrt(ops.sum(ops.square(rotation - truth), axis=(1, 2)) + 1e-6)  # 2 sqrt 2 sin(angle / 2)
        shape = y_pred[:, OUTPUTS["shape"]]
        local = self.mean + ops.reshape(ops.matmul(shape, self.components), (-1, 68, 3))
        side = ops.exp(ops.clip(y_pred[:, OUTPUTS["log_side"]], -2.0, 2.0))
        points = ops.matmul(local, ops.transpose(rotation, (0, 2, 1))) * side[:, None]
        offset = ops.concatenate([y_pred[:, OUTPUTS["center"]], ops.zeros_like(side)], axis=1)
        wanted = ops.reshape(y_true[:, TARGETS["landmarks"]], (-1, 68, 3))
        landmark_error = ops.abs(points + offset[:, None] - wanted) * self.landmark_weights

        total = (
            posed * WEIGHTS["rotation"] * chord / np.sqrt(2.0)
            + WEIGHTS["center"] * ops.sum(ops.abs(center_error), axis=1)
            + WEIGHTS["log_side"] * ops.sum(ops.abs(size_error), axis=1)
            + posed * WEIGHTS["landmarks"] * ops.mean(ops.sum(landmark_error, axis=2), axis=1)
            + WEIGHTS["twin"] * ops.abs(twin) * apart / np.sqrt(2.0)
            + WEIGHTS["shape"] * ops.sum(ops.square(shape), axis=1)
        )
        position_error = ops.concatenate([center_error, size_error], axis=1)
        unlikely = posed * rotation_unlikelihood(truth, rotation, y_pred[:, OUTPUTS["rotation_scale"]])
        unlikely += position_unlikelihood(position_error, y_pred[:, OUTPUTS["position_scale"]])
        logit = y_pred[:, OUTPUTS["presence"]][:, 0]
        doubt = ops.softplus(logit) - present * logit
        unlikely *= LIKELIHOOD_WEIGHT * y_true[:, TARGETS["likelihood"]][:, 0]
        return present * (total + unlikely) + WEIGHTS["presence"] * doubt


def rotation_from_six(six: Tensor) -> Tensor:
    """Rotation matrices (N, 3, 3) from six numbers (N, 6); as `fpn.rotations.rotation_from_six`."""
    first, second = six[:, 0:3], six[:, 3:6]
    x = first / ops.sqrt(ops.sum(ops.square(first), axis=1, keepdims=True) + 1e-8)
    second = second - ops.sum(x * second, axis=1, keepdims=True) * x
    y = second / ops.sqrt(ops.sum(ops.square(second), axis=1, keepdims=True) + 1e-8)
    z = ops.stack(
        [
            x[:, 1] * y[:, 2] - x[:, 2] * y[:, 1],
            x[:, 2] * y[:, 0] - x[:, 0] * y[:, 2],
            x[:, 0] * y[:, 1] - x[:, 1] * y[:, 0],
        ],
        axis=1,
    )
    return ops.stack([x, y, z], axis=2)


def rotation_unlikelihood(truth: Tensor, rotation: Tensor, scale: Tensor) -> Tensor:
    """Negative log-likelihood (N,), but for a constant, of the rotation vector to `truth` under N(0, L L^T).

    scale (N, 6): the inverse of L, log-diagonal and below the diagonal, so that whitening is one product.
    """
    relative = ops.stop_gradient(ops.matmul(truth, ops.transpose(rotation, (0, 2, 1))))
    sine = (
        ops.stack(
            [
                relative[:, 2, 1] - relative[:, 1, 2],
                relative[:, 0, 2] - relative[:, 2, 0],
                relative[:, 1, 0] - relative[:, 0, 1],
            ],
            axis=1,
        )
        / 2
    )
    cosine = (relative[:, 0, 0] + relative[:, 1, 1] + relative[:, 2, 2] - 1) / 2
    length = ops.sqrt(ops.sum(ops.square(sine), axis=1) + 1e-12)
    vector = sine * (ops.arctan2(length, cosine) / length)[:, None]
    logs = bounded(scale[:, :3])
    white = [
        vector[:, 0] * ops.exp(logs[:, 0]),
        vector[:, 0] * scale[:, 3] + vector[:, 1] * ops.exp(logs[:, 1]),
        vector[:, 0] * scale[:, 4] + vector[:, 1] * scale[:, 5] + vector[:, 2] * ops.exp(logs[:, 2]),
    ]
    squared = sum(ops.square(value) for value in white)
    return 0.5 * squared - ops.sum(logs, axis=1)


def position_unlikelihood(error: Tensor, scale: Tensor) -> Tensor:
    """Negative log-likelihood (N,) of errors (N, 3) of centre and log size; scale (N, 3) is log(1 / deviation)."""
    logs = bounded(scale)
    return ops.sum(0.5 * ops.square(ops.stop_gradient(error) * ops.exp(logs)) - logs, axis=1)


def bounded(logs: Tensor) -> Tensor:
    """Logs of inverse deviations kept smoothly within bounds; as `fpn.network.bounded_logs`."""
    return LOG_MIDDLE + LOG_REACH * ops.tanh((logs - LOG_MIDDLE) / LOG_REACH)

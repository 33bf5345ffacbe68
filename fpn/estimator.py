"""The whole way for some regions of one frame: crops, one batched network call, poses in the camera."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fpn.camera import Camera
from fpn.crop import cut_crops
from fpn.engine import open_engine
from fpn.lift import lift
from fpn.pose import FaceEstimate
from fpn.roi import Roi
from models import load_pose_weights


class FacePoseEstimator:
    """Head poses of regions of frames. Weights are loaded and the engine warmed up once, at construction.

    device: auto, cpu or gpu. weights: a manifest of one's own, in the form of `models/manifest.json`.
    head_scale: size of the heads over the average's (a person's interpupillary distance over 63 mm).
    Raises DeviceError for a GPU that is not there, WeightsError for weights that are missing or altered.
    """

    def __init__(self, device: str = "auto", weights: Path | None = None, head_scale: float = 1.0) -> None:
        self._weights = load_pose_weights(weights)
        self._engine = open_engine(device, self._weights)
        self._head_scale = head_scale
        size = self._weights.input_size
        self._engine.run(np.zeros((1, size, size), np.uint8))

    @property
    def device_name(self) -> str:
        """Where the network runs, for people."""
        return self._engine.name

    def estimate(self, image: npt.NDArray[np.uint8], rois: Sequence[Roi], camera: Camera) -> list[FaceEstimate]:
        """One estimate for each region of `image` ((H, W, 3) uint8 BGR), in order; the network is called once for all.

        `camera` holds for frames of the image's size.
        """
        if not rois:
            return []
        crops, pixels = cut_crops(image, rois, camera, self._weights.input_size)
        outputs = self._engine.run(pixels)
        return [lift(output, crop, camera, self._head_scale) for output, crop in zip(outputs, crops, strict=True)]

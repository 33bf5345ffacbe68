"""The network in the forms that other programs run it in, and how far each is from the original.

SavedModel and ONNX are written by Keras' own export; ONNX needs `tf2onnx`, of the `train` extra. Keras 3.12 has no
export to LiteRT: TensorFlow's converter makes that from Keras' SavedModel.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fpn.camera import Camera
from fpn.crop import cut_crop
from fpn.engine import LiteRtEngine
from fpn.lift import region_of
from fpn.network import OUTPUTS
from fpn.pose import HeadPose
from fpn.rotations import geodesic_deg, rotation_from_six
from training.demo_clip import trajectory

Crops = npt.NDArray[np.uint8]
Outputs = npt.NDArray[np.float32]

_RENDERED_EVERY = 30  # frames of the demo clip
_RANDOM = 8


@dataclass(frozen=True)
class Form:
    """One form. name: of its file, or folder. write: puts a Keras model there. run: outputs (N, OUTPUT_SIZE) float32
    of crops (N, size, size) uint8 from there.
    """

    name: str
    write: Callable[[Any, Path], None]
    run: Callable[[Path, Crops], Outputs]


@dataclass(frozen=True)
class Difference:
    """The largest ones between a form and the original: of any output, and of a rotation in degrees."""

    output: float
    rotation_deg: float

    def __str__(self) -> str:
        return f"{self.rotation_deg:.2g} degrees of rotation, {self.output:.2g} of any output"


def half_precision(model: Any) -> Any:
    """The model with its weights rounded to half precision, which all forms carry: so they agree and stay small."""
    model.set_weights([np.asarray(value, np.float16).astype(np.float32) for value in model.get_weights()])
    return model


def random_crops(size: int) -> Crops:
    """Noise: nothing that the network knows how to be sure about."""
    return np.random.default_rng(0).integers(0, 256, (_RANDOM, size, size), np.uint8)


def rendered_crops(size: int) -> Crops:
    """The head of the demo clip in its poses, seen as the tracker sees it."""
    from tracker.sources import open_source

    crops = []
    with open_source("demo") as source:
        camera = Camera.from_fov(*source.size)
        for frame in source:
            if frame.index % _RENDERED_EVERY == 0:
                rotations, translations = trajectory(np.array([frame.time_s]))
                pose = HeadPose(rotations[0], translations[0], np.eye(3), np.eye(3))
                crops.append(cut_crop(frame.image, region_of(pose, camera), camera, size).pixels)
    return np.stack(crops)


def difference(form: Form, path: Path, model: Any, crops: Crops) -> Difference:
    """Between what a written form and the Keras model say of crops."""
    wanted = np.asarray(model(crops[..., None].astype(np.float32), training=False))
    got = form.run(path, crops)
    rotations = [rotation_from_six(outputs[:, OUTPUTS["rotation"]]) for outputs in (got, wanted)]
    return Difference(float(np.abs(got - wanted).max()), float(geodesic_deg(rotations[0], rotations[1]).max()))


def _write_litert(model: Any, path: Path) -> None:
    import tensorflow as tf

    with tempfile.TemporaryDirectory() as folder:
        saved = Path(folder) / "saved_model"
        _write_saved_model(model, saved)
        converter = tf.lite.TFLiteConverter.from_saved_model(str(saved))
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = [tf.float16]
        path.write_bytes(converter.convert())


def _run_litert(path: Path, crops: Crops) -> Outputs:
    return LiteRtEngine(path).run(crops)


def _write_saved_model(model: Any, path: Path) -> None:
    model.export(path, format="tf_saved_model", verbose=False)


def _run_saved_model(path: Path, crops: Crops) -> Outputs:
    import tensorflow as tf

    loaded = tf.saved_model.load(path)  # by name: its variables live only as long as it does
    return np.asarray(loaded.serve(crops[..., None].astype(np.float32)))


def _write_onnx(model: Any, path: Path) -> None:
    model(np.zeros((1, *model.input_shape[1:]), np.float32))  # Keras refuses to export a model never called
    model.export(path, format="onnx", verbose=False)


def _run_onnx(path: Path, crops: Crops) -> Outputs:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    outputs = session.run(None, {session.get_inputs()[0].name: crops[..., None].astype(np.float32)})
    return np.asarray(outputs[0])


FORMS = {
    "litert": Form("pose.tflite", _write_litert, _run_litert),
    "saved-model": Form("pose_saved_model", _write_saved_model, _run_saved_model),
    "onnx": Form("pose.onnx", _write_onnx, _run_onnx),
}

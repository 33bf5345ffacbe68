"""Running the network on a batch of crops: LiteRT on the CPU, one compiled TensorFlow function on a GPU."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from fpn.network import OUTPUT_SIZE, build_network
from models import DeviceError, PoseWeights, WeightsError

_MOST_THREADS = 4

_log = logging.getLogger(__name__)

Crops = npt.NDArray[np.uint8]
Outputs = npt.NDArray[np.float32]


class Engine(Protocol):
    """What both engines can do. They give the same numbers to within rounding."""

    name: str

    def run(self, crops: Crops) -> Outputs:
        """Network outputs (N, OUTPUT_SIZE) float32 of crops (N, size, size) uint8, in one call; N may be 0."""


class LiteRtEngine:
    """XNNPACK on the CPU through LiteRT. Batches are padded to a power of two, each with an interpreter of its own, so
    that a face coming or going costs no re-planning.
    """

    def __init__(self, model: Path) -> None:
        self._model = model
        self._interpreters: dict[int, tuple[Any, int, int]] = {}
        self.name = "CPU (LiteRT)"
        self._interpreter(1)

    def run(self, crops: Crops) -> Outputs:
        """See `Engine.run`."""
        count = len(crops)
        if count == 0:
            return np.empty((0, OUTPUT_SIZE), np.float32)
        room = 1 << (count - 1).bit_length()
        interpreter, given, got = self._interpreter(room)
        batch = np.zeros((room, *crops.shape[1:], 1), np.float32)
        batch[:count, ..., 0] = crops
        interpreter.set_tensor(given, batch)
        interpreter.invoke()
        return np.array(interpreter.get_tensor(got)[:count])

    def _interpreter(self, room: int) -> tuple[Any, int, int]:
        if room not in self._interpreters:
            from ai_edge_litert.interpreter import Interpreter

            try:
                # Two threads take 0.5 instead of 0.85 ms for one face, and half the time for more.
                threads = min(max(2, room), os.cpu_count() or 1, _MOST_THREADS)
                interpreter = Interpreter(model_path=str(self._model), num_threads=threads)
                given = interpreter.get_input_details()[0]
                interpreter.resize_tensor_input(given["index"], [room, *given["shape"][1:]], strict=False)
                interpreter.allocate_tensors()
            except (ValueError, RuntimeError) as error:
                raise WeightsError(f"{self._model}: not a LiteRT model that runs here ({error})") from error
            self._interpreters[room] = (interpreter, given["index"], interpreter.get_output_details()[0]["index"])
        return self._interpreters[room]


class TensorFlowEngine:
    """The same network as one compiled TensorFlow function, memory growth on.

    Raises DeviceError if a GPU is asked for and TensorFlow has none.
    """

    def __init__(self, weights: PoseWeights, require_gpu: bool = True) -> None:
        import tensorflow as tf

        gpus = tf.config.list_physical_devices("GPU")
        if require_gpu and not gpus:
            raise DeviceError("no GPU that TensorFlow can use; install its CUDA libraries, or use --device cpu")
        for gpu in gpus:
            tf.config.experimental.set_memory_growth(gpu, True)
        network = build_network(weights.backbone, weights.input_size)
        try:
            network.load_weights(weights.keras)
        except (OSError, ValueError) as error:
            raise WeightsError(f"{weights.keras}: not weights of {weights.backbone} ({error})") from error
        size = weights.input_size

        @tf.function(input_signature=[tf.TensorSpec((None, size, size), tf.uint8)])  # type: ignore[untyped-decorator]
        def run(crops: Any) -> Any:
            return network(tf.cast(crops, tf.float32)[..., None], training=False)

        self._run, self._tf = run, tf
        self._device = "/GPU:0" if gpus else "/CPU:0"
        self.name = f"{'GPU' if gpus else 'CPU'} (TensorFlow)"

    def run(self, crops: Crops) -> Outputs:
        """See `Engine.run`."""
        if len(crops) == 0:
            return np.empty((0, OUTPUT_SIZE), np.float32)
        with self._tf.device(self._device):
            return np.asarray(self._run(self._tf.constant(crops)).numpy(), np.float32)


def open_engine(device: str, weights: PoseWeights) -> Engine:
    """The engine for `device`: "cpu", "gpu", or "auto", which takes a GPU where TensorFlow is told of one.

    Importing TensorFlow takes seconds; "auto" does so only where the system shows an NVIDIA device.
    """
    if device == "cpu":
        return LiteRtEngine(weights.litert)
    if device == "gpu":
        return TensorFlowEngine(weights)
    if device != "auto":
        raise DeviceError(f"device {device!r}: give auto, cpu or gpu")
    if not (Path("/dev/nvidia0").exists() or Path("/dev/dxg").exists()):
        return LiteRtEngine(weights.litert)
    try:
        return TensorFlowEngine(weights)
    except DeviceError:
        _log.warning("this system has a GPU, but TensorFlow cannot use it: running on the CPU; install CUDA libraries")
        return LiteRtEngine(weights.litert)

"""What is trained with is the same on another back end of Keras."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("numba")
pytest.importorskip("jax", reason="another back end than TensorFlow is needed")

ROOT = Path(__file__).parents[2]
LOSSES = """
import sys
import numpy as np
from fpn.network import OUTPUT_SIZE
from training.dataset import TARGET_SIZE, TARGETS
from training.losses import PoseLoss

rng = np.random.default_rng(0)
loss = PoseLoss(rng.normal(0, 40, (68, 3)).astype(np.float32), rng.normal(0, 1, (50, 68, 3)).astype(np.float32))
targets = rng.normal(0, 0.3, (8, TARGET_SIZE)).astype(np.float32)
targets[:, TARGETS["rotation"]] = np.eye(3, dtype=np.float32).ravel()
targets[:, TARGETS["present"]] = targets[:, TARGETS["posed"]] = targets[:, TARGETS["likelihood"]] = 1
targets[:, TARGETS["twin"]] = np.array([1, 0, -1, 0, 0, 0, 1, 0], np.float32)[:, None]
outputs = rng.normal(0, 1, (8, OUTPUT_SIZE)).astype(np.float32)
np.save(sys.argv[1], np.array(loss.call(targets, outputs)))
"""


def losses_on(back_end, file):
    environment = {**os.environ, "KERAS_BACKEND": back_end, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    subprocess.run([sys.executable, "-c", LOSSES, str(file)], cwd=ROOT, env=environment, check=True, timeout=300)
    return np.load(file)


def test_the_loss_is_the_same_number_on_tensorflow_and_on_jax(tmp_path):
    ours, other = (losses_on(back_end, tmp_path / f"{back_end}.npy") for back_end in ("tensorflow", "jax"))
    assert ours.shape == (8,)
    assert np.ptp(ours) > 0.1
    np.testing.assert_allclose(other, ours, rtol=1e-4)

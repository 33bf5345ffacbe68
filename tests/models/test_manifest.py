import json
import shutil

import pytest

from models import MODELS_FOLDER, WeightsError, load_pose_weights


@pytest.fixture
def copy(tmp_path):
    for name in ("manifest.json", "pose.tflite", "pose.weights.h5"):
        shutil.copy(MODELS_FOLDER / name, tmp_path / name)
    return tmp_path


def test_shipped_weights_are_whole_small_and_licensed():
    weights = load_pose_weights()
    assert weights.licence == "MIT"
    assert weights.litert.stat().st_size + weights.keras.stat().st_size < 10e6


def test_a_copy_elsewhere_loads(copy):
    assert load_pose_weights(copy / "manifest.json").litert == copy / "pose.tflite"


def test_altered_weights_are_refused_by_name(copy):
    with (copy / "pose.tflite").open("ab") as file:
        file.write(b"x")
    with pytest.raises(WeightsError, match=r"pose\.tflite: not the weights"):
        load_pose_weights(copy / "manifest.json")


def test_missing_weights_are_named(copy):
    (copy / "pose.weights.h5").unlink()
    with pytest.raises(WeightsError, match=r"pose\.weights\.h5: weights missing"):
        load_pose_weights(copy / "manifest.json")


@pytest.mark.parametrize("text", ["", "{", "[]", json.dumps({"pose": {"version": "1"}})])
def test_a_broken_manifest_is_one_clear_error(copy, text):
    (copy / "manifest.json").write_text(text)
    with pytest.raises(WeightsError, match="not a manifest"):
        load_pose_weights(copy / "manifest.json")


def test_no_manifest_is_an_error_with_the_remedy(tmp_path):
    with pytest.raises(WeightsError, match="--weights"):
        load_pose_weights(tmp_path / "manifest.json")

import json
import re
from pathlib import Path

import cv2
import keras
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

pytest.importorskip("numba")
onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("tf2onnx")

from benchmarks.clip_errors import demo_clip  # noqa: E402 - after the checks
from fpn.camera import Camera  # noqa: E402
from fpn.engine import LiteRtEngine  # noqa: E402
from fpn.estimator import FacePoseEstimator  # noqa: E402
from fpn.head import FACE_CENTER_MM  # noqa: E402
from fpn.lift import face_box  # noqa: E402
from fpn.network import OUTPUT_SIZE, build_network  # noqa: E402
from fpn.pose import HeadPose  # noqa: E402
from fpn.roi import Roi  # noqa: E402
from fpn.rotations import angles_from_rotation, geodesic_deg, rotation_towards  # noqa: E402
from models import MODELS_FOLDER, WeightsError, load_pose_weights  # noqa: E402
from tracker.sources import open_source  # noqa: E402
from training.export import main, program_network, write_form  # noqa: E402
from training.export_forms import FORMS, Form, difference, random_crops, rendered_crops  # noqa: E402

DOCUMENT = Path(__file__).parents[2] / "docs" / "elsewhere.md"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The program's network as ONNX and as SavedModel, written by the command."""
    folder = tmp_path_factory.mktemp("forms")
    assert main(["--forms", "onnx", "saved-model", "--out", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def model():
    return program_network()


def turned_deg(first, second):
    """Largest angle between the rotations of two sets of outputs, made orthonormal the other way round."""

    def rotations(outputs):
        x = outputs[:, 0:3] / np.linalg.norm(outputs[:, 0:3], axis=1, keepdims=True)
        z = np.cross(x, outputs[:, 3:6])
        z /= np.linalg.norm(z, axis=1, keepdims=True)
        return Rotation.from_matrix(np.stack([x, np.cross(z, x), z], axis=2))

    return np.degrees((rotations(first) * rotations(second).inv()).magnitude()).max()


@pytest.mark.parametrize("name", ["onnx", "saved-model"])
@pytest.mark.parametrize("crops", [random_crops, rendered_crops])
def test_exported_networks_answer_as_the_original(folder, model, name, crops):
    form = FORMS[name]
    pixels = crops(model.input_shape[1])
    assert difference(form, folder / form.name, model, pixels).rotation_deg < 0.01
    shipped = LiteRtEngine(load_pose_weights().litert).run(pixels)
    assert turned_deg(form.run(folder / form.name, pixels), shipped) < (0.2 if crops is random_crops else 0.05)


def test_onnx_takes_any_number_of_crops_and_knows_its_input(folder, model):
    session = onnxruntime.InferenceSession(folder / "pose.onnx", providers=["CPUExecutionProvider"])
    given = session.get_inputs()[0]
    size = model.input_shape[1]
    assert (given.name, given.type, given.shape[1:]) == ("crop", "tensor(float)", [size, size, 1])
    crops = rendered_crops(size)[..., None].astype(np.float32)
    together = session.run(None, {"crop": crops})[0]
    assert together.shape == (len(crops), OUTPUT_SIZE)
    alone = np.concatenate([session.run(None, {"crop": crop[None]})[0] for crop in crops])
    np.testing.assert_allclose(together, alone, atol=1e-4)


def test_a_form_that_differs_is_refused_and_not_left_behind(model, tmp_path, monkeypatch):
    def wrong(path, crops):
        outputs = np.array(model(crops[..., None].astype(np.float32)))
        outputs[:, 0] += 0.01
        return outputs

    monkeypatch.setitem(FORMS, "onnx", Form("pose.onnx", lambda _, path: path.write_bytes(b"x"), wrong))
    with pytest.raises(ValueError, match="onnx differs from the original by"):
        write_form(model, "onnx", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_runs_weights_become_the_programs(tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    (run / "plan.json").write_text(json.dumps({"backbone": "fused-xs", "input_size": 64}))
    keras.utils.set_random_seed(0)  # some fresh weights say next to nothing, and rounding turns it
    trained = build_network("fused-xs", 64)
    trained.save_weights(run / "ema.weights.h5")
    assert main(["--run", str(run), "--version", "t1", "--out", str(tmp_path / "models")]) == 0
    weights = load_pose_weights(tmp_path / "models" / "manifest.json")
    assert (weights.version, weights.backbone, weights.input_size) == ("t1", "fused-xs", 64)
    crops = random_crops(64)
    wanted = np.asarray(trained(crops[..., None].astype(np.float32), training=False))
    np.testing.assert_allclose(LiteRtEngine(weights.litert).run(crops), wanted, atol=0.02)
    half = program_network(tmp_path / "models" / "manifest.json").get_weights()
    for ours, theirs in zip(half, trained.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs.astype(np.float16).astype(np.float32))


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--run", "x"],
        ["--forms", "onnx"],
        ["--forms", "onnx", "--out", "x", "--version", "1"],
        ["--forms", "onnx", "--out", "x", "--run", "a", "--weights", "b"],
        ["--run", "x", "--version", "1", "--weights", "b"],
    ],
)
def test_options_that_do_not_go_together_are_refused(options):
    with pytest.raises(SystemExit):
        main(options)


def test_altered_weights_are_not_exported(tmp_path):
    for name in ("manifest.json", "pose.tflite"):
        (tmp_path / name).write_bytes((MODELS_FOLDER / name).read_bytes())
    (tmp_path / "pose.weights.h5").write_bytes(b"other")
    with pytest.raises(WeightsError):
        main(["--forms", "onnx", "--weights", str(tmp_path / "manifest.json"), "--out", str(tmp_path / "out")])


def test_the_documented_example_gives_the_programs_pose(folder, tmp_path, monkeypatch, capsys):
    clip = demo_clip()
    with open_source("demo") as source:
        image = next(iter(source)).image
    camera = Camera.from_fov(image.shape[1], image.shape[0])
    box = face_box(HeadPose(clip.rotations[0], clip.translations[0], np.eye(3), np.eye(3)), camera)
    cv2.imwrite(str(tmp_path / "face.png"), image)
    (tmp_path / "pose").symlink_to(folder)
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    numbers = f"x, y, width, height = {box.x}, {box.y}, {box.width}, {box.height}  #"
    code, count = re.subn(r"x, y, width, height = .*#", numbers, code)
    assert count == 1
    found: dict = {}
    exec(compile(code, str(DOCUMENT), "exec"), found)

    estimator, region = FacePoseEstimator(device="cpu"), Roi.around(box)
    for _ in range(2):
        estimate = estimator.estimate(image, [region], camera)[0]
        region = estimate.roi
    # The example's pose is relative to the line of sight; it samples the picture in another way, so it is not the same.
    pose = estimate.pose
    to_sight = rotation_towards(pose.translation + pose.rotation @ FACE_CENTER_MM).T @ pose.rotation
    assert geodesic_deg(found["R"], to_sight) < 1.5
    assert found["std_deg"] == pytest.approx(pose.rotation_std_deg, rel=0.15)
    assert found["presence"] == pytest.approx(estimate.presence, abs=0.02)
    np.testing.assert_allclose(found["region"], [region.center_x, region.center_y, region.side], atol=3)
    yaw, pitch, roll = (float(value) for value in re.findall(r"(?:yaw|pitch|roll) (-?[\d.]+)", capsys.readouterr().out))
    np.testing.assert_allclose([yaw, pitch, roll], np.ravel(angles_from_rotation(to_sight)), atol=1.5)

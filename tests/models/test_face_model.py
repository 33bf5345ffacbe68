import json
import shutil

import numpy as np
import pytest

from fpn.head import LANDMARKS_MM
from models import MODELS_FOLDER, WeightsError
from models.face_model import PARTS, load_face_model
from models.manifest import read_entry, write_entry


@pytest.fixture(scope="module")
def model():
    return load_face_model()


def test_landmarks_lie_where_the_head_frame_has_them(model):
    points = model.mean[model.landmarks68]
    assert np.linalg.norm(points - LANDMARKS_MM, axis=1).max() < 6
    assert np.abs(points[[36, 45]].mean(0)).max() < 2


def test_the_mean_head_is_its_own_mirror_image(model):
    flipped = model.mean[model.mirror] * [-1, 1, 1]
    assert np.linalg.norm(flipped - model.mean, axis=1).mean() < 1.0


def test_shape_is_linear_in_its_weights(model):
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 50))
    together = model.shape(first + second) - model.mean
    apart = (model.shape(first) - model.mean) + (model.shape(second) - model.mean)
    np.testing.assert_allclose(together, apart, atol=1e-3)
    assert model.shape() is model.mean


def test_one_unit_of_a_component_moves_a_face_by_millimetres(model):
    face = (model.mean[:, 2] < 60) & (model.mean[:, 1] < 110)
    moved = np.linalg.norm(model.components[:, face], axis=2).max(1)
    assert (moved > 0.05).all()
    assert (moved < 25).all()


def test_the_surface_is_closed_but_for_the_cut_below_the_shoulders(model):
    edges = np.concatenate([model.triangles[:, pair] for pair in ([0, 1], [1, 2], [2, 0])])
    known = {tuple(edge) for edge in edges.tolist()}
    open_edges = [edge for edge in known if edge[::-1] not in known]
    assert open_edges
    assert model.mean[np.array(open_edges), 1].min() > 140


def test_lids_and_lips_are_closed_by_parts_at_their_places(model):
    middle = {name: model.mean[model.triangles[model.parts == number]].mean((0, 1)) for name, number in PARTS.items()}
    for name, marks in (("right eye", slice(36, 42)), ("left eye", slice(42, 48)), ("mouth", slice(60, 68))):
        wanted = model.mean[model.landmarks68[marks]].mean(0)
        assert np.linalg.norm(middle[name][:2] - wanted[:2]) < 4


def test_every_cell_of_the_chart_has_its_point_on_the_surface(model):
    np.testing.assert_allclose(model.chart_weights.sum(-1), 1, atol=2e-3)
    assert model.chart_weights.min() > -1e-3
    assert model.on_chart(model.mean).shape == (*model.chart_triangles.shape, 3)


def copied(tmp_path):
    for name in ("manifest.json", "face_model.npz"):
        shutil.copy(MODELS_FOLDER / name, tmp_path / name)
    return tmp_path


def test_an_altered_face_model_is_refused_by_name(tmp_path):
    with (copied(tmp_path) / "face_model.npz").open("ab") as file:
        file.write(b"x")
    with pytest.raises(WeightsError, match=r"face_model\.npz: not the weights"):
        load_face_model(tmp_path / "manifest.json")


def test_a_file_that_is_no_face_model_is_refused(tmp_path):
    (tmp_path / "face_model.npz").write_bytes(b"no archive")
    write_entry("face_model", {}, {"npz": tmp_path / "face_model.npz"}, tmp_path / "manifest.json")
    with pytest.raises(WeightsError, match="not a face model"):
        load_face_model(tmp_path / "manifest.json")


def test_writing_one_entry_leaves_the_others_alone(tmp_path):
    manifest, file = tmp_path / "manifest.json", tmp_path / "data.bin"
    manifest.write_text(json.dumps({"other": {"version": "1", "files": {}}}))
    file.write_bytes(b"data")
    write_entry("mine", {"licence": "MIT"}, {"data": file}, manifest)
    assert read_entry("other", manifest)["version"] == "1"
    entry = read_entry("mine", manifest)
    assert entry["licence"] == "MIT"
    assert entry["files"]["data"]["name"] == "data.bin"


def test_an_entry_that_is_missing_is_an_error_with_the_remedy(tmp_path):
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(WeightsError, match="restore the models folder"):
        read_entry("face_model", tmp_path / "manifest.json")

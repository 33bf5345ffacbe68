"""Intrinsics from a field of view and from OpenCV's files; projection by hand; every bad file with its line."""

import cv2
import numpy as np
import pytest

from fpn.camera import Camera
from models.errors import CalibrationError

K = np.array([[600.0, 0, 310], [0, 610, 245], [0, 0, 1]])
DISTORTION = np.array([-0.25, 0.08, 0.001, -0.0005, 0.0])


@pytest.fixture
def write_calibration(tmp_path):
    """Lets OpenCV write the file, as its calibration does."""

    def write(name="camera.yml", **entries):
        path = tmp_path / name
        storage = cv2.FileStorage(str(path), cv2.FILE_STORAGE_WRITE)
        values = {"image_width": 640, "image_height": 480, "camera_matrix": K, "distortion_coefficients": DISTORTION}
        for key, value in {**values, **entries}.items():
            if value is not None:
                storage.write(key, value)
        storage.release()
        return path

    return write


def line_with(path, text):
    return next(n for n, line in enumerate(path.read_text().splitlines(), 1) if text in line)


def test_field_of_view_spans_the_width_of_the_picture():
    camera = Camera.from_fov(640, 480, fov_deg=90)
    # The picture's edge is half a pixel beyond the centre of its first pixel; there the ray lies at 45 degrees.
    np.testing.assert_allclose(camera.rays([[-0.5, 239.5], [639.5, 239.5]]), [[-1, 0, 1], [1, 0, 1]])


def test_pixels_are_square_and_the_axis_is_at_the_centre():
    camera = Camera.from_fov(1280, 720, fov_deg=60)
    assert camera.K[0, 0] == camera.K[1, 1]
    np.testing.assert_allclose(camera.project([[0, 0, 1000]]), [[639.5, 359.5]])


@pytest.mark.parametrize("fov", [0, -10, 180, float("nan")])
def test_an_impossible_field_of_view_is_refused(fov):
    with pytest.raises(CalibrationError, match="between 0 and 180"):
        Camera.from_fov(640, 480, fov_deg=fov)


def test_projection_divides_by_depth():
    camera = Camera(K=K, distortion=np.zeros(0), width=640, height=480)
    np.testing.assert_allclose(camera.project([[100, -50, 1000]]), [[310 + 60, 245 - 30.5]])


def test_radial_distortion_moves_points_as_the_formula_says():
    k1, k2 = -0.2, 0.05
    camera = Camera(K=K, distortion=np.array([k1, k2, 0, 0]), width=640, height=480)
    x, y = 0.3, -0.2
    r2 = x * x + y * y
    factor = 1 + k1 * r2 + k2 * r2 * r2
    expected = [[310 + 600 * x * factor, 245 + 610 * y * factor]]
    np.testing.assert_allclose(camera.project([[300, -200, 1000]]), expected)


@pytest.mark.parametrize("distortion", [np.zeros(0), DISTORTION])
def test_rays_undo_the_projection(distortion):
    camera = Camera(K=K, distortion=distortion, width=640, height=480)
    points = np.array([[0.0, 0, 500], [150, 80, 700], [-200, -120, 900]])
    np.testing.assert_allclose(camera.rays(camera.project(points)), points / points[:, 2:], atol=2e-4)


def test_a_resized_camera_sees_the_same_point_at_the_scaled_place():
    camera = Camera(K=K, distortion=DISTORTION, width=640, height=480)
    half = camera.resized(320, 240)
    point = [[120, -60, 800]]
    # Scaling about the picture's corner, which lies half a pixel outside the first pixel's centre.
    np.testing.assert_allclose(half.project(point), (camera.project(point) + 0.5) / 2 - 0.5)
    assert (half.width, half.height) == (320, 240)


def test_a_camera_of_the_right_size_is_not_rebuilt():
    camera = Camera.from_fov(640, 480)
    assert camera.resized(640, 480) is camera


@pytest.mark.parametrize("name", ["camera.yml", "camera.xml", "camera.json"])
def test_files_that_opencv_wrote_are_read(write_calibration, name):
    camera = Camera.from_calibration(write_calibration(name))
    np.testing.assert_array_equal(camera.K, K)
    np.testing.assert_array_equal(camera.distortion, DISTORTION)
    assert (camera.width, camera.height) == (640, 480)


def test_distortion_may_be_absent(write_calibration):
    assert Camera.from_calibration(write_calibration(distortion_coefficients=None)).distortion.shape == (0,)


def test_a_path_outside_ascii_is_read(write_calibration, tmp_path):
    path = write_calibration().rename(tmp_path / "Kamera größer.yml")
    np.testing.assert_array_equal(Camera.from_calibration(path).K, K)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(CalibrationError, match=r"nowhere\.yml: no such calibration file"):
        Camera.from_calibration(tmp_path / "nowhere.yml")


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(CalibrationError, match="cannot be read"):
        Camera.from_calibration(tmp_path)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("some notes\nof mine\n", 1),
        ("camera_matrix: 1\n", 1),
        ("%YAML:1.0\n---\nimage_width: 640\n\timage_height: 480\n", 4),
        ("%YAML:1.0\n---\nimage_width 640\nimage_height: 480\n", 3),
        ("%YAML:1.0\n---\nimage_width: 640\ncamera_matrix: !!opencv-matrix\n   data: [ 1., 0.,\n", 5),
        ("%YAML:1.0\n---\n- 1\n- 2\n", 1),
    ],
    ids=["empty", "prose", "no-header", "tab", "no-colon", "cut-off", "no-names"],
)
def test_a_file_that_is_not_yaml_is_refused_with_its_line(tmp_path, text, line):
    path = tmp_path / "bad.yml"
    path.write_text(text)
    with pytest.raises(CalibrationError, match=rf"bad\.yml: line {line}: ") as caught:
        Camera.from_calibration(path)
    assert "\n" not in str(caught.value)


def test_a_binary_file_is_refused(tmp_path):
    path = tmp_path / "camera.yml"
    path.write_bytes(b"\x89PNG\r\n\x1a\n\xff\xfe")
    with pytest.raises(CalibrationError, match="cannot be read as a calibration file"):
        Camera.from_calibration(path)


@pytest.mark.parametrize(
    ("entry", "value"),
    [
        ("camera_matrix", np.eye(2)),
        ("camera_matrix", -K),
        ("camera_matrix", np.full((3, 3), np.nan)),
        ("camera_matrix", "600 610 310 245"),
        ("distortion_coefficients", np.zeros(3)),
        ("distortion_coefficients", np.full(5, np.inf)),
        ("image_width", 0),
        ("image_height", "480 pixels"),
    ],
)
def test_a_wrong_entry_is_named_with_its_line(write_calibration, entry, value):
    path = write_calibration(**{entry: value})
    with pytest.raises(CalibrationError, match=f"line {line_with(path, entry)}: {entry} is not"):
        Camera.from_calibration(path)


@pytest.mark.parametrize("entry", ["camera_matrix", "image_width", "image_height"])
def test_a_missing_entry_is_named_with_the_line_to_add_it_after(write_calibration, entry):
    path = write_calibration(**{entry: None})
    lines = len(path.read_text().splitlines())
    with pytest.raises(CalibrationError, match=f"{entry} is missing; add it after line {lines}"):
        Camera.from_calibration(path)


def test_a_matrix_with_too_few_numbers_is_named_with_its_line(write_calibration):
    path = write_calibration()
    path.write_text(path.read_text().replace("data: [ 600., 0., 310.,", "data: [ 600.,"))
    with pytest.raises(CalibrationError, match=f"line {line_with(path, 'camera_matrix')}: camera_matrix is not"):
        Camera.from_calibration(path)

import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from scipy.stats import multivariate_normal

pytest.importorskip("numba")
keras = pytest.importorskip("keras")

from fpn.head import FACE_CENTER_MM, LANDMARKS_MM, ROI_MM  # noqa: E402 - after the checks
from fpn.network import OUTPUT_SIZE, OUTPUTS, bounded_logs  # noqa: E402
from training.dataset import TARGET_SIZE, TARGETS  # noqa: E402
from training.losses import LIKELIHOOD_WEIGHT, WEIGHTS, PoseLoss, rotation_unlikelihood  # noqa: E402


def example(count: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Targets, and outputs that hit them exactly."""
    rotations = Rotation.random(count, random_state=1).as_matrix()
    targets, outputs = np.zeros((count, TARGET_SIZE), np.float32), np.zeros((count, OUTPUT_SIZE), np.float32)
    local = (LANDMARKS_MM - FACE_CENTER_MM) / ROI_MM
    for i, rotation in enumerate(rotations):
        targets[i, TARGETS["present"]] = targets[i, TARGETS["posed"]] = 1
        targets[i, TARGETS["rotation"]] = rotation.ravel()
        targets[i, TARGETS["center"]] = (0.05, -0.1)
        targets[i, TARGETS["log_side"]] = -0.2
        points = local @ rotation.T * np.exp(-0.2) + [0.05, -0.1, 0]
        targets[i, TARGETS["landmarks"]] = points.ravel()
        outputs[i, OUTPUTS["rotation"]] = rotation[:, :2].T.ravel()
        outputs[i, OUTPUTS["center"]] = (0.05, -0.1)
        outputs[i, OUTPUTS["log_side"]] = -0.2
        outputs[i, OUTPUTS["presence"]] = 20
    return targets, outputs


def loss() -> PoseLoss:
    return PoseLoss(LANDMARKS_MM.astype(np.float32), np.zeros((50, 68, 3), np.float32))


def test_a_perfect_prediction_costs_nothing():
    targets, outputs = example()
    assert float(loss()(targets, outputs)) == pytest.approx(0, abs=2e-3)


def test_a_small_turn_costs_its_angle_and_where_there_is_no_face_only_presence_counts():
    targets, outputs = example(1)
    turned = Rotation.from_rotvec([0.1, 0, 0]).as_matrix() @ targets[0, TARGETS["rotation"]].reshape(3, 3)
    outputs[0, OUTPUTS["rotation"]] = turned[:, :2].T.ravel()
    assert float(loss()(targets, outputs)) > 0.1
    targets[0, TARGETS["present"]] = 0
    outputs[0, OUTPUTS["presence"]] = -20
    assert float(loss()(targets, outputs)) == pytest.approx(0, abs=1e-3)


def test_twins_read_with_the_same_error_cost_no_more_than_that_error():
    targets, outputs = example(4)
    error = Rotation.from_rotvec([0.1, 0.05, -0.08]).as_matrix()
    mirrored = Rotation.from_rotvec([0.1, -0.05, 0.08]).as_matrix()  # its mirror image in the plane x = 0

    def read_with(*errors: np.ndarray) -> np.ndarray:
        read = outputs.copy()
        for row, turn in enumerate(errors):
            wrong = targets[row, TARGETS["rotation"]].reshape(3, 3) @ turn
            read[row, OUTPUTS["rotation"]] = wrong[:, :2].T.ravel()
        return read

    same, across = read_with(error, error), read_with(error, mirrored)
    plain = float(loss()(targets, same))
    targets[0, TARGETS["twin"]] = 1
    assert float(loss()(targets, same)) == pytest.approx(plain, abs=2e-3)
    angle = 2 * np.linalg.norm([0.05, 0.08])
    expected = WEIGHTS["twin"] * angle / 4
    plain = float(loss()(targets * (np.arange(TARGET_SIZE) != TARGETS["twin"].start), across))
    assert float(loss()(targets, across)) - plain == pytest.approx(expected, rel=0.05)
    targets[0, TARGETS["twin"]] = -1
    assert float(loss()(targets, across)) == pytest.approx(plain, abs=2e-3)


def test_where_no_pose_is_known_only_agreement_of_looks_place_and_presence_count():
    targets, outputs = example(2)
    outputs[:, OUTPUTS["rotation"]] = [1, 0, 0, 0, 1, 0]
    targets[:, TARGETS["posed"]] = 0
    assert float(loss()(targets, outputs)) == pytest.approx(0, abs=2e-3)
    targets[0, TARGETS["twin"]] = 1
    assert float(loss()(targets, outputs)) > 0.5
    targets[0, TARGETS["twin"]] = 0
    outputs[:, OUTPUTS["center"]] += 0.1
    assert float(loss()(targets, outputs)) == pytest.approx(WEIGHTS["center"] * 0.2, abs=2e-3)


def test_claimed_uncertainty_costs_its_share_and_nothing_at_none():
    targets, outputs = example(1)
    surer = outputs.copy()
    surer[:, OUTPUTS["rotation_scale"]][:, :3] += 1  # e times surer of what is right: likelier by 3 in logs
    assert float(loss()(targets, surer)) == pytest.approx(float(loss()(targets, outputs)), abs=1e-6)
    for share in (0.5, 1.0):
        targets[:, TARGETS["likelihood"]] = share
        raw = bounded_logs(np.array([0.0, 1.0]))
        gain = float(loss()(targets, outputs)) - float(loss()(targets, surer))
        assert gain == pytest.approx(LIKELIHOOD_WEIGHT * share * 3 * (raw[1] - raw[0]), rel=1e-3)


def test_rotation_likelihood_is_scipys_gaussian_of_the_rotation_vector():
    raw = np.array([[1.0, 2.0, 0.5, 0.7, -0.4, 0.3]], np.float32)
    logs = bounded_logs(raw[0, :3].astype(float))
    whitening = np.diag(np.exp(logs))
    whitening[1, 0], whitening[2, 0], whitening[2, 1] = raw[0, 3:]
    covariance = np.linalg.inv(whitening.T @ whitening)
    estimated = Rotation.random(random_state=2).as_matrix()
    gaps = []
    for vector in ([0.2, -0.1, 0.3], [0.0, 0.05, -0.02]):
        truth = Rotation.from_rotvec(vector).as_matrix() @ estimated
        ours = rotation_unlikelihood(truth[None].astype(np.float32), estimated[None].astype(np.float32), raw)
        gaps.append(float(ours[0]) + multivariate_normal(np.zeros(3), covariance).logpdf(vector))
    assert gaps[0] == pytest.approx(gaps[1], abs=2e-3)  # equal up to the constant that is left out

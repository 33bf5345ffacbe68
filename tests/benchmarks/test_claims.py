import cv2
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from benchmarks.claims import LEVELS, Claims, bins_table, coverage_table, plot_claims
from fpn.pose import HeadPose


def claims(factor=1.0, count=4000):
    """Errors drawn from the claimed distributions, of many sizes and shapes, and then made `factor` times as large."""
    rng = np.random.default_rng(3)
    shapes = rng.normal(0, 1, (count, 3, 3))
    sizes = np.radians(rng.uniform(0.5, 6, count))
    covariances = sizes[:, None, None] ** 2 * (shapes @ shapes.transpose(0, 2, 1) / 3 + 0.1 * np.eye(3))
    errors = np.einsum("nij,nj->ni", np.linalg.cholesky(covariances), rng.normal(0, 1, (count, 3)))
    return Claims(factor * errors, covariances)


def cells(text, row):
    return [cell.strip() for cell in text.splitlines()[row].split("|")[1:-1]]


def test_honest_claims_hold_what_they_should():
    shares = [float(cell.split()[0]) / 100 for cell in cells(coverage_table(claims()), 2)[1:]]
    np.testing.assert_allclose(shares, LEVELS, atol=0.02)


@pytest.mark.parametrize("factor", [1.0, 2.0])
def test_bins_show_how_many_times_too_sure_claims_are(factor):
    text = bins_table(claims(factor))
    for row in range(2, 6):
        low_high, count, claimed, made, ratio = cells(text, row)
        assert int(count) == 1000
        assert float(ratio) == pytest.approx(factor, rel=0.06)
        assert float(made) / float(claimed) == pytest.approx(float(ratio), rel=0.02)
        low, high = (float(end) for end in low_high.split(" to "))
        assert low < float(claimed) < high + 0.05


def test_few_images_make_few_bins():
    assert len(bins_table(claims(count=7)).splitlines()) == 3


def test_claims_that_follow_the_errors_are_ranked_with_them_and_arbitrary_ones_are_not():
    errors = np.random.default_rng(0).normal(0, 0.1, (500, 3))
    known = np.sum(errors**2, axis=1)[:, None, None] * np.eye(3)
    assert Claims(errors, known).rank_correlation() == pytest.approx(1)
    assert abs(Claims(errors, np.random.default_rng(1).permutation(known)).rank_correlation()) < 0.15


def test_errors_are_the_rotation_vectors_that_the_covariance_speaks_of():
    truth = Rotation.random(5, random_state=0).as_matrix()
    vectors = np.random.default_rng(0).normal(0, 0.2, (5, 3))
    estimated = Rotation.from_rotvec(vectors).inv().as_matrix() @ truth  # R_true = exp(d) R_estimated
    covariances = np.tile(np.diag([0.01, 0.02, 0.03]), (5, 1, 1))
    poses = [HeadPose(R, np.zeros(3), C, np.eye(3)) for R, C in zip(estimated, covariances, strict=True)]
    found = Claims.of(poses, truth)
    np.testing.assert_allclose(found.errors, vectors, atol=1e-9)
    np.testing.assert_allclose(found.surprise, vectors**2 @ [100, 50, 100 / 3], rtol=1e-9)
    assert found.claimed_deg[0] == pytest.approx(poses[0].rotation_std_deg)


def test_the_plot_is_a_picture(tmp_path):
    plot_claims(claims(count=50), tmp_path / "new folder" / "plot.png")
    picture = cv2.imread(str(tmp_path / "new folder" / "plot.png"))
    assert picture.shape[1] > 600
    assert picture.std() > 10

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from fpn.camera import Camera
from fpn.crop import cut_crop
from fpn.head import FACE_CENTER_MM, LANDMARKS_MM, ROI_MM
from fpn.lift import face_box, lift, region_of
from fpn.network import LOG_MIDDLE, OUTPUT_SIZE, OUTPUTS, bounded_logs
from fpn.pose import HeadPose
from fpn.roi import Roi
from fpn.rotations import geodesic_deg, rotation_from_angles

CAMERA = Camera.from_fov(1280, 720, 75)


def pose_of(rotation: np.ndarray, translation: np.ndarray) -> HeadPose:
    return HeadPose(rotation, translation, np.eye(3) * 1e-4, np.eye(3))


def by_rotation(pose: HeadPose) -> np.ndarray:
    """The part of the position's covariance that comes from turning about the face centre."""
    x, y, z = pose.rotation @ FACE_CENTER_MM
    lever = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return lever @ pose.rotation_covariance @ lever.T


def perfect_output(pose: HeadPose, crop, size: int) -> np.ndarray:
    """What a network without error would say of `crop` of a head in `pose`."""
    center = pose.translation + pose.rotation @ FACE_CENTER_MM
    seen = crop.orientation.T @ center
    # From the axis of the virtual camera to the line of sight by the shortest way (independent of fpn.rotations).
    axis = np.cross([0, 0, 1], seen / np.linalg.norm(seen))
    angle = np.arctan2(np.linalg.norm(axis), seen[2] / np.linalg.norm(seen))
    to_sight = Rotation.from_rotvec(axis / max(np.linalg.norm(axis), 1e-12) * angle).as_matrix()
    relative = to_sight.T @ crop.orientation.T @ pose.rotation
    output = np.zeros(OUTPUT_SIZE, np.float32)
    output[OUTPUTS["rotation"]] = np.concatenate([relative[:, 0], relative[:, 1]])
    output[OUTPUTS["center"]] = crop.focal * seen[:2] / seen[2] / size
    output[OUTPUTS["log_side"]] = np.log(crop.focal * ROI_MM / seen[2] / size)
    output[OUTPUTS["presence"]] = 3.0
    return output


@pytest.mark.parametrize("angles", [(0, 0, 0), (50, 10, -20), (-80, -30, 60)])
@pytest.mark.parametrize("place", [(0, 0, 600), (380, -150, 700), (-500, 220, 900)])
@pytest.mark.parametrize("tilt", [0.0, 80.0])
def test_a_perfect_network_gives_back_the_pose_in_the_camera(angles, place, tilt):
    pose = pose_of(rotation_from_angles(*angles), np.array(place, float))
    region = region_of(pose, CAMERA)
    # Looked at a little beside and too wide, as a detector would.
    crop = cut_crop(
        np.zeros((720, 1280, 3), np.uint8),
        Roi(region.center_x + 9, region.center_y - 14, region.side * 1.2, tilt),
        CAMERA,
        112,
    )
    estimate = lift(perfect_output(pose, crop, 112), crop, CAMERA)
    assert geodesic_deg(estimate.pose.rotation, pose.rotation) < 1e-4
    np.testing.assert_allclose(estimate.pose.translation, pose.translation, atol=0.01)
    assert estimate.presence == pytest.approx(1 / (1 + np.exp(-3)))


@pytest.mark.parametrize("roll", [0, 25, -70, 130, -179])
@pytest.mark.parametrize("yaw", [0, 40, -90])
def test_in_the_region_of_a_head_it_stands_upright(roll, yaw):
    in_plane = Rotation.from_euler("Z", roll, degrees=True).as_matrix()
    pose = pose_of(in_plane @ rotation_from_angles(yaw, 0, 0), np.array([0.0, 0, 800]))
    pose = pose_of(pose.rotation, pose.translation - pose.rotation @ FACE_CENTER_MM)
    assert (region_of(pose, CAMERA).tilt_deg - roll + 180) % 360 - 180 == pytest.approx(0, abs=1e-6)


def test_a_head_twice_as_large_is_twice_as_far():
    pose = pose_of(rotation_from_angles(20, 5, 0), np.array([100.0, 40, 600]))
    crop = cut_crop(np.zeros((720, 1280, 3), np.uint8), region_of(pose, CAMERA), CAMERA, 112)
    output = perfect_output(pose, crop, 112)
    near, far = lift(output, crop, CAMERA).pose, lift(output, crop, CAMERA, head_scale=2.0).pose
    np.testing.assert_allclose(far.translation, 2 * near.translation, rtol=1e-9)
    np.testing.assert_allclose(far.rotation, near.rotation, atol=1e-12)


def test_uncertainty_turns_with_the_line_of_sight_and_depth_grows_less_sure_with_distance():
    covariances = []
    for depth in (500.0, 1000.0):
        pose = pose_of(np.eye(3), np.array([0.8 * depth, 0, depth]) - FACE_CENTER_MM)
        crop = cut_crop(np.zeros((720, 1280, 3), np.uint8), region_of(pose, CAMERA), CAMERA, 112)
        output = perfect_output(pose, crop, 112)
        output[OUTPUTS["position_scale"]] = LOG_MIDDLE
        output[OUTPUTS["rotation_scale"]] = [LOG_MIDDLE + 1, LOG_MIDDLE, LOG_MIDDLE, 0, 0, 0]
        covariances.append(lift(output, crop, CAMERA).pose)
    near, far = covariances
    rest = [pose.position_covariance - by_rotation(pose) for pose in (near, far)]
    sight = np.array([0.8, 0, 1]) / np.hypot(0.8, 1)
    # A region is as many millimetres wide near and far: across, the error stays; along the line of sight it grows.
    assert sight @ rest[1] @ sight == pytest.approx(4 * (sight @ rest[0] @ sight), rel=0.02)
    assert rest[1][1, 1] == pytest.approx(rest[0][1, 1], rel=0.05)
    # The best-known axis of the crop is x; in the camera it is x turned towards the face about y.
    values, vectors = np.linalg.eigh(near.rotation_covariance)
    direction = np.array([1.0, 0, -0.8]) / np.hypot(1, 0.8)
    assert abs(vectors[:, 0] @ direction) > 0.995
    assert values[0] < 0.5 * values[1]


def test_rotation_covariance_is_the_inverse_of_the_information_that_the_network_gives():
    pose = pose_of(np.eye(3), np.array([0.0, 0, 700]) - FACE_CENTER_MM)  # on the axis, where nothing is turned
    crop = cut_crop(np.zeros((720, 1280, 3), np.uint8), region_of(pose, CAMERA), CAMERA, 112)
    output = perfect_output(pose, crop, 112)
    output[OUTPUTS["rotation_scale"]] = [LOG_MIDDLE + 0.1, LOG_MIDDLE - 0.2, LOG_MIDDLE, 3.0, -5.0, 2.0]
    # The network gives a factor of the information, lower triangular, its diagonal as logs.
    diagonal = np.exp(bounded_logs(output[OUTPUTS["rotation_scale"]][:3].astype(float)))
    factor = np.array([[diagonal[0], 0, 0], [3.0, diagonal[1], 0], [-5.0, 2.0, diagonal[2]]])
    expected = np.linalg.inv(factor.T @ factor)
    np.testing.assert_allclose(lift(output, crop, CAMERA).pose.rotation_covariance, expected, rtol=1e-3)


def test_box_encloses_the_projected_landmarks_exactly():
    pose = pose_of(rotation_from_angles(35, -10, 15), np.array([50.0, -20, 500]))
    box = face_box(pose, CAMERA)
    points = LANDMARKS_MM @ pose.rotation.T + pose.translation
    pixels = CAMERA.K[0, 0] * points[:, :2] / points[:, 2:] + CAMERA.K[:2, 2]
    assert (box.x, box.y) == pytest.approx(tuple(pixels.min(0)))
    assert (box.x + box.width, box.y + box.height) == pytest.approx(tuple(pixels.max(0)))


def test_shape_weights_come_through_unchanged():
    pose = pose_of(np.eye(3), np.array([0.0, 0, 600]))
    crop = cut_crop(np.zeros((720, 1280, 3), np.uint8), region_of(pose, CAMERA), CAMERA, 112)
    output = perfect_output(pose, crop, 112)
    output[OUTPUTS["shape"]] = np.linspace(-2, 2, 50)
    estimate = lift(output, crop, CAMERA)
    np.testing.assert_array_equal(estimate.shape, output[OUTPUTS["shape"]])

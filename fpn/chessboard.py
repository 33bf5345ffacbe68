"""A camera's intrinsics from views of a flat chessboard.

Zhang 2000, "A flexible new technique for camera calibration", as OpenCV has it.

Views that hardly differ tell nothing that one of them does not, and some sets of views leave the focal length open
however many there are: a board that always faces the camera could be a small one near or a large one far. Such sets are
refused rather than answered with a wrong camera.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from fpn.camera import Camera
from models.errors import CalibrationError

Points = npt.NDArray[np.float32]

LEAST_VIEWS = 8
"""Views that a calibration needs."""
MOST_VIEWS = 40
"""Views after which more of them no longer make a difference."""
_LEAST_CHANGE = 0.015  # of the picture's diagonal, by which a view's corners have moved on average to be another view
_LEAST_TILT_DEG = 20.0  # between the two most differently turned boards
_LEAST_REACH = 0.5  # of the way from the picture's centre to its corner, reached by corners of the board
_MOST_FOCAL_STD = 0.02  # of the focal length
_MOST_ERROR = 1.5 / 640  # root mean square in pixels over the picture's width: blurred, bent, or another board
_WORTH_K3 = 0.9  # a further coefficient must bring the error down to this share of it, or it only bends the edges
_REMEDY = "show the board near and far, in all corners of the picture, and tilted by 30 degrees to all sides"


@dataclass(frozen=True)
class ChessboardCamera:
    """A calibrated camera.

    error_px: root mean square distance between seen and projected corners, pixels.
    focal_std_px: standard deviation of the focal length, pixels.
    views: how many views it rests on.
    """

    camera: Camera
    error_px: float
    focal_std_px: float
    views: int


class Chessboard:
    """Views of one chessboard by one camera, as far as they differ from each other."""

    def __init__(self, columns: int, rows: int) -> None:
        """`columns` and `rows` of inner corners, where four squares meet; at least 3 each."""
        if min(columns, rows) < 3:
            raise CalibrationError(f"a board of {columns}x{rows} inner corners is too small; use one of 3x3 or more")
        self._pattern = (columns, rows)
        self._size: tuple[int, int] | None = None
        self._views: list[Points] = []
        self.seen = 0
        """Pictures in which the whole board was found."""

    @property
    def views(self) -> int:
        """Views that differ."""
        return len(self._views)

    def look(self, image: npt.NDArray[np.uint8]) -> Points | None:
        """Look for the board in a picture (H, W, 3) uint8 BGR; gives its corners (n, 2) in pixels, None if not found.

        A view that differs from those before is kept. Raises CalibrationError for a picture of another size.
        """
        size = image.shape[1], image.shape[0]
        if self._size not in (None, size):
            raise CalibrationError(f"pictures of {self._size} and of {size} pixels: use one camera at one size")
        self._size = size
        grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        found, corners = cv2.findChessboardCornersSB(grey, self._pattern, flags=cv2.CALIB_CB_NORMALIZE_IMAGE)
        if not found:
            return None
        self.seen += 1
        points: Points = np.asarray(corners, np.float32).reshape(-1, 2)
        least = _LEAST_CHANGE * float(np.hypot(*size))
        if all(_change(points, other) >= least for other in self._views):
            self._views.append(points)
        return points

    def calibrate(self) -> ChessboardCamera:
        """The camera that explains the views best; distortion with k1, k2, p1, p2, and k3 where it is needed.

        Raises CalibrationError, with the remedy, for views that are too few or too similar, and for a poor fit.
        """
        columns, rows = self._pattern
        if self._size is None or not self.seen:
            raise CalibrationError(
                f"no board with {columns}x{rows} inner corners was seen; count the points where four squares meet "
                "(--board), and show the whole board, flat, with its white rim, in good light"
            )
        if self.views < LEAST_VIEWS:
            raise CalibrationError(
                f"{self.views} different views of the board in {self.seen} pictures of it; at least {LEAST_VIEWS} are "
                f"needed: {_REMEDY}"
            )
        without, with_k3 = self._fit(cv2.CALIB_FIX_K3), self._fit(0)
        fit = with_k3 if with_k3.error_px < _WORTH_K3 * without.error_px else without
        width, height = self._size
        self._check(fit)
        distortion = fit.distortion if fit is with_k3 else fit.distortion[:4]
        camera = Camera(fit.K, distortion, width, height)
        return ChessboardCamera(camera, fit.error_px, fit.focal_std_px, self.views)

    def _fit(self, flags: int) -> _Fit:
        columns, rows = self._pattern
        board = np.zeros((columns * rows, 3), np.float32)
        board[:, :2] = np.mgrid[:columns, :rows].T.reshape(-1, 2)
        error_px, K, distortion, turns, _, spread, _, _ = cv2.calibrateCameraExtended(
            [board] * self.views, self._views, self._size, None, None, flags=flags
        )
        normals = np.array([cv2.Rodrigues(turn)[0][:, 2] for turn in turns])
        return _Fit(K, distortion.ravel(), float(error_px), float(spread.ravel()[:2].max()), normals)

    def _check(self, fit: _Fit) -> None:
        width, height = self._size or (0, 0)
        tilt_deg = float(np.degrees(np.arccos(np.clip((fit.normals @ fit.normals.T).min(), -1, 1))))
        if tilt_deg < _LEAST_TILT_DEG or not fit.focal_std_px < _MOST_FOCAL_STD * fit.K[0, 0]:
            raise CalibrationError(
                f"the {self.views} views are too similar (the board's tilt differs by {tilt_deg:.0f} degrees at most, "
                f"the focal length is known to {100 * fit.focal_std_px / fit.K[0, 0]:.1f} %): {_REMEDY}"
            )
        centre = np.array([width - 1, height - 1]) / 2
        reach = np.linalg.norm(np.concatenate(self._views) - centre, axis=1).max() / np.linalg.norm(centre)
        if reach < _LEAST_REACH:
            raise CalibrationError(f"the board was only seen in the middle of the picture: {_REMEDY}")
        if fit.error_px > _MOST_ERROR * width:
            raise CalibrationError(
                f"the views do not fit together (an error of {fit.error_px:.1f} pixels): use a flat, stiff board, hold "
                "it still, and check --board"
            )


@dataclass(frozen=True)
class _Fit:
    """`normals` (views, 3) of the boards in the camera frame; see `ChessboardCamera` for the rest."""

    K: npt.NDArray[np.float64]
    distortion: npt.NDArray[np.float64]
    error_px: float
    focal_std_px: float
    normals: npt.NDArray[np.float64]


def _change(points: Points, other: Points) -> float:
    """Mean distance in pixels between corners; a board turned by half a turn may be counted from its other end."""
    return min(float(np.linalg.norm(points - each, axis=1).mean()) for each in (other, other[::-1]))

"""Where the network looks for a head in the next frame, and the box that is drawn: both steady."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fpn.camera import Camera
from fpn.pose import FaceEstimate
from fpn.roi import Box, Roi

_WEIGHT = 0.3  # of a new measurement in the running mean of the head's layout: three frames' memory
_CENTER_SLACK = 0.02  # of the side: the region does not follow a head over less than this,
_SIDE_SLACK = 0.03  # nor a change of its size over less
_TILT_SLACK_DEG = 10.0  # nor a tilt within this of the region's own, which the network hardly minds
_NEAREST_MM = 10.0  # a head that coasts towards the camera does not pass through it


class SteadyRegion:
    """Region of interest and box of one head, carried along with its filtered position.

    The network's own region trembles with its pose. Would the next crop follow it, each would shake the other. So only
    the layout is kept of it, which hardly changes: how far the region and the box are from the head's origin and how
    large they are, all relative to the head's apparent size, averaged over a few frames. The filtered position, which
    is steady and runs ahead of time, then says where that is. And while a head rests the region does not move at all:
    it follows on a leash.
    """

    def __init__(self) -> None:
        self._layout: npt.NDArray[np.float64] | None = None  # of region and box, in pixels times millimetres
        self._held: Roi | None = None
        self._tilt_deg = 0.0

    def measure(self, estimate: FaceEstimate, camera: Camera) -> None:
        """Learn from what the network found, its own pose, region and box belonging together."""
        x, y, z = _origin(estimate.pose.translation, camera)
        roi, box = estimate.roi, estimate.box
        layout = z * np.array(
            [roi.center_x - x, roi.center_y - y, roi.side, box.x - x, box.y - y, box.width, box.height]
        )
        if self._layout is None:
            self._layout, self._held, self._tilt_deg = layout, estimate.roi, roi.tilt_deg
        else:
            self._layout = self._layout + _WEIGHT * (layout - self._layout)
            beyond = (roi.tilt_deg - self._tilt_deg + 180) % 360 - 180
            beyond -= min(max(beyond, -_TILT_SLACK_DEG), _TILT_SLACK_DEG)
            self._tilt_deg = (self._tilt_deg + beyond + 180) % 360 - 180

    def move(self, translation: npt.NDArray[np.float64], camera: Camera) -> Roi:
        """The region for a head whose origin is at `translation` (3,), millimetres in the camera frame."""
        layout, (x, y, z) = self._known(), _origin(translation, camera)
        center_x, center_y, side = (layout[:3] / z + (x, y, 0.0)).tolist()
        held = self._held
        if held is not None:
            slack = _CENTER_SLACK * held.side
            center_x -= min(max(center_x - held.center_x, -slack), slack)
            center_y -= min(max(center_y - held.center_y, -slack), slack)
            side /= min(max(side / held.side, 1 - _SIDE_SLACK), 1 + _SIDE_SLACK)
        self._held = Roi(center_x, center_y, side, self._tilt_deg)
        return self._held

    def box(self, translation: npt.NDArray[np.float64], camera: Camera) -> Box:
        """The box of a head whose origin is at `translation`."""
        layout, (x, y, z) = self._known(), _origin(translation, camera)
        left, top, width, height = (layout[3:] / z).tolist()
        return Box(x + left, y + top, width, height)

    def _known(self) -> npt.NDArray[np.float64]:
        if self._layout is None:
            raise ValueError("nothing has been measured yet")
        return self._layout


def _origin(translation: npt.NDArray[np.float64], camera: Camera) -> tuple[float, float, float]:
    """Where a head's origin appears, in pixels without lens distortion, and its depth in millimetres.

    Distortion changes little between two frames, so it is a part of the layout.
    """
    X, Y, Z = translation.tolist()
    Z = max(Z, _NEAREST_MM)
    (fx, _, cx), (_, fy, cy), _ = camera.K.tolist()
    return fx * X / Z + cx, fy * Y / Z + cy, Z

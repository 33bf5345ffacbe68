"""The head as the network and the lift see it: one point to aim at, one length to measure by, an average face's size.

Head frame of `x_camera = R x_head + t`: millimetres, origin midway between the outer eye corners, x to the picture's
right for a frontal head, y down, z from the face to the back of the head.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FACE_CENTER_MM: npt.NDArray[np.float64] = np.array([0.0, 40.0, 10.0])
"""The head point the network aims at: central in the picture of a face from the front and in profile alike."""

ROI_MM = 200.0
"""Side of the network's region of interest at the depth of `FACE_CENTER_MM`, for a head of average size. The network
predicts the region's side, and so its distance; about 1.4 times a tight box around the landmarks."""

AVERAGE_IPD_MM = 63.0
"""Interpupillary distance of the average head that all lengths here belong to (adults, Dodgson 2004). A person's own
distance over this one scales the translation."""

LANDMARKS_MM: npt.NDArray[np.float64] = np.array(
    [
        [-74, -8, 49], [-73, 14, 49], [-69, 34, 45], [-66, 54, 40],
        [-57, 76, 33], [-43, 94, 23], [-31, 103, 10], [-15, 108, -5],
        [0, 111, -6], [15, 108, -5], [31, 103, 10], [43, 94, 23],
        [57, 76, 33], [66, 54, 40], [69, 34, 45], [73, 14, 49],
        [74, -8, 49], [-58, -18, 5], [-49, -25, -7], [-38, -27, -15],
        [-24, -25, -22], [-12, -22, -24], [12, -22, -24], [24, -25, -22],
        [38, -27, -15], [49, -25, -7], [58, -18, 5], [0, -1, -22],
        [0, 11, -28], [0, 22, -35], [0, 35, -41], [-13, 48, -18],
        [-6, 49, -23], [0, 49, -24], [6, 49, -23], [13, 48, -18],
        [-45, 0, 0], [-39, -4, -8], [-28, -4, -10], [-18, 2, -6],
        [-27, 4, -8], [-39, 4, -6], [18, 2, -6], [28, -4, -10],
        [39, -4, -8], [45, 0, 0], [39, 4, -6], [27, 4, -8],
        [-25, 71, -8], [-17, 65, -19], [-7, 62, -25], [0, 62, -26],
        [7, 62, -25], [17, 65, -19], [25, 71, -8], [18, 77, -15],
        [10, 80, -19], [0, 81, -21], [-10, 80, -19], [-18, 77, -15],
        [-22, 70, -8], [-10, 70, -17], [0, 70, -19], [10, 70, -17],
        [22, 70, -8], [11, 70, -17], [0, 71, -19], [-11, 70, -17],
    ],
    dtype=np.float64,
)  # fmt: skip
"""The 68 landmarks of an average face (300W order: jaw 0-16, brows 17-26, nose 27-35, eyes 36-47, mouth 48-67), mm.
Rounded from the neutral head of ICT-FaceKit (Li et al. 2020, MIT licence)."""

"""The head as the network and the lift see it: one point to aim at, one length to measure by, an average face's size.

Head frame of `x_camera = R x_head + t`: millimetres, origin midway between the outer eye corners, x to the picture's
right for a frontal head, y down, z from the face to the back of the head.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FACE_CENTER_MM: npt.NDArray[np.float64] = np.array([0.0, 40.0, 9.0])
"""The head point the network aims at: central in the picture of a face from the front and in profile alike."""

ROI_MM = 200.0
"""Side of the network's region of interest at the depth of `FACE_CENTER_MM`, for a head of average size. The network
predicts the region's side, and so its distance; about 1.4 times a tight box around the landmarks."""

AVERAGE_IPD_MM = 63.0
"""Interpupillary distance of the average head that all lengths here belong to (adults, Dodgson 2004). A person's own
distance over this one scales the translation."""

LANDMARKS_MM: npt.NDArray[np.float64] = np.array(
    [
        [-74, -6, 49], [-73, 16, 48], [-69, 36, 44], [-66, 55, 39],
        [-57, 77, 31], [-43, 95, 20], [-31, 103, 6], [-15, 108, -9],
        [0, 111, -10], [15, 108, -9], [31, 103, 6], [43, 95, 20],
        [57, 77, 31], [66, 55, 39], [69, 36, 44], [73, 16, 48],
        [74, -6, 49], [-58, -18, 6], [-49, -25, -6], [-38, -27, -14],
        [-24, -26, -21], [-12, -23, -23], [12, -23, -23], [24, -26, -21],
        [38, -27, -14], [49, -25, -6], [58, -18, 6], [0, -1, -21],
        [0, 10, -28], [0, 21, -36], [0, 34, -42], [-13, 47, -19],
        [-6, 48, -25], [0, 48, -26], [6, 48, -25], [13, 47, -19],
        [-45, 0, 0], [-39, -4, -8], [-28, -4, -10], [-18, 2, -6],
        [-27, 4, -8], [-39, 4, -6], [18, 2, -6], [28, -4, -10],
        [39, -4, -8], [45, 0, 0], [39, 4, -6], [27, 4, -8],
        [-25, 71, -11], [-17, 64, -21], [-7, 61, -27], [0, 61, -28],
        [7, 61, -27], [17, 64, -21], [25, 71, -11], [18, 76, -17],
        [10, 79, -22], [0, 80, -24], [-10, 79, -22], [-18, 76, -17],
        [-22, 70, -10], [-10, 69, -20], [0, 69, -22], [10, 69, -20],
        [22, 70, -10], [11, 70, -19], [0, 70, -21], [-11, 70, -19],
    ],
    dtype=np.float64,
)  # fmt: skip
"""The 68 landmarks of an average face (300W order: jaw 0-16, brows 17-26, nose 27-35, eyes 36-47, mouth 48-67), mm.
Rounded from the neutral head of ICT-FaceKit (Li et al. 2020, MIT licence)."""

"""A face as a camera in front of it, or to any side of it, would see it (after Hassner et al. 2015).

Every pixel of the view belongs to a point of the head's surface (or of its surroundings, which lie on a sheet behind
it); the point is projected into the frame with the head's pose and sampled there. What the camera did not see is taken
from the mirror image of the face, its brightness matched, and what it saw on neither side is filled with smooth tones.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from fpn.camera import Camera
from fpn.pose import HeadPose
from renderer.appearance import chart_surface, observe, sight, weigh
from renderer.frontal_view import FrontalView, empty_view
from renderer.sampling import HeadCamera, Patch, Projector, cut_patch, four_bytes
from renderer.seen_face import FaceMemory, SeenFace
from renderer.surroundings import Surroundings, look_around
from renderer.view import DEFAULT_VIEW_SIZE, FIELD_MM, PIVOT_MM, View, check_size, pixels_per_mm

_REACH = 0.68
"""Half the side of the part of a frame that is sampled, over a view's field, if the head is held upright."""
_NEAREST_FIELDS = 0.5
"""A head nearer to the camera than this many fields of a view is out of all proportion, and no view is made of it."""
FRONT_MM = np.array([0.0, 35.0, -10.0])
"""What a camera sees of a head is what a far one sees in the direction of the camera from this point of the face."""
_BORDER_MM = 4.0
"""So near to the frame's border nothing is trusted."""
_NEAREST_VIEW_MM = 200.0
"""No view is drawn from nearer to the eyes, where a head is distorted beyond recognition. A larger one shows, of faces
that are nearer, more of the sides of the head than the camera saw."""
_SMALL = 1e-6
_FOLLOWED_MM, _FOLLOWED_SHARE = 2.0, 0.03
"""Up to these changes from frame to frame, of a face's form and of its distance, lines of sight are followed on it."""
_TONE_MM = 3.0
"""The tones of a face are taken from a picture of this many millimetres to a pixel."""


def frontalize(
    image: npt.NDArray[np.uint8],
    pose: HeadPose,
    camera: Camera,
    view: View | float = 0.0,
    size: int = DEFAULT_VIEW_SIZE,
    shape: npt.ArrayLike | None = None,
    head_scale: float = 1.0,
) -> FrontalView:
    """The head in `pose` as seen from the side of `view`, from as far away as the camera is.

    image: (H, W, 3) uint8 BGR, the full frame. camera: its intrinsics, lens distortion included, for that size.
    view: a `View`, or its yaw in degrees; 0 is the front. size: pixels a side.
    shape: (50,) weights of the face model, as the network gives them; the mean face without.
    head_scale: size of the head over the average adult's, the same that the pose was computed with.

    A face of which the frame shows nothing gives a grey view of confidence 0. Raises ViewError for a view or a size out
    of range.
    """
    check_size(size)
    wanted = view if isinstance(view, View) else View(float(view))
    head = HeadCamera(camera, pose.rotation, pose.translation, head_scale)
    face = see(image, head, pixels_per_mm(size), shape, FaceMemory())
    if face is None:
        return empty_view(size)
    from renderer.drawing import Painter  # late: loads numba, which takes most of a second

    return Painter(size).draw(face, (wanted,))[0]


def prepare(size: int = DEFAULT_VIEW_SIZE) -> None:
    """Load and work out what frontal views of a size need, which the first would wait for: two seconds, or half a
    minute where the loops have not been compiled yet.
    """
    grey = np.full((48, 64, 3), 128, np.uint8)
    pose = HeadPose(np.eye(3), np.array([0.0, 0.0, 600.0]), np.eye(3), np.eye(3))
    frontalize(grey, pose, Camera.from_fov(64, 48), size=size)


def see(
    image: npt.NDArray[np.uint8],
    head: HeadCamera,
    view_pixels_per_mm: float,
    shape: npt.ArrayLike | None,
    memory: FaceMemory,
    *,
    weights_anew: bool = True,
    tones_anew: bool = True,
    kept: tuple[float, float] = (0.0, 0.0),
) -> SeenFace | None:
    """What all views of one face share; None where the frame shows nothing of it.

    memory: what is known of it from earlier frames, and is to be known after this one. weights_anew, tones_anew:
    whether to find out again how well each part of it is seen, and of what tones it and its surroundings are, instead
    of taking that over; the second goes with the first. kept: shares of what was known of both, see
    `renderer.appearance.SettledAppearance`.
    """
    if not np.isfinite(head.projection).all() or head.at(PIVOT_MM)[2] < _NEAREST_FIELDS * FIELD_MM * head.scale:
        return None
    scale = head.pixels_per_mm(PIVOT_MM)
    # A field that is held aslant reaches farther to all sides.
    across, down = abs(float(head.rotation[0, 1])), abs(float(head.rotation[1, 1]))
    reach = _REACH * (across + down) / max(math.hypot(across, down), _SMALL)
    center = head.pixel_of(PIVOT_MM)
    patch = cut_patch((image.shape[0], image.shape[1]), center, reach * FIELD_MM * scale, scale / view_pixels_per_mm)
    if patch is None:
        return None
    project = Projector(head, patch)
    pixels = memory.pixels.take(image, patch)
    distance_mm = max(math.hypot(*head.translation.tolist()) / head.scale, _NEAREST_VIEW_MM)
    changed_mm = memory.deformation.follow(shape)
    if not (changed_mm < _FOLLOWED_MM and abs(distance_mm - memory.distance_mm) < _FOLLOWED_SHARE * distance_mm):
        memory.met.clear()
    memory.distance_mm = distance_mm
    surroundings = memory.surroundings
    if weights_anew or tones_anew or surroundings is None:
        surroundings = _observe(head, patch, project, scale, memory, None if tones_anew else surroundings)
        memory.surroundings = surroundings
    memory.appearance.follow(memory.observed, *kept)
    return SeenFace(head, patch, pixels, project, surroundings, distance_mm, memory)


def _observe(
    head: HeadCamera,
    patch: Patch,
    project: Projector,
    scale: float,
    memory: FaceMemory,
    known: Surroundings | None,
) -> Surroundings:
    """What a patch shows of a face, `memory.observed`, is set; what stands around it is returned. Tones and
    surroundings are those that are known, if these are.

    scale: frame pixels to a millimetre of the head.
    """
    from renderer.loops import cells  # late: loads numba, which takes most of a second

    surface, rooms = chart_surface(), memory.rooms
    points = np.add(surface.points, memory.deformation.mm, out=rooms.floats("points", *surface.points.shape))
    pixels = project(points)
    visible = rooms.floats("visible", *points.shape[:2])
    margin = _BORDER_MM * patch.scale * scale
    cells.show(points, surface.normals, head.camera_mm.astype(np.float32), pixels, patch.size, margin, visible)
    seen = sight(head.towards_camera(FRONT_MM), rooms)
    seen.dim(visible)
    observed = memory.observed
    if known is not None:
        observed.doubt[:] = memory.appearance.seen.doubt
        seen.dim(1 - observed.doubt)
        weigh(seen, observed.weights)
        return known
    small = patch.smaller(patch.scale * scale * _TONE_MM)
    on_small = cv2.transform(pixels, (small.to_patch @ patch.from_patch)[:2])
    colours = rooms.bytes("colours", *points.shape[:2], 4)
    shrunk = four_bytes(memory.pixels.shrunk(small))
    cv2.remap(shrunk, on_small, None, cv2.INTER_LINEAR, dst=colours, borderMode=cv2.BORDER_REPLICATE)
    surroundings = look_around(small, memory.pixels, on_small, rooms)
    observe(colours, surroundings.behind(on_small, small, rooms), seen, observed, rooms)
    return surroundings

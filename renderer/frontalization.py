"""A face as a camera in front of it, or to any side of it, would see it (after Hassner et al. 2015).

Every pixel of the view belongs to a point of the head's surface (or of its surroundings, which lie on a sheet behind
it); the point is projected into the frame with the head's pose and sampled there. What the camera did not see is taken
from the mirror image of the face, its brightness matched, and what it saw on neither side is filled with smooth tones.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from fpn.camera import Camera
from fpn.pose import HeadPose
from models.face_model import load_face_model
from renderer.appearance import Appearance, Sight, chart_surface, observe, sight, turned_to, weigh
from renderer.drawing import FrontalView, draw_views, empty_view
from renderer.layers import SeenFace, Workspace
from renderer.sampling import HeadCamera, Projector, cut_patch
from renderer.surroundings import look_around
from renderer.view import DEFAULT_VIEW_SIZE, FIELD_MM, PIVOT_MM, View, pixels_per_mm
from renderer.view_set import view_set

_REACH = 0.75
"""Half the side of the part of a frame that is sampled, over a view's field."""
_NEAREST_FIELDS = 0.5
"""A head nearer to the camera than this many fields of a view is out of all proportion, and no view is made of it."""
FRONT_MM = np.array([0.0, 35.0, -10.0])
"""What a camera sees of a head is what a far one sees in the direction of the camera from this point of the face."""
_BORDER_MM = 4.0
"""So near to the frame's border nothing is trusted."""
_NEAREST_VIEW_MM = 300.0
"""No view is drawn from nearer to the eyes, where a head is distorted beyond recognition."""
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
    views = view_set((view if isinstance(view, View) else View(float(view)),), size)
    head = HeadCamera(camera, pose.rotation, pose.translation, head_scale)
    face = see(image, head, pixels_per_mm(size), shape)
    return empty_view(size) if face is None else draw_views(face, views, Workspace())[0]


def prepare(size: int = DEFAULT_VIEW_SIZE) -> None:
    """Load the face model and work out what frontal views of a size need: half a second, which the first would take."""
    chart_surface()
    view_set((View(),), size)


def see(
    image: npt.NDArray[np.uint8],
    head: HeadCamera,
    view_pixels_per_mm: float,
    shape: npt.ArrayLike | None,
    earlier: SeenFace | None = None,
) -> SeenFace | None:
    """What all views of one face share; None where the frame shows nothing of it.

    earlier: what was seen of it a moment ago, whose tones and surroundings are to be taken over.
    """
    if not np.isfinite(head.translation).all() or head.at(PIVOT_MM)[2] < _NEAREST_FIELDS * FIELD_MM * head.scale:
        return None
    scale = head.pixels_per_mm(PIVOT_MM)
    center = head.camera.project(head.at(PIVOT_MM))[0]
    patch = cut_patch(image, center, _REACH * FIELD_MM * scale, scale / view_pixels_per_mm)
    if patch is None:
        return None
    surface = chart_surface()
    deformation = None if shape is None else surface.deformation(shape)
    points = surface.points if deformation is None else surface.points + deformation
    project = Projector(head, patch)
    pixels = project(points)
    seen = sight(load_face_model(), head.towards_camera(FRONT_MM))
    inside = patch.inside(pixels, _BORDER_MM * patch.to_patch[0, 0] * scale)
    inside *= turned_to(surface, points, -(head.translation @ head.rotation) / head.scale)
    seen = Sight(seen.cosine * cv2.resize(inside, seen.cosine.shape[1::-1]), seen.safe)
    if earlier is None:
        small = patch.smaller(patch.to_patch[0, 0] * scale * _TONE_MM)
        on_small = cv2.transform(pixels, (small.to_patch @ patch.from_patch)[:2])
        appearance = observe(small.sample(on_small), seen)
        surroundings = look_around(small, on_small)
    else:
        appearance = Appearance(weigh(seen), earlier.appearance.tone, earlier.appearance.fill)
        surroundings = earlier.surroundings
    return SeenFace(
        head=head,
        patch=patch,
        project=project,
        deformation=deformation,
        appearance=appearance,
        surroundings=surroundings,
        distance_mm=max(float(np.linalg.norm(head.translation)) / head.scale, _NEAREST_VIEW_MM),
    )

"""The 3D face: overlays and views of it."""

from renderer.frontal_view import FrontalView
from renderer.frontalization import frontalize, prepare
from renderer.frontalizer import Frontalizer, TrackedFace
from renderer.view import View, ViewError, parse_views, seed_views

__all__ = [
    "FrontalView",
    "Frontalizer",
    "TrackedFace",
    "View",
    "ViewError",
    "frontalize",
    "parse_views",
    "prepare",
    "seed_views",
]

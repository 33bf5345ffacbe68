"""Several views drawn together: their grids stand one below the other, so that each step is one call for all."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from renderer.view import NODE_SPACING, ROUGH_SPACING, View, ViewGeometry, pixels_per_mm, view_geometry

Float32 = npt.NDArray[np.float32]

NODES_PER_ROUGH = ROUGH_SPACING // NODE_SPACING


@dataclass(frozen=True)
class ViewSet:
    """The geometry of n views (see `renderer.view.ViewGeometry`), stacked along the rows.

    x_mm, y_mm: (n g, g) float32, the nodes in the frame of their view. depth_and_cover: (n g, g, 2).
    cells_and_depth: (n c, c, 3), cells of the chart and depth at the rough nodes. eye_depth: (n c, 1) mm.
    rough_nodes: (n c, c, 2), the rough nodes' own numbers in the stack, column and row; from_middle: (n c, c, 2), the
    same from the middle of their view. first_row, last_row: (n c, 1), the rows of the stack a row's view begins and
    ends with.
    """

    geometries: tuple[ViewGeometry, ...]
    size: int
    x_mm: Float32
    y_mm: Float32
    depth_and_cover: Float32
    cells_and_depth: Float32
    eye_depth: Float32
    rough_nodes: Float32
    from_middle: Float32
    first_row: Float32
    last_row: Float32

    @property
    def rough(self) -> int:
        """Rough nodes along each side of a view."""
        return len(self.geometries[0].rough_mm)

    @property
    def nodes(self) -> int:
        """Nodes along each side of a view."""
        return self.rough * NODES_PER_ROUGH

    @property
    def full(self) -> int:
        """Pixels along each side of a view, those beyond its border included."""
        return self.rough * ROUGH_SPACING

    @property
    def rough_per_mm(self) -> np.float32:
        """Rough nodes to a millimetre."""
        return np.float32(pixels_per_mm(self.size) / ROUGH_SPACING)

    def block(self, number: int, length: int) -> slice:
        """The rows of a view in a stack in which each has `length` of them."""
        return slice(number * length, (number + 1) * length)


@lru_cache(maxsize=64)
def view_set(views: tuple[View, ...], size: int) -> ViewSet:
    """The geometry of `views` of `size` pixels a side, kept for the next call.

    Raises ViewError for a size out of range.
    """
    geometries = tuple(view_geometry(view, size) for view in views)
    rough = len(geometries[0].cells)
    columns, rows = np.meshgrid(np.arange(rough), np.arange(rough * len(views)))
    first = np.repeat(np.arange(len(views)) * rough, rough)[:, None].astype(np.float32)
    mm_per_rough = ROUGH_SPACING / pixels_per_mm(size)
    return ViewSet(
        geometries=geometries,
        size=size,
        x_mm=np.concatenate([g.x_mm for g in geometries]),
        y_mm=np.concatenate([g.y_mm for g in geometries]),
        depth_and_cover=np.concatenate([np.dstack([g.depth_mm, g.cover]) for g in geometries]),
        cells_and_depth=np.concatenate([np.dstack([g.cells, g.depth_mm[::2, ::2]]) for g in geometries]),
        eye_depth=np.repeat([g.eye_depth_mm for g in geometries], rough)[:, None].astype(np.float32),
        rough_nodes=np.dstack([columns, rows]).astype(np.float32),
        from_middle=np.concatenate([g.rough_mm / np.float32(mm_per_rough) for g in geometries]),
        first_row=first,
        last_row=first + np.float32(rough - 1),
    )

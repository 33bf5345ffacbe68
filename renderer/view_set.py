"""Several views drawn together: their grids stand one below the other, so that each step is one call for all."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

from renderer.view import NODE_SPACING, ROUGH_SPACING, View, ViewGeometry, pixels_per_mm, view_geometry

Float32 = npt.NDArray[np.float32]

NODES_PER_ROUGH = ROUGH_SPACING // NODE_SPACING


@dataclass(frozen=True)
class ViewSet:
    """The geometry of n views (see `renderer.view.ViewGeometry`), stacked along the rows.

    x_mm, y_mm: (n g, g) float32, the nodes in the frame of their view. eye_depth: (n c, 1) mm.
    far_depth_and_cover: (n t, t, 2). far_cells_and_depth: (n r, r, 3), cells of the chart and depth at the rough nodes.
    columns, rows: (n c, c), where in `far_cells_and_depth` the rough nodes stand; across, down: (n c, c), how many
    rough nodes they are from the middle of their view. first_row, last_row: (n c, 1), the rows of
    `far_cells_and_depth` that a row's view begins and ends with.
    """

    geometries: tuple[ViewGeometry, ...]
    size: int
    x_mm: Float32
    y_mm: Float32
    eye_depth: Float32
    far_depth_and_cover: Float32
    far_cells_and_depth: Float32
    columns: Float32
    rows: Float32
    across: Float32
    down: Float32
    first_row: Float32
    last_row: Float32

    @cached_property
    def views(self) -> tuple[View, ...]:
        """The views themselves."""
        return tuple(geometry.view for geometry in self.geometries)

    @cached_property
    def rough(self) -> int:
        """Rough nodes along each side of a view, c."""
        return self.geometries[0].rough

    @cached_property
    def nodes(self) -> int:
        """Nodes along each side of a view, g."""
        return self.rough * NODES_PER_ROUGH

    @cached_property
    def full(self) -> int:
        """Pixels along each side of a view, those beyond its border included."""
        return self.rough * ROUGH_SPACING

    @cached_property
    def rough_per_mm(self) -> float:
        """Rough nodes to a millimetre."""
        return pixels_per_mm(self.size) / ROUGH_SPACING

    def block(self, number: int, length: int) -> slice:
        """The rows of a view in a stack in which each has `length` of them."""
        return slice(number * length, (number + 1) * length)

    def far_nodes(self, number: int) -> slice:
        """The rows of a view in `far_depth_and_cover`."""
        return self.block(number, len(self.geometries[number].far_cover))


@lru_cache(maxsize=64)
def view_set(views: tuple[View, ...], size: int) -> ViewSet:
    """The geometry of `views` of `size` pixels a side, kept for the next call.

    Raises ViewError for a size out of range.
    """
    geometries = tuple(view_geometry(view, size) for view in views)
    rough, beyond, far = geometries[0].rough, geometries[0].beyond, len(geometries[0].far_cells)
    columns, rows = (axis.astype(np.float32) for axis in np.meshgrid(*[np.arange(beyond, beyond + rough)] * 2))
    first = np.repeat(np.arange(len(views)) * far, rough)[:, None].astype(np.float32)
    per_mm = np.float32(pixels_per_mm(size) / ROUGH_SPACING)
    return ViewSet(
        geometries=geometries,
        size=size,
        x_mm=np.concatenate([g.x_mm for g in geometries]),
        y_mm=np.concatenate([g.y_mm for g in geometries]),
        eye_depth=np.repeat([g.eye_depth_mm for g in geometries], rough)[:, None].astype(np.float32),
        far_depth_and_cover=np.concatenate([np.dstack([g.far_depth_mm, g.far_cover]) for g in geometries]),
        far_cells_and_depth=np.concatenate([np.dstack([g.far_cells, g.far_depth_mm[::2, ::2]]) for g in geometries]),
        columns=np.tile(columns, (len(views), 1)),
        rows=np.tile(rows, (len(views), 1)) + first,
        across=np.concatenate([g.rough_mm[..., 0] * per_mm for g in geometries]),
        down=np.concatenate([g.rough_mm[..., 1] * per_mm for g in geometries]),
        first_row=first,
        last_row=first + np.float32(far - 1),
    )

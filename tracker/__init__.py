"""Sources, detection, tracks, smoothing, sinks and the loop that joins them.

For use as a library: `from tracker import HeadPoseTracker`. It is imported when asked for, so that importing a source
or a sink does not load what tracking needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tracker.head_pose_tracker import HeadPoseTracker

__all__ = ["HeadPoseTracker"]


def __getattr__(name: str) -> Any:
    if name == "HeadPoseTracker":
        from tracker.head_pose_tracker import HeadPoseTracker

        return HeadPoseTracker
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

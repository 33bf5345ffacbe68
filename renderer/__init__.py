"""The 3D face: overlays and views of it."""

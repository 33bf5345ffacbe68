"""Head geometry, cameras, crops and the pose network: from a region of a picture to a pose in the camera."""

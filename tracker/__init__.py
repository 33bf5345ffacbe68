"""Sources, detection, tracks, smoothing, sinks and the loop that joins them."""

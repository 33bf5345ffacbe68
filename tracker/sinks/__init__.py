"""Where tracked frames go."""

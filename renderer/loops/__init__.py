"""Loops over nodes and pixels, compiled: what importing this costs, only drawing views is to pay."""

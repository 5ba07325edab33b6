"""Boxes and bars on a frame."""

"""Cameras and files: decode, sample, hand over frames."""

"""Cameras and files: decode, sample, hand over frames."""

from surveil.sources.options import SourceOptions as SourceOptions

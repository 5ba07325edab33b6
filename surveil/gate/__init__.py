"""Decide where in a frame it is worth to look for faces."""

from surveil.gate.gate import Decision, Gate, GateOptions, Region
from surveil.gate.motion import small_luma

__all__ = ["Decision", "Gate", "GateOptions", "Region", "small_luma"]

"""Cameras to try a fleet without one: an RTSP server over clips, with faults on demand."""

from surveil.simulate.clip import Clip, ClipError, Codec, load_clip
from surveil.simulate.digest import DigestAlgorithm
from surveil.simulate.fault import Fault, ScheduledFault, parse_fault
from surveil.simulate.server import RtspServer

__all__ = [
    "Clip",
    "ClipError",
    "Codec",
    "DigestAlgorithm",
    "Fault",
    "RtspServer",
    "ScheduledFault",
    "load_clip",
    "parse_fault",
]

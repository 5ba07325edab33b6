"""Follow faces from frame to frame."""

from surveil.track.options import TrackerOptions
from surveil.track.tracker import TrackedFace, Tracker

__all__ = ["TrackedFace", "Tracker", "TrackerOptions"]

"""What goes on now, for whoever watches: how the daemon stands (:mod:`surveil.live.status`), and on
the same host the newest readings of a camera. Frames come from the ring that capture fills
(:meth:`surveil.sources.ring.FrameRing.peek`)."""

from surveil.live.readings_ring import LiveFace, LiveReading, ReadingsRing, ReadingsRingError

__all__ = ["LiveFace", "LiveReading", "ReadingsRing", "ReadingsRingError"]

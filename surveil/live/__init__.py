"""The newest readings of a camera, for whoever watches on the same host; frames come from the ring
that capture fills (:meth:`surveil.sources.ring.FrameRing.peek`)."""

from surveil.live.readings_ring import LiveFace, LiveReading, ReadingsRing, ReadingsRingError

__all__ = ["LiveFace", "LiveReading", "ReadingsRing", "ReadingsRingError"]

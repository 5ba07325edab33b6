"""Encoded pictures to RTP payloads, one module per codec."""

from surveil.simulate.payload.h264 import packetise_h264
from surveil.simulate.payload.h265 import packetise_h265
from surveil.simulate.payload.jpeg import packetise_jpeg

__all__ = ["packetise_h264", "packetise_h265", "packetise_jpeg"]

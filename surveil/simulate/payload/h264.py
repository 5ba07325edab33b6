"""RTP payloads of H.264 (RFC 6184, packetization-mode 1): single NAL units and FU-A."""

from __future__ import annotations

from collections.abc import Sequence

from surveil.simulate.payload.nal import MAX_PAYLOAD_BYTES

SPS, PPS = 7, 8
_FU_A = 28
_LAST_SINGLE_TYPE = 23


def nal_type(unit: bytes) -> int:
    """Return ``nal_unit_type``, 0 to 31."""
    return unit[0] & 0x1F


def packetise_h264(
    units: Sequence[bytes], *, max_payload_bytes: int = MAX_PAYLOAD_BYTES
) -> tuple[bytes, ...]:
    """Return the RTP payloads of one picture's NAL units, in order.

    Units of the types that RFC 6184 reserves for aggregation and fragments are left out.
    """
    payloads: list[bytes] = []
    for unit in units:
        if not 1 <= nal_type(unit) <= _LAST_SINGLE_TYPE:
            continue
        if len(unit) <= max_payload_bytes:
            payloads.append(unit)
            continue
        indicator = bytes([(unit[0] & 0xE0) | _FU_A])
        step = max_payload_bytes - 2
        for at in range(1, len(unit), step):
            start = 0x80 if at == 1 else 0
            end = 0x40 if at + step >= len(unit) else 0
            payloads.append(
                indicator + bytes([start | end | nal_type(unit)]) + unit[at : at + step]
            )
    return tuple(payloads)

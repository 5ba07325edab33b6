"""RTP payloads of H.265 (RFC 7798, no DONL): single NAL units and fragmentation units."""

from __future__ import annotations

from collections.abc import Sequence

from surveil.simulate.payload.nal import MAX_PAYLOAD_BYTES

VPS, SPS, PPS = 32, 33, 34
_FU = 49
_LAST_SINGLE_TYPE = 47


def nal_type(unit: bytes) -> int:
    """Return ``nal_unit_type``, 0 to 63."""
    return (unit[0] >> 1) & 0x3F


def packetise_h265(
    units: Sequence[bytes], *, max_payload_bytes: int = MAX_PAYLOAD_BYTES
) -> tuple[bytes, ...]:
    """Return the RTP payloads of one picture's NAL units, in order.

    Units of the types that RFC 7798 reserves for aggregation and fragments are left out.
    """
    payloads: list[bytes] = []
    for unit in units:
        if len(unit) < 3 or nal_type(unit) > _LAST_SINGLE_TYPE:
            continue
        if len(unit) <= max_payload_bytes:
            payloads.append(unit)
            continue
        header = bytes([(unit[0] & 0x81) | (_FU << 1), unit[1]])
        step = max_payload_bytes - 3
        for at in range(2, len(unit), step):
            start = 0x80 if at == 2 else 0
            end = 0x40 if at + step >= len(unit) else 0
            payloads.append(header + bytes([start | end | nal_type(unit)]) + unit[at : at + step])
    return tuple(payloads)

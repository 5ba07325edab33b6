"""NAL units of H.264 and H.265: taking them out of packets and of decoder configurations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

MAX_PAYLOAD_BYTES = 1388
"""RTP payload that keeps an IPv4 UDP packet (12 + 8 + 20 bytes of headers) below 1,430 bytes."""

_H264_CONFIGURATION = 1
_HVCC_ARRAYS_AT = 22


@dataclass(frozen=True, slots=True)
class NalFormat:
    """How a container stores NAL units.

    Attributes:
        length_bytes: Size of the length before each NAL unit; 0 means Annex B start codes.
        parameter_sets: VPS, SPS and PPS of the container's header, in that order.
    """

    length_bytes: int
    parameter_sets: tuple[bytes, ...]

    def split(self, data: bytes) -> list[bytes]:
        """Return the NAL units of one packet, without lengths or start codes; cut ones are left."""
        if self.length_bytes:
            return list(_split_lengths(data, self.length_bytes))
        return split_annex_b(data)


def split_annex_b(data: bytes) -> list[bytes]:
    """Return the NAL units between start codes (H.264 Annex B), trailing zero bytes removed."""
    starts: list[int] = []
    at = data.find(b"\x00\x00\x01")
    while at >= 0:
        starts.append(at)
        at = data.find(b"\x00\x00\x01", at + 3)
    starts.append(len(data))
    units = (data[start + 3 : end].rstrip(b"\x00") for start, end in pairwise(starts))
    return [unit for unit in units if unit]


def _split_lengths(data: bytes, length_bytes: int) -> Iterator[bytes]:
    at = 0
    while at + length_bytes <= len(data):
        size = int.from_bytes(data[at : at + length_bytes], "big")
        at += length_bytes
        if size == 0 or at + size > len(data):
            return
        yield data[at : at + size]
        at += size


def read_avcc(extradata: bytes) -> NalFormat:
    """Read an H.264 decoder configuration: ``avcC`` (ISO 14496-15, 5.3.3.1) or Annex B."""
    if len(extradata) < 7 or extradata[0] != _H264_CONFIGURATION:
        return NalFormat(0, tuple(split_annex_b(extradata)))
    sets: list[bytes] = []
    at = 5
    for mask in (0x1F, 0xFF):
        count = extradata[at] & mask if at < len(extradata) else 0
        at += 1
        for _ in range(count):
            size = int.from_bytes(extradata[at : at + 2], "big")
            sets.append(extradata[at + 2 : at + 2 + size])
            at += 2 + size
    return NalFormat((extradata[4] & 3) + 1, tuple(sets))


def read_hvcc(extradata: bytes) -> NalFormat:
    """Read an H.265 decoder configuration: ``hvcC`` (ISO 14496-15, 8.3.3.1) or Annex B.

    Only VPS, SPS and PPS (types 32 to 34) are kept, without the SEI an encoder may add.
    """
    if len(extradata) < _HVCC_ARRAYS_AT + 1 or extradata[:3] in (b"\x00\x00\x00", b"\x00\x00\x01"):
        return NalFormat(0, _keep_sets(split_annex_b(extradata)))
    sets: list[bytes] = []
    at = _HVCC_ARRAYS_AT + 1
    for _ in range(extradata[_HVCC_ARRAYS_AT]):
        count = int.from_bytes(extradata[at + 1 : at + 3], "big")
        at += 3
        for _ in range(count):
            size = int.from_bytes(extradata[at : at + 2], "big")
            sets.append(extradata[at + 2 : at + 2 + size])
            at += 2 + size
    return NalFormat((extradata[21] & 3) + 1, _keep_sets(sets))


def _keep_sets(units: Sequence[bytes]) -> tuple[bytes, ...]:
    return tuple(sorted((u for u in units if 32 <= (u[0] >> 1) & 0x3F <= 34), key=lambda u: u[0]))

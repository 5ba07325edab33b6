"""RTP payloads of Motion JPEG (RFC 2435): baseline 4:2:0 and 4:2:2 with standard Huffman tables."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from surveil.simulate.payload.nal import MAX_PAYLOAD_BYTES

MAX_SIDE_PX = 2040
"""Width and height travel in units of 8 pixels in one byte each (RFC 2435, 3.1.5)."""

_IN_BAND_TABLES = 255

_STANDARD_COUNTS = {
    # ITU-T T.81, annex K.3: class and id of a table to the number of codes of each length.
    0x00: bytes([0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0]),
    0x01: bytes([0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0]),
    0x10: bytes([0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 0x7D]),
    0x11: bytes([0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 0x77]),
}


class JpegError(ValueError):
    """The picture cannot be carried by RFC 2435; the message says why."""


@dataclass(slots=True)
class _Parts:
    width: int = 0
    height: int = 0
    kind: int = 0
    restart_interval: int = 0
    tables: dict[int, bytes] = field(default_factory=dict)
    table_order: tuple[int, ...] = ()
    scan: bytes = b""


def packetise_jpeg(
    picture: bytes, *, max_payload_bytes: int = MAX_PAYLOAD_BYTES
) -> tuple[bytes, ...]:
    """Return the RTP payloads of one JPEG picture, quantisation tables in band.

    Raises:
        JpegError: The picture is not a baseline JPEG that RFC 2435 can describe: other sampling
            than 4:2:0 or 4:2:2, own Huffman tables, sides above 2,040 pixels.
    """
    parts = _parse(picture)
    restart = b""
    if parts.restart_interval:
        restart = struct.pack(">HH", parts.restart_interval, 0xFFFF)
    tables = b"".join(parts.tables[number] for number in parts.table_order)
    quantisation = struct.pack(">BBH", 0, 0, len(tables)) + tables
    kind = parts.kind + (64 if parts.restart_interval else 0)
    payloads: list[bytes] = []
    at = 0
    while at < len(parts.scan):
        head = struct.pack(">I", at) + bytes(
            [kind, _IN_BAND_TABLES, parts.width // 8, parts.height // 8]
        )
        head += restart + (quantisation if at == 0 else b"")
        step = max_payload_bytes - len(head)
        payloads.append(head + parts.scan[at : at + step])
        at += step
    return tuple(payloads)


def _parse(picture: bytes) -> _Parts:
    if picture[:2] != b"\xff\xd8":
        raise JpegError("not a JPEG picture")
    parts = _Parts()
    at = 2
    while at + 4 <= len(picture):
        if picture[at] != 0xFF:
            raise JpegError("broken JPEG markers")
        marker, size = picture[at + 1], int.from_bytes(picture[at + 2 : at + 4], "big")
        if marker == 0xFF:  # fill byte before a marker (T.81, B.1.1.2)
            at += 1
            continue
        body = picture[at + 4 : at + 2 + size]
        at += 2 + size
        match marker:
            case 0xC0:
                _read_frame(parts, body)
            case 0xC1 | 0xC2 | 0xC3 | 0xC5 | 0xC6 | 0xC7 | 0xC9 | 0xCA | 0xCB | 0xCD | 0xCE | 0xCF:
                raise JpegError("not a baseline JPEG")
            case 0xC4:
                _check_huffman(body)
            case 0xDB:
                _read_tables(parts, body)
            case 0xDD:
                parts.restart_interval = int.from_bytes(body[:2], "big")
            case 0xDA:
                end = picture.rfind(b"\xff\xd9")
                parts.scan = picture[at : end if end > at else len(picture)]
                break
    if not parts.scan or not parts.width or any(n not in parts.tables for n in parts.table_order):
        raise JpegError("incomplete JPEG")
    return parts


def _read_frame(parts: _Parts, body: bytes) -> None:
    if len(body) < 15 or body[0] != 8 or body[5] != 3:
        raise JpegError("not an 8-bit colour JPEG")
    height, width = struct.unpack(">HH", body[1:5])
    if width > MAX_SIDE_PX or height > MAX_SIDE_PX or width % 8 or height % 8:
        raise JpegError(f"{width}x{height} is no multiple of 8 up to {MAX_SIDE_PX} pixels")
    sampling = (body[7], body[10], body[13])
    kinds = {(0x21, 0x11, 0x11): 0, (0x22, 0x11, 0x11): 1}
    if sampling not in kinds:
        raise JpegError("chroma is neither 4:2:0 nor 4:2:2 as RFC 2435 knows it")
    parts.width, parts.height, parts.kind = width, height, kinds[sampling]
    parts.table_order = (body[8], body[11])


def _read_tables(parts: _Parts, body: bytes) -> None:
    at = 0
    while at + 65 <= len(body):
        if body[at] >> 4:
            raise JpegError("16-bit quantisation tables")
        parts.tables[body[at]] = body[at + 1 : at + 65]
        at += 65


def _check_huffman(body: bytes) -> None:
    at = 0
    while at + 17 <= len(body):
        counts = body[at + 1 : at + 17]
        if _STANDARD_COUNTS.get(body[at]) != counts:
            raise JpegError("own Huffman tables (encode with FFmpeg's -huffman default)")
        at += 17 + sum(counts)

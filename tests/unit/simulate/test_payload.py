"""Packetisers, against depacketisers written from the RFCs alone."""

from __future__ import annotations

import struct
from fractions import Fraction

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveil.simulate.payload import packetise_h264, packetise_h265, packetise_jpeg
from surveil.simulate.payload.jpeg import JpegError
from surveil.simulate.payload.nal import NalFormat, read_avcc, read_hvcc, split_annex_b

H264_UNIT = st.tuples(st.sampled_from([0x67, 0x68, 0x65, 0x41, 0x06]), st.binary(max_size=90)).map(
    lambda parts: bytes([parts[0]]) + parts[1]
)
H265_UNIT = st.tuples(st.sampled_from([32, 33, 34, 19, 1]), st.binary(min_size=1, max_size=90)).map(
    lambda parts: bytes([parts[0] << 1, 1]) + parts[1]
)


def join_h264(payloads: tuple[bytes, ...]) -> list[bytes]:
    """RFC 6184, 5.6 and 5.8."""
    units: list[bytes] = []
    for payload in payloads:
        if payload[0] & 0x1F != 28:
            units.append(payload)
        elif payload[1] & 0x80:
            units.append(bytes([(payload[0] & 0xE0) | (payload[1] & 0x1F)]) + payload[2:])
        else:
            units[-1] += payload[2:]
    return units


def join_h265(payloads: tuple[bytes, ...]) -> list[bytes]:
    """RFC 7798, 4.4.1 and 4.4.3."""
    units: list[bytes] = []
    for payload in payloads:
        if (payload[0] >> 1) & 0x3F != 49:
            units.append(payload)
        elif payload[2] & 0x80:
            head = bytes([(payload[0] & 0x81) | ((payload[2] & 0x3F) << 1), payload[1]])
            units.append(head + payload[3:])
        else:
            units[-1] += payload[3:]
    return units


@given(st.lists(H264_UNIT, max_size=4), st.integers(3, 60))
def test_h264_units_survive(units: list[bytes], limit: int) -> None:
    payloads = packetise_h264(units, max_payload_bytes=limit)
    assert join_h264(payloads) == units
    assert all(len(payload) <= limit for payload in payloads)


@given(st.lists(H265_UNIT, max_size=4), st.integers(4, 60))
def test_h265_units_survive(units: list[bytes], limit: int) -> None:
    payloads = packetise_h265(units, max_payload_bytes=limit)
    assert join_h265(payloads) == units
    assert all(len(payload) <= limit for payload in payloads)


def test_last_fragment_alone_says_end() -> None:
    payloads = packetise_h264([b"\x65" + bytes(100)], max_payload_bytes=42)
    assert [payload[1] & 0xC0 for payload in payloads] == [0x80, 0x00, 0x40]


def test_reserved_types_are_left_out() -> None:
    assert packetise_h264([b"\x78" + bytes(9), b"\x7c" + bytes(9)]) == ()
    assert packetise_h265([bytes([48 << 1, 1, 0]), b"\x02"]) == ()


def test_annex_b_splits_at_both_start_codes() -> None:
    data = b"\x00\x00\x00\x01\x67AB\x00\x00\x01\x68C\x00\x00\x00\x01\x65D"
    assert split_annex_b(data) == [b"\x67AB", b"\x68C", b"\x65D"]


def test_cut_off_unit_is_left() -> None:
    assert NalFormat(4, ()).split(b"\x00\x00\x00\x02AB\x00\x00\x00\x09C") == [b"AB"]


def test_avcc_gives_length_size_and_sets() -> None:
    extradata = b"\x01\x64\x00\x1e\xff\xe1\x00\x03\x67\x64\x00\x01\x00\x02\x68\xee"
    assert read_avcc(extradata) == NalFormat(4, (b"\x67\x64\x00", b"\x68\xee"))


def test_hvcc_keeps_sets_in_order_without_sei() -> None:
    def array(kind: int, unit: bytes) -> bytes:
        return bytes([kind]) + struct.pack(">HH", 1, len(unit)) + unit

    vps, sps, pps, sei = (bytes([kind << 1, 1, 9]) for kind in (32, 33, 34, 39))
    arrays = array(33, sps) + array(39, sei) + array(32, vps) + array(34, pps)
    extradata = b"\x01" + bytes(20) + b"\x03\x04" + arrays
    assert read_hvcc(extradata) == NalFormat(4, (vps, sps, pps))


def encode_jpeg(*, huffman: str = "default", threads: int = 1) -> bytes:
    """One MJPEG picture of FFmpeg, not plain, so that it has more than DC coefficients.

    With two threads FFmpeg puts restart markers between its slices.
    """
    size = (64, 48)
    context = av.CodecContext.create("mjpeg", "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height = size
    context.pix_fmt = "yuvj420p"
    context.framerate = Fraction(25)
    context.thread_count = threads
    context.options = {"huffman": huffman}
    frame = av.VideoFrame(*size, "yuvj420p")
    for plane in frame.planes:
        plane.update(bytes(index * 7 % 256 for index in range(plane.buffer_size)))
    frame.pts = 0
    return bytes([*context.encode(frame), *context.encode(None)][0])


@pytest.mark.parametrize(("threads", "expected_kind", "restart_bytes"), [(1, 1, 0), (2, 65, 4)])
def test_jpeg_payloads_hold_offsets_tables_and_scan(
    threads: int, expected_kind: int, restart_bytes: int
) -> None:
    picture = encode_jpeg(threads=threads)
    payloads = packetise_jpeg(picture, max_payload_bytes=300)
    scan = b""
    for index, payload in enumerate(payloads):
        kind, quality, width, height = payload[4:8]
        assert (kind, quality, width * 8, height * 8) == (expected_kind, 255, 64, 48)
        assert int.from_bytes(payload[:4], "big") == len(scan)
        start = 8 + restart_bytes
        tables = 4 + int.from_bytes(payload[start + 2 : start + 4], "big") if index == 0 else 0
        scan += payload[start + tables :]
    assert len(payloads) > 1
    assert picture.endswith(scan + b"\xff\xd9")


def test_jpeg_with_own_huffman_tables_is_refused() -> None:
    with pytest.raises(JpegError, match="Huffman"):
        packetise_jpeg(encode_jpeg(huffman="optimal"))


@pytest.mark.parametrize("picture", [b"", b"\xff\xd8", b"\xff\xd8\xff\xda\x00\x02", bytes(50)])
def test_no_jpeg_is_refused(picture: bytes) -> None:
    with pytest.raises(JpegError):
        packetise_jpeg(picture)


@given(st.binary(max_size=200))
def test_noise_is_a_jpeg_error_and_nothing_else(noise: bytes) -> None:
    with pytest.raises(JpegError):
        packetise_jpeg(b"\xff\xd8" + noise)

"""RTSP text, transports and RTP headers."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveil.simulate.channel import TransportRequest, parse_transport
from surveil.simulate.message import (
    MAX_HEAD_BYTES,
    MalformedRequestError,
    Request,
    format_response,
    parse_head,
    read_request,
)
from surveil.simulate.rtp import RtpSender


def read(data: bytes) -> list[Request | None]:
    """Read requests from bytes until they end."""

    async def run() -> list[Request | None]:
        reader = asyncio.StreamReader(limit=MAX_HEAD_BYTES)
        reader.feed_data(data)
        reader.feed_eof()
        requests: list[Request | None] = []
        while not reader.at_eof():
            requests.append(await read_request(reader))
        return requests

    return asyncio.run(run())


def test_requests_and_interleaved_packets_are_told_apart() -> None:
    data = (
        b"OPTIONS rtsp://h/front%20door/trackID=0?x=1 RTSP/1.0\r\nCSeq: 1\r\n\r\n"
        b"$\x01\x00\x03abc"
        b"\r\nGET_PARAMETER rtsp://h/a RTSP/1.0\r\nCSeq: 2\r\nSession: 77;timeout=60\r\n"
        b"Content-Length: 4\r\n\r\nbody"
    )
    options, packet, parameter = read(data)
    assert options is not None
    assert options.stream == "front door"
    assert packet is None
    assert parameter is not None
    assert (parameter.session, parameter.body) == ("77", b"body")


@pytest.mark.parametrize(
    "data",
    [
        b"nonsense\r\n\r\n",
        b"PLAY rtsp://h/a RTSP/1.0\r\nno header\r\n\r\n",
        b"PLAY rtsp://[h/a RTSP/1.0\r\n\r\n",
        b"PLAY rtsp://h/a RTSP/1.0\r\nContent-Length: 99999999\r\n\r\n",
        b"PLAY rtsp://h/a RTSP/1.0\r\nContent-Length: -4\r\n\r\n",
        b"\xff\xfe\r\n\r\n",
        b"A" * (MAX_HEAD_BYTES + 10) + b"\r\n\r\n",
    ],
)
def test_what_is_no_request_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedRequestError):
        read(data)


@given(st.binary(max_size=100))
def test_noise_raises_nothing_else(noise: bytes) -> None:
    try:
        parse_head(noise)
    except MalformedRequestError:
        return


def test_response_counts_its_body() -> None:
    text = format_response(200, "7", {"Session": "1"}, b"v=0")
    assert text == b"RTSP/1.0 200 OK\r\nCSeq: 7\r\nSession: 1\r\nContent-Length: 3\r\n\r\nv=0"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("RTP/AVP/TCP;unicast;interleaved=2-3", TransportRequest(True, (2, 3))),
        ("RTP/AVP/TCP;unicast", TransportRequest(True, (8, 9))),
        ("RTP/AVP;unicast;client_port=5000-5001", TransportRequest(False, (5000, 5001))),
        ("RTP/AVP/UDP;unicast;client_port=5000", TransportRequest(False, (5000, 5001))),
        (
            "RTP/AVP;multicast;client_port=1-2,RTP/AVP/TCP;interleaved=0-1",
            TransportRequest(True, (0, 1)),
        ),
        ("RTP/AVP;multicast;client_port=1-2", None),
        ("RTP/AVP;unicast;client_port=99999-5", None),
        ("RTP/AVP;unicast", None),
        ("RTP/AVP/TCP;interleaved=300-301", None),
        ("RAW/RAW/UDP;unicast;client_port=5000-5001", None),
        ("", None),
    ],
)
def test_first_possible_transport_is_taken(header: str, expected: TransportRequest | None) -> None:
    assert parse_transport(header, (8, 9)) == expected


class Recorder:
    """A channel that keeps what it is sent."""

    is_congested = False

    def __init__(self) -> None:
        self.packets: list[bytes] = []
        self.control: list[bytes] = []

    def send(self, packets: Sequence[bytes]) -> None:
        self.packets += packets

    def send_control(self, packet: bytes) -> None:
        self.control.append(packet)


def test_sequence_clock_and_marker_go_on_over_their_ends() -> None:
    channel = Recorder()
    sender = RtpSender(channel, 96)
    sender.sequence, sender.clock_base = 65534, 2**32 - 10
    sender.send([b"a", b"b"], 0, ends_picture=True)
    sender.skip(2)
    sender.send([b"c"], 20, ends_picture=False)
    fields = [struct.unpack(">BBHII", packet[:12]) for packet in channel.packets]
    assert [one[1] for one in fields] == [96, 96 | 0x80, 96]
    assert [one[2] for one in fields] == [65534, 65535, 2]
    assert [one[3] for one in fields] == [2**32 - 10, 2**32 - 10, 10]


def test_reports_tell_time_counts_and_name() -> None:
    channel = Recorder()
    sender = RtpSender(channel, 96)
    sender.send([b"abc", b"d"], 0, ends_picture=True)
    sender.report(10.0, 1_000_000_000.5, 90_000)
    sender.report(11.0, 1_000_000_001.5, 180_000)
    sender.report(15.0, 1_000_000_005.5, 540_000)
    assert len(channel.control) == 2
    kind, words, ssrc, ntp, fraction, clock, packets, octets = struct.unpack(
        ">xBHIIIIII", channel.control[0][:28]
    )
    assert (kind, words, ssrc) == (200, 6, sender.ssrc)
    assert (ntp, fraction) == (1_000_000_000 + 2_208_988_800, 2**31)
    assert clock == sender.clock(90_000)
    assert (packets, octets) == (2, 4)
    assert b"surveil" in channel.control[0]
    assert all(len(packet) % 4 == 0 for packet in channel.control)
    sender.bye()
    assert channel.control[-1][-8:-4] == b"\x81\xcb\x00\x01"

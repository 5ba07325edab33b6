"""Ways of RTP packets to a client: within the RTSP connection, or by UDP."""

from __future__ import annotations

import asyncio
import re
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass

QUEUE_LIMIT_BYTES = 1024 * 1024
"""Bytes that wait for a slow TCP client; beyond, pictures are dropped up to the next keyframe."""

_UDP_SEND_BUFFER_BYTES = 1024 * 1024
_PAIR_ATTEMPTS = 20


@dataclass(frozen=True, slots=True)
class TransportRequest:
    """A transport that the client offers and the server can do.

    ``ports`` are the channels within the connection, or the client's UDP ports: RTP, RTCP.
    """

    is_interleaved: bool
    ports: tuple[int, int]


def parse_transport(header: str, free_channels: tuple[int, int]) -> TransportRequest | None:
    """Return the first transport of a ``Transport`` header that can be served, else ``None``.

    Args:
        header: Comma-separated offers (RFC 2326, 12.39).
        free_channels: Channels to use where an interleaved offer names none.
    """
    for offer in header.split(","):
        parts = [part.strip() for part in offer.split(";")]
        if "multicast" in parts:
            continue
        match parts[0].upper():
            case "RTP/AVP/TCP":
                pair = _port_pair(offer, "interleaved")
                if pair is None and "interleaved" in offer:
                    continue
                if pair is None or max(pair) <= 255:
                    return TransportRequest(True, pair or free_channels)
            case "RTP/AVP" | "RTP/AVP/UDP":
                pair = _port_pair(offer, "client_port")
                if pair is not None and min(pair) > 0:
                    return TransportRequest(False, pair)
    return None


def _port_pair(offer: str, name: str) -> tuple[int, int] | None:
    match = re.search(rf"(?:^|;)\s*{name}=(\d{{1,5}})(?:-(\d{{1,5}}))?\s*(?:;|$)", offer)
    if match is None:
        return None
    first = int(match[1])
    second = int(match[2]) if match[2] else first + 1
    return (first, second) if max(first, second) < 65536 else None


class InterleavedChannel:
    """Packets as ``$`` frames within the RTSP connection (RFC 2326, 10.12)."""

    def __init__(self, writer: asyncio.StreamWriter, channels: tuple[int, int]) -> None:
        self._writer = writer
        self._rtp, self._rtcp = channels

    def send(self, packets: Sequence[bytes]) -> None:
        parts: list[bytes] = []
        for packet in packets:
            parts += (struct.pack(">cBH", b"$", self._rtp, len(packet)), packet)
        if not self._writer.is_closing():
            self._writer.write(b"".join(parts))

    def send_control(self, packet: bytes) -> None:
        if not self._writer.is_closing():
            self._writer.write(struct.pack(">cBH", b"$", self._rtcp, len(packet)) + packet)

    @property
    def is_congested(self) -> bool:
        return self._writer.transport.get_write_buffer_size() > QUEUE_LIMIT_BYTES


class UdpPorts:
    """The server's two UDP sockets, RTP on an even port and RTCP on the next, for all clients."""

    def __init__(self, host: str) -> None:
        self.lost = 0
        self._rtp, self._rtcp = _bind_pair(host)
        for one in (self._rtp, self._rtcp):
            one.setblocking(False)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _UDP_SEND_BUFFER_BYTES)

    @property
    def ports(self) -> tuple[int, int]:
        return self._rtp.getsockname()[1], self._rtcp.getsockname()[1]

    @property
    def sockets(self) -> tuple[socket.socket, socket.socket]:
        return self._rtp, self._rtcp

    def send_rtp(self, packet: bytes, host: str, port: int) -> None:
        self._send(self._rtp, packet, host, port)

    def send_rtcp(self, packet: bytes, host: str, port: int) -> None:
        self._send(self._rtcp, packet, host, port)

    def close(self) -> None:
        self._rtp.close()
        self._rtcp.close()

    def _send(self, sender: socket.socket, packet: bytes, host: str, port: int) -> None:
        try:
            sender.sendto(packet, (host, port))
        except OSError:
            # A full buffer, or an ICMP answer to an earlier packet: UDP may lose it, so do we.
            self.lost += 1


class UdpChannel:
    """Packets to a client's two UDP ports."""

    def __init__(self, ports: UdpPorts, host: str, client_ports: tuple[int, int]) -> None:
        self._ports = ports
        self._host = host
        self._rtp, self._rtcp = client_ports

    def send(self, packets: Sequence[bytes]) -> None:
        for packet in packets:
            self._ports.send_rtp(packet, self._host, self._rtp)

    def send_control(self, packet: bytes) -> None:
        self._ports.send_rtcp(packet, self._host, self._rtcp)

    @property
    def is_congested(self) -> bool:
        return False


def _bind_pair(host: str) -> tuple[socket.socket, socket.socket]:
    """Bind an even port and the next one (RFC 3550, 11).

    Raises:
        OSError: None of some attempts found two free neighbours.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    failure = OSError("no two neighbouring UDP ports are free")
    for _ in range(_PAIR_ATTEMPTS):
        rtp = socket.socket(family, socket.SOCK_DGRAM)
        rtcp = socket.socket(family, socket.SOCK_DGRAM)
        try:
            rtp.bind((host, 0))
            port = rtp.getsockname()[1]
            if port % 2 == 0:
                rtcp.bind((host, port + 1))
                return rtp, rtcp
        except OSError as error:
            failure = error
        rtp.close()
        rtcp.close()
    raise failure

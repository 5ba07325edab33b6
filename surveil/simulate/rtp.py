"""RTP and RTCP on the sending side (RFC 3550): one viewer's sequence numbers, clock and reports."""

from __future__ import annotations

import secrets
import struct
from collections.abc import Sequence
from typing import Protocol

from surveil.simulate.clip import TICKS_PER_S

SENDER_REPORT_EVERY_S = 5.0
"""RFC 3550, 6.2: the recommended minimum between reports."""

_NTP_EPOCH_S = 2_208_988_800
"""Seconds from 1900 to 1970."""
_VERSION = 0x80
_SENDER_REPORT, _DESCRIPTION, _BYE = 200, 202, 203


class Channel(Protocol):
    """Where one viewer's packets go. Never blocks."""

    def send(self, packets: Sequence[bytes]) -> None:
        """Send RTP packets, in order."""

    def send_control(self, packet: bytes) -> None:
        """Send one compound RTCP packet."""

    @property
    def is_congested(self) -> bool:
        """Whether the client reads so slowly that more must not be queued for it."""


class RtpSender:
    """One viewer's packets: counts on over loops, faults and pauses.

    Sequence number, clock and SSRC start at random values (RFC 3550, 5.1).
    """

    def __init__(self, channel: Channel, payload_type: int) -> None:
        self.channel = channel
        self.ssrc = secrets.randbits(32)
        self.sequence = secrets.randbits(16)
        self.clock_base = secrets.randbits(32)
        self._payload_type = payload_type
        self._packets = 0
        self._octets = 0
        self._reported_s = -SENDER_REPORT_EVERY_S

    def clock(self, ticks: int) -> int:
        """Return the RTP timestamp of a camera's ticks."""
        return (self.clock_base + ticks) & 0xFFFFFFFF

    def send(self, payloads: Sequence[bytes], ticks: int, *, ends_picture: bool) -> None:
        """Send payloads of one picture; the marker goes onto the last if it ends the picture."""
        stamp = self.clock(ticks)
        last = len(payloads) - 1
        packets: list[bytes] = []
        for index, payload in enumerate(payloads):
            marker = 0x80 if ends_picture and index == last else 0
            packets.append(
                struct.pack(
                    ">BBHII",
                    _VERSION,
                    marker | self._payload_type,
                    self.sequence,
                    stamp,
                    self.ssrc,
                )
                + payload
            )
            self.sequence = (self.sequence + 1) & 0xFFFF
            self._octets += len(payload)
        self._packets += len(packets)
        self.channel.send(packets)

    def skip(self, packets: int) -> None:
        """Count packets that a network lost."""
        self.sequence = (self.sequence + packets) & 0xFFFF

    def report(self, now_s: float, wall_s: float, ticks: int) -> None:
        """Send a sender report if one is due.

        Args:
            now_s: Monotonic seconds.
            wall_s: The same instant as Unix time.
            ticks: The same instant on the camera's clock.
        """
        if now_s - self._reported_s < SENDER_REPORT_EVERY_S:
            return
        self._reported_s = now_s
        ntp_s, fraction = divmod(wall_s + _NTP_EPOCH_S, 1)
        report = struct.pack(
            ">BBHIIIIII",
            _VERSION,
            _SENDER_REPORT,
            6,
            self.ssrc,
            int(ntp_s) & 0xFFFFFFFF,
            int(fraction * 2**32),
            self.clock(ticks),
            self._packets & 0xFFFFFFFF,
            self._octets & 0xFFFFFFFF,
        )
        self.channel.send_control(report + self._description())

    def bye(self) -> None:
        """Say that no more packets will come."""
        bye = struct.pack(">BBHI", _VERSION | 1, _BYE, 1, self.ssrc)
        empty_report = struct.pack(">BBHI", _VERSION, 201, 1, self.ssrc)
        self.channel.send_control(empty_report + self._description() + bye)

    def _description(self) -> bytes:
        """SDES with the CNAME that every compound packet must hold (RFC 3550, 6.1)."""
        name = b"surveil"
        chunk = struct.pack(">IBB", self.ssrc, 1, len(name)) + name
        chunk += b"\x00" * (4 - len(chunk) % 4)
        return struct.pack(">BBH", _VERSION | 1, _DESCRIPTION, len(chunk) // 4) + chunk


def seconds_to_ticks(seconds: float) -> int:
    """Return whole ticks of the RTP clock."""
    return int(seconds * TICKS_PER_S)

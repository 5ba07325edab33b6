"""The receiving end of systemd's notification protocol, on a real datagram socket."""

from __future__ import annotations

import socket


class Manager:
    """Where a daemon's notifications arrive.

    Args:
        name: Path of the socket, or a name in the abstract namespace after ``@``.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind("\0" + name[1:] if name.startswith("@") else name)
        self.sock.settimeout(10)

    def heard(self) -> list[str]:
        """Return the lines of the datagrams that have arrived."""
        lines: list[str] = []
        self.sock.setblocking(False)
        try:
            while True:
                lines += self.sock.recv(4096).decode().split("\n")
        except BlockingIOError:
            return lines

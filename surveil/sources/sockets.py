"""Watch FFmpeg's connection to a camera, and interrupt it, from another thread.

FFmpeg's own time-out bounds single socket operations, so a server that keeps the connection busy
without sending pictures (reports, keep-alives, one byte at a time) is never overdue for it; and
PyAV's ``timeout=`` takes the interpreter's lock in every poll. Shutting its sockets down ends
whatever it waits for, at once, and leaves closing them to FFmpeg.

FFmpeg opens a stream in one call, which comes back only with the first pictures. Whether the camera
has answered everything meanwhile is told by the kernel's counts of the connection.
"""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import struct
from collections.abc import Iterator
from pathlib import Path

REQUESTS = 4
"""What an RTSP client sends before pictures come: OPTIONS, DESCRIBE, SETUP, PLAY."""

TLS_REQUESTS = REQUESTS + 2
"""The same within TLS, whose handshake takes two messages."""

_TCP_INFO = struct.Struct("=44xI4xI96xII")
"""Of ``struct tcp_info`` (linux/tcp.h): ms since data was sent, ms since data came, and how many
segments with data came and were sent."""

_FD_DIRS = (Path("/proc/self/fd"), Path("/dev/fd"))


def _sockets() -> dict[int, int]:
    """Return the descriptors of this process that are sockets, with their inodes."""
    found = {}
    directory = next((path for path in _FD_DIRS if path.is_dir()), None)
    for path in directory.iterdir() if directory else ():
        with contextlib.suppress(OSError, ValueError):
            status = os.fstat(int(path.name))
            if stat.S_ISSOCK(status.st_mode):
                found[int(path.name)] = status.st_ino
    return found


class SocketWatch:
    """Remembers which sockets were there before; connections made since are the camera's.

    So there can be one session only to a process that is to interrupt it, and it takes no other
    part in networks while it connects; connections accepted from others are left alone.
    """

    def __init__(self) -> None:
        self._before = set(_sockets().items())

    def is_playing(self, port: int, requests: int) -> bool:
        """Say whether the camera has answered all of the requests that precede pictures.

        Each request is one segment, and FFmpeg waits for the answer of one before it sends the
        next; so the last was answered once data came after it. False where the kernel does not
        tell (not Linux).

        Args:
            port: Of the camera.
            requests: How many requests there are, at least.
        """
        return any(_is_answered(connection, requests) for connection in self._connections(port))

    def interrupt(self, port: int) -> int:
        """Shut down the TCP connections made since, and return how many those were.

        Args:
            port: Of the camera; a connection whose own end has it belongs to a server.
        """
        count = 0
        for connection in self._connections(port):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
                count += 1
        return count

    def _connections(self, port: int) -> Iterator[socket.socket]:
        """Yield the connections made since; each is closed with the next step."""
        for fd, inode in _sockets().items():
            if (fd, inode) in self._before:
                continue
            # A duplicate shares the connection but leaves the descriptor's ownership alone.
            with contextlib.suppress(OSError), socket.socket(fileno=os.dup(fd)) as duplicate:
                if _is_client(duplicate, port):
                    yield duplicate


def _is_answered(connection: socket.socket, requests: int) -> bool:
    if not hasattr(socket, "TCP_INFO"):
        return False
    with contextlib.suppress(OSError, struct.error):
        info: bytes = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO.size)
        since_sent_ms, since_received_ms, received, sent = map(int, _TCP_INFO.unpack(info))
        return min(received, sent) >= requests and since_received_ms <= since_sent_ms
    return False


def _is_client(connection: socket.socket, port: int) -> bool:
    return (
        connection.family in (socket.AF_INET, socket.AF_INET6)
        and connection.type == socket.SOCK_STREAM
        and not connection.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
        and connection.getsockname()[1] != port
    )

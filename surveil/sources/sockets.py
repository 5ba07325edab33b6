"""Interrupt FFmpeg's network input from another thread.

FFmpeg's own time-out bounds single socket operations, so a server that keeps the connection busy
without sending pictures (reports, keep-alives, one byte at a time) is never overdue for it; and
PyAV's ``timeout=`` takes the interpreter's lock in every poll. Shutting its sockets down ends
whatever it waits for, at once, and leaves closing them to FFmpeg.
"""

from __future__ import annotations

import contextlib
import os
import socket
import stat
from pathlib import Path

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

    def interrupt(self, port: int) -> int:
        """Shut down the TCP connections made since, and return how many those were.

        Args:
            port: Of the camera; a connection whose own end has it belongs to a server.
        """
        count = 0
        for fd, inode in _sockets().items():
            if (fd, inode) in self._before:
                continue
            # A duplicate shares the connection but leaves the descriptor's ownership alone.
            with contextlib.suppress(OSError), socket.socket(fileno=os.dup(fd)) as duplicate:
                if _is_client(duplicate, port):
                    count += 1
                    duplicate.shutdown(socket.SHUT_RDWR)
        return count


def _is_client(connection: socket.socket, port: int) -> bool:
    return (
        connection.family in (socket.AF_INET, socket.AF_INET6)
        and connection.type == socket.SOCK_STREAM
        and not connection.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
        and connection.getsockname()[1] != port
    )

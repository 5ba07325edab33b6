"""Until when a worker may speak for its cameras: memory that the supervisor writes and it reads.

A worker so stops by itself when nobody prolongs its leases any more: the supervisor may be dead,
stopped or cut off from SQL. Anonymous memory, inherited as a descriptor; each word is eight bytes
at a multiple of eight, which a processor writes whole.
"""

from __future__ import annotations

import mmap
import os
import struct
import time
from collections.abc import Sequence

_WORD = struct.Struct("=d")


def boot_s() -> float:
    """Return seconds of a clock that is never set and goes on while the host is suspended."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class LeaseBoard:
    """The ends of some cameras' leases, by :func:`boot_s`.

    Args:
        fd: Of the memory; stays the caller's.
        cameras: Whose, in the order of their words.
    """

    def __init__(self, fd: int, cameras: Sequence[str]) -> None:
        self.fd = fd
        self.cameras = tuple(cameras)
        self._place = {camera: _WORD.size * number for number, camera in enumerate(cameras)}
        self._memory = mmap.mmap(fd, _WORD.size * max(1, len(cameras)))

    @classmethod
    def create(cls, cameras: Sequence[str]) -> LeaseBoard:
        """Make a board on which nothing may be said yet."""
        fd = os.memfd_create("surveil-leases", os.MFD_CLOEXEC)
        os.ftruncate(fd, _WORD.size * max(1, len(cameras)))
        return cls(fd, cameras)

    def put(self, camera: str, until_s: float) -> None:
        """Let a camera be spoken for until then."""
        _WORD.pack_into(self._memory, self._place[camera], until_s)

    def holds(self, camera: str) -> bool:
        """Return whether a camera may be spoken for now."""
        (until_s,) = _WORD.unpack_from(self._memory, self._place[camera])
        return bool(boot_s() < until_s)

    def close(self) -> None:
        """Let go of the memory."""
        self._memory.close()
        os.close(self.fd)

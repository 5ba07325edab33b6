"""Anonymous memory that two processes share by an inherited file descriptor.

It has no name anywhere (neither ``/dev/shm`` nor a directory entry), so nothing can be left behind:
the kernel frees it when the last process that holds it is gone, however it went.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import sys
import tempfile
import threading

if sys.platform == "linux":
    import fcntl

_fence_lock = threading.Lock()


def fence() -> None:
    """Order all memory accesses before this call against all after it, on any CPU.

    x86-64 keeps stores, and loads, in order by itself; ARM does not. Python has no barrier, but an
    uncontended lock is one: what follows the second pair cannot move above its acquire, which
    cannot move above the first pair's release, below which nothing earlier can sink.
    """
    with _fence_lock:
        pass
    with _fence_lock:
        pass


def create_memory(size_bytes: int) -> int:
    """Return the descriptor of fresh zeroed memory; pages exist only once they are touched.

    On Linux the size is sealed, so that no process can make the others fault by shrinking it.
    """
    if sys.platform == "linux":
        fd = os.memfd_create("surveil-frames", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(fd, size_bytes)
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW)
        return fd
    with tempfile.TemporaryFile() as file:
        os.ftruncate(file.fileno(), size_bytes)
        return os.dup(file.fileno())


def map_memory(fd: int) -> mmap.mmap:
    """Map shared memory read-write and keep it out of core dumps and of forked children."""
    memory = mmap.mmap(fd, os.fstat(fd).st_size)
    for advice in ("MADV_DONTDUMP", "MADV_DONTFORK"):
        if hasattr(mmap, advice):
            memory.madvise(getattr(mmap, advice))
    return memory


def release_pages(memory: mmap.mmap, start: int, end: int) -> None:
    """Give back the whole pages within ``start:end``; they read as zeros afterwards."""
    page = mmap.PAGESIZE
    start = -(-start // page) * page
    length = end // page * page - start
    if length > 0 and hasattr(mmap, "MADV_REMOVE"):
        # Memory is only saved here: a file system without hole punching keeps the old bytes.
        with contextlib.suppress(OSError):
            memory.madvise(mmap.MADV_REMOVE, start, length)

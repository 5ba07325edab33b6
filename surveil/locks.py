"""One process at a time: locks on files, which the kernel releases however a process ends."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from types import TracebackType

from surveil.errors import InUseError

_ASK_EVERY_S = 0.02


class LockedError(InUseError):
    """Another process holds the lock, or this one does a second time.

    Attributes:
        holder: Who, as far as the file says: ``process 123 (surveil)``, or ``another process``.
    """

    def __init__(self, path: Path, holder: str) -> None:
        super().__init__(f"{path} is in use by {holder}")
        self.holder = holder


class FileLock:
    """An exclusive advisory lock, held from construction to :meth:`release`.

    The file holds the process id of its holder, for whoever is refused. It stays when the lock is
    released, so that nobody ever locks a file that was deleted. Its folder must be there.

    Args:
        path: The file, which is made if need be, readable by its owner alone.
        wait_s: How long to wait for a holder that is just ending; 0 refuses at once.

    Raises:
        LockedError: It is held by another, still so after ``wait_s``.
        OSError: The file cannot be made or written.
    """

    def __init__(self, path: Path, *, wait_s: float = 0.0) -> None:
        self.fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        """May be passed to a child, which then holds the lock as long as it lives."""
        try:
            self._take(path, wait_s)
            self.name_holder(os.getpid())
        except BaseException:
            os.close(self.fd)
            raise

    def _take(self, path: Path, wait_s: float) -> None:
        deadline = time.monotonic() + wait_s
        while True:
            try:
                fcntl.flock(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise LockedError(path, _holder(self.fd)) from None
                time.sleep(_ASK_EVERY_S)

    def name_holder(self, pid: int) -> None:
        """Write down who holds the lock, such as a child that it is passed to."""
        os.ftruncate(self.fd, 0)
        os.pwrite(self.fd, str(pid).encode(), 0)

    def release(self) -> None:
        """Let go, as far as this process holds it; a second time does nothing.

        The descriptor's number may be another file's by then.
        """
        fd, self.fd = self.fd, -1
        if fd >= 0:
            os.close(fd)

    def __enter__(self) -> FileLock:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()


def _holder(fd: int) -> str:
    try:
        pid = int(os.pread(fd, 20, 0))
    except (OSError, ValueError):
        return "another process"
    try:
        command = Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:  # it just ended, or this is not Linux
        return f"process {pid}"
    return f"process {pid} ({command})"

"""The processor time of another process."""

from __future__ import annotations

import os
from pathlib import Path

_USER, _SYSTEM = 11, 12
"""Places of utime and stime behind the name of the program; see proc_pid_stat(5)."""


def processor_time_s(pid: int) -> float | None:
    """Return what a process has had, of all its threads; None where this system does not tell.

    Args:
        pid: A child that was not reaped yet.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    numbers = stat.rpartition(")")[2].split()
    ticks = int(numbers[_USER]) + int(numbers[_SYSTEM])
    return ticks / os.sysconf("SC_CLK_TCK")

"""What ``ps`` shows as the command line of this process (Linux)."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from pathlib import Path

_ARG_START, _ARG_END = 45, 46
"""Places of arg_start and arg_end behind the name of the program; see proc_pid_stat(5)."""


def show_command(words: Sequence[str]) -> None:
    """Write a command line over that with which the process was started.

    No longer than that one was: the rest is left out. Nothing happens where the system does not
    tell where it stands.
    """
    try:
        stat = Path("/proc/self/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    fields = stat.rpartition(")")[2].split()
    start, end = int(fields[_ARG_START]), int(fields[_ARG_END])
    room = end - start
    if start <= 0 or room <= 1:
        return
    text = "\0".join(words).encode()[: room - 1]
    ctypes.memmove(start, text.ljust(room, b"\0"), room)

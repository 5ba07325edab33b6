"""How much memory a worker may hold before another takes its place. Pure but for one reading.

A process that grows over days would end with the host out of memory, where the kernel chooses whom
to kill. A worker beyond its ceiling is asked to end in order instead, and started anew. A ceiling
that is too low must not lead from one renewal to the next: a worker that is beyond it soon after
it took another's place is told of once, and left.
"""

from __future__ import annotations

import resource
from enum import Enum
from pathlib import Path

READ_EVERY_S = 2.0
READINGS = 3
"""So many in a row must lie beyond the ceiling: a large picture on its way is no growth."""

LEAST_LIFE_S = 600.0
"""Between two renewals of a worker for its memory."""

FIRST_ASK_S, ASK_EVERY_S = 4.0, 60.0
"""How often a worker's memory is told apart from its parent's: more often while it is young."""

_RESIDENT, _SHARED = 1, 2
"""Places in /proc/PID/statm; see proc_pid_statm(5)."""


class Verdict(Enum):
    """What follows from a reading."""

    NOTHING = "nothing"
    RENEW = "renew"
    TOO_LOW = "too-low"


class MemoryWatch:
    """Decides on one worker, over all processes that are it one after the other.

    Args:
        ceiling_bytes: Of private memory; None is without.
    """

    def __init__(self, ceiling_bytes: int | None) -> None:
        self.ceiling_bytes = ceiling_bytes
        self._limit_bytes = ceiling_bytes
        self._beyond = 0
        self._read_mono_s = 0.0
        self._renewed_mono_s: float | None = None

    def begin(self) -> None:
        """Another process takes the worker's place."""
        self._limit_bytes = self.ceiling_bytes
        self._beyond = 0

    def is_due(self, now_mono_s: float) -> bool:
        """Return whether it is time for a reading, and note that it is taken."""
        if now_mono_s - self._read_mono_s < READ_EVERY_S:
            return False
        self._read_mono_s = now_mono_s
        return True

    def see(self, now_mono_s: float, held_bytes: int) -> Verdict:
        """Take a reading of a worker that does its job.

        One that is left because its ceiling is too low is looked at again once it holds twice as
        much: so a leak is renewed in the end, and a large fleet is not.
        """
        if self._limit_bytes is None or held_bytes <= self._limit_bytes:
            self._beyond = 0
            return Verdict.NOTHING
        self._beyond += 1
        if self._beyond < READINGS:
            return Verdict.NOTHING
        self._beyond = 0
        renewed = self._renewed_mono_s
        if renewed is None or now_mono_s - renewed >= LEAST_LIFE_S:
            self._renewed_mono_s = now_mono_s
            return Verdict.RENEW
        self._limit_bytes = 2 * held_bytes
        return Verdict.TOO_LOW


class MemoryScale:
    """Weighs one worker after the other: what no file and no other process backs.

    Of a worker that was forked, memory that it has not written to is its parent's, too. How much,
    only smaps_rollup tells, which takes milliseconds; so it is asked for now and then, and what
    the process has taken since is read every time.
    """

    def __init__(self) -> None:
        self._pid: int | None = None
        self._ask_mono_s = 0.0
        self._wait_s = FIRST_ASK_S
        self._parents_bytes = 0

    def held_bytes(self, pid: int, now_mono_s: float) -> int | None:
        """Return what a process holds alone; None where this system does not tell."""
        held = held_bytes(pid)
        if held is None:
            return None
        if pid != self._pid:
            self._pid, self._ask_mono_s, self._wait_s = pid, now_mono_s, FIRST_ASK_S
        if now_mono_s >= self._ask_mono_s:
            self._ask_mono_s = now_mono_s + self._wait_s
            self._wait_s = min(2 * self._wait_s, ASK_EVERY_S)
            self._parents_bytes = _parents_bytes(pid)
        return max(held - self._parents_bytes, 0)


def _parents_bytes(pid: int) -> int:
    """Return the resident memory that other processes have, too, and no file backs."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    except OSError:
        return 0
    kib = {words[0]: int(words[1]) for line in text.splitlines()[1:] if (words := line.split())}
    private = kib.get("Private_Dirty:", 0)
    return max(kib.get("Anonymous:", 0) - private, 0) * 1024


def held_bytes(pid: int) -> int | None:
    """Return the resident memory of a process that no file and no other process backs.

    The frames of cameras, which lie in shared memory, and mapped libraries are not in it. Costs
    some 20 microseconds; None where this system does not tell.

    Args:
        pid: This process, or a child that was not reaped yet.
    """
    try:
        pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()
    except OSError:
        return None
    return (int(pages[_RESIDENT]) - int(pages[_SHARED])) * resource.getpagesize()

"""A ceiling for the memory that a capture process may use beyond what it began with.

Native code takes what a camera makes it take: FFmpeg allocates the length that a header claims, and
joins fragments for as long as they come. The kernel then refuses beyond the ceiling, and whoever
watches ends the attempt before that.
"""

from __future__ import annotations

import contextlib
import resource
from pathlib import Path

from surveil.domain import Reason
from surveil.sources.failure import Failure

_STATM = Path("/proc/self/statm")
_NEAR = 0.75
_OOM_SCORE_ADJ = 500
"""Of -1000 to 1000: of a host that is out of memory, cameras go before inference and SQL."""


class MemoryCeiling:
    """What a process has in private memory now, and so many bytes more."""

    def __init__(self, budget_bytes: int) -> None:
        """Take the measure; nothing is enforced yet."""
        self._budget_bytes = budget_bytes
        self._base_bytes = _data_bytes()

    def enforce(self) -> None:
        """Let the kernel refuse what exceeds the ceiling, from now on, in the whole process.

        Also makes the process the first to go where the host runs out of memory.
        """
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        limit = self._base_bytes + self._budget_bytes
        if hard != resource.RLIM_INFINITY:
            limit = min(limit, hard)
        # Not everywhere is there such a limit; the watching stays.
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))
        with contextlib.suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text(str(_OOM_SCORE_ADJ))

    def check(self) -> Failure | None:
        """Return why to stop, if the ceiling is near; costs some 20 microseconds."""
        if _data_bytes() - self._base_bytes < self._budget_bytes * _NEAR:
            return None
        return exhausted(self._budget_bytes)


def exhausted(budget_bytes: int) -> Failure:
    """Return the failure of a stream that needs more memory than it may use."""
    budget = f"max_memory_bytes ({budget_bytes >> 20} MiB)"
    return Failure(Reason.MEMORY_LIMIT, f"the stream needs more memory than {budget} allows")


def _data_bytes() -> int:
    """Return the private writable memory of this process, 0 where nobody tells."""
    try:
        return int(_STATM.read_text().split()[5]) * resource.getpagesize()
    except OSError:
        return 0

"""End a child process with its parent, whatever ends the parent (Linux)."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def die_with_parent(signum: signal.Signals) -> Callable[[], None] | None:
    """Return a ``preexec_fn`` that asks the kernel for ``signum`` once the parent thread ends.

    Elsewhere than on Linux there is no such call, and None is returned.
    """
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl  # loaded before the fork: no import after it
    parent = os.getpid()

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, int(signum), 0, 0, 0)
        if os.getppid() != parent:  # it ended before the call
            os._exit(1)

    return ask

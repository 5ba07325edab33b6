"""Signs of life of a thread that may block: it says beforehand when it will be heard again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

GRACE_S = 2.0
"""What a blocking call may take beyond its time-out before the process counts as hung."""

BEAT_S = 0.5
"""Beats are sent no more often than this."""


class Pulse:
    """The beats of one thread, which alone calls this."""

    def __init__(self, beat: Callable[[float], None], stopping: threading.Event) -> None:
        """Beat nothing yet.

        Args:
            beat: Told within how many seconds it will be called again.
            stopping: Ends every wait.
        """
        self._beat = beat
        self._stopping = stopping
        self._next_s = 0.0
        self._allow_s = 0.0

    def promise(self, allow_s: float) -> None:
        """Beat at once: what follows may take so long, and some grace."""
        self._next_s = time.monotonic() + BEAT_S
        self._beat(allow_s + GRACE_S + BEAT_S)

    def allow(self, allow_s: float) -> None:
        """Set what reads may take from now on; a new limit is promised with the next read."""
        if allow_s != self._allow_s:
            self._allow_s = allow_s
            self._next_s = 0.0

    def before_read(self) -> None:
        """Beat if it is time to."""
        self._beat_often(self._allow_s)

    def wait_until(self, due_s: float) -> None:
        """Wait until a monotonic time, or until stopping."""
        while not self._stopping.is_set() and (left_s := due_s - time.monotonic()) > 0:
            self._beat_often(0.0)
            self._stopping.wait(min(left_s, BEAT_S))

    def _beat_often(self, allow_s: float) -> None:
        if time.monotonic() >= self._next_s:
            self.promise(allow_s)

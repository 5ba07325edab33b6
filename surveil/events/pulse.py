"""Whether a Redis server on a unix socket still answers, asked without ever waiting.

Called in the turns of a loop. Silence is counted only while the loop turns: a host that was
suspended has heard nothing either.
"""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path

ASK_EVERY_S = 1.0
MOST_A_TURN_S = 1.0
"""What one turn can add to the silence, however late it comes."""


class Pulse:
    """One question at a time; any answer is a sign of life, also that the server is loading."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._sock: socket.socket | None = None
        self._asked_mono_s: float | None = None
        self._next_mono_s = 0.0
        self._turned_mono_s: float | None = None
        self.silent_s = 0.0
        self.has_answered = False

    def reset(self) -> None:
        """Forget what was: the server is another one."""
        self.close()
        self._turned_mono_s = None
        self.silent_s = 0.0
        self.has_answered = False

    def turn(self, now_mono_s: float) -> None:
        """Take an answer in, and ask if it is time to; ``silent_s`` grows while there is none."""
        if self._turned_mono_s is not None:
            self.silent_s += min(now_mono_s - self._turned_mono_s, MOST_A_TURN_S)
        self._turned_mono_s = now_mono_s
        try:
            if self._asked_mono_s is not None:
                self._listen()
            elif self._sock is None or now_mono_s >= self._next_mono_s:
                self._ask(now_mono_s)
        except BlockingIOError:
            return
        except OSError:
            self.close()

    def _ask(self, now_mono_s: float) -> None:
        if self._sock is None:
            self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self._sock.setblocking(False)
            self._sock.connect(str(self._path))
        self._sock.send(b"PING\r\n")
        self._asked_mono_s = now_mono_s
        self._next_mono_s = now_mono_s + ASK_EVERY_S

    def _listen(self) -> None:
        assert self._sock is not None
        if not self._sock.recv(4096):
            self.close()
            return
        self._asked_mono_s = None
        self.silent_s = 0.0
        self.has_answered = True

    def close(self) -> None:
        """Let go of the connection."""
        self._asked_mono_s = None
        if self._sock is not None:
            with contextlib.suppress(OSError):
                self._sock.close()
        self._sock = None

"""Tell the service manager how the daemon is: systemd's notification protocol (``sd_notify``).

A datagram to the socket named by ``NOTIFY_SOCKET``; without it, nothing. Only the supervisor
speaks: what it starts does not inherit the variables.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, MutableMapping

from surveil.plaintext import escape

MOST_STATUS_BYTES = 400
"""Of what ``systemctl status`` shows; the rest of a longer text is left out."""

WATCHDOG_MOST_S = 5.0
"""A watchdog's message goes out this often at least, however long its deadline is."""

STATUS_EVERY_S = 1.0
"""A status that changes faster than this is told late."""


class NotifySocket:
    """Says READY, STATUS, WATCHDOG and STOPPING; never waits and never fails.

    A message that cannot be sent is lost: a watchdog that hears nothing ends the daemon, which is
    what it is for.

    Args:
        address: Path of a datagram socket, or a name in the abstract namespace that begins with
            ``@``; None is nobody to tell.
        watchdog_s: Deadline by which the manager wants to hear again; None is without.
    """

    def __init__(self, address: str | None = None, watchdog_s: float | None = None) -> None:
        self._address = address
        self._every_s = min(watchdog_s / 4, WATCHDOG_MOST_S) if watchdog_s else None
        self._watchdog_mono_s = self._status_mono_s = 0.0
        self._is_ready = False
        self._status: str | None = None
        self._sock: socket.socket | None = None
        if address is not None:
            self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self._sock.setblocking(False)

    @classmethod
    def from_environment(cls, environment: MutableMapping[str, str]) -> NotifySocket:
        """Take the variables of the protocol out of the environment, and return the socket.

        A deadline that is meant for another process (``WATCHDOG_PID``) is none for this one.
        """
        address = environment.pop("NOTIFY_SOCKET", None)
        deadline_us = environment.pop("WATCHDOG_USEC", "")
        pid = environment.pop("WATCHDOG_PID", "")
        if not address or address[0] not in "/@":
            return cls()
        is_mine = pid in ("", str(os.getpid()))
        is_deadline = is_mine and deadline_us.isdecimal() and int(deadline_us) > 0
        return cls(address, int(deadline_us) / 1e6 if is_deadline else None)

    def turn(self, now_mono_s: float, tell: Callable[[], str]) -> None:
        """Say what is new; called in each turn of the supervisor's loop, and by nothing else.

        So the watchdog hears of a loop that turns, not of a process that merely exists.

        Args:
            now_mono_s: Monotonic.
            tell: Returns one line for people; asked only where a manager listens.
        """
        if self._sock is None:
            return
        status = tell()
        is_news = status != self._status and now_mono_s >= self._status_mono_s
        is_due = self._every_s is not None and now_mono_s >= self._watchdog_mono_s
        words = [] if self._is_ready else ["READY=1"]
        words += [f"STATUS={_line(status)}"] if is_news else []
        words += ["WATCHDOG=1"] if is_due else []
        if not words or not self._send("\n".join(words)):
            return
        self._is_ready = True
        if is_news:
            self._status, self._status_mono_s = status, now_mono_s + STATUS_EVERY_S
        if is_due:
            self._watchdog_mono_s = now_mono_s + (self._every_s or 0.0)

    def stopping(self, status: str) -> None:
        """Say that the daemon has begun to end."""
        self._send(f"STOPPING=1\nSTATUS={_line(status)}")

    def close(self) -> None:
        """Say no more."""
        if self._sock is not None:
            self._sock.close()
            self._sock = None

    def _send(self, message: str) -> bool:
        if self._sock is None or self._address is None:
            return False
        name = "\0" + self._address[1:] if self._address[0] == "@" else self._address
        try:
            self._sock.sendto(message.encode(), name)
        except OSError:  # the manager is away or busy; the next turn says it again
            return False
        return True


def _line(text: str) -> str:
    return escape(text).encode()[:MOST_STATUS_BYTES].decode(errors="ignore")

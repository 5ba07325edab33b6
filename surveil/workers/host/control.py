"""The line between supervisor and worker: JSON messages, one a line, over a socket pair.

Supervisor to worker: an assignment (first message), ``{"ping": n}``, ``{"stop": true}``.
Worker to supervisor, each with what it does meanwhile and whether it is ready:

* ``{"pong": n, "promise": s, "doing": "…", "ready": bool, "samples": [...]}``, from a thread of its
  own, but only while its main loop keeps the promise of its last beat. So a process that is alive
  yet stuck falls silent.
* ``{"promise": s, "doing": "…", "ready": bool}``, from the main loop itself, before it begins what
  takes longer than the supervisor knows of, or much less: native code that holds the interpreter's
  lock, as imports do, lets no other thread answer.
* ``{"broken": "…"}``: a thread that the worker cannot do without has ended.
* ``{"fatal": message, "code": n}``, before it ends with an error that no restart can mend.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import threading
import time
from typing import Any

from surveil.workers.host.lifeline import (
    DRAIN_S,
    LOADING_ALLOW_S,
    WORKING,
    LocalTelemetry,
    Telemetry,
)

MAX_MESSAGE_BYTES = 16 * 1024 * 1024
STUCK_EXIT_CODE = 70
"""Exit code of a worker that lost its supervisor and could not drain in time."""

RESEND_S = 1.0
"""By how much the supervisor's deadline may lag behind the last beat; its slack covers it."""

LOOSE_S = 10.0
"""By how much it may lie after the last beat's; a pong corrects it within a second."""

Message = dict[str, Any]


class MessageTooLongError(ValueError):
    """The peer sent more than ``MAX_MESSAGE_BYTES`` without an end of line."""


class MessageBuffer:
    """Cut a byte stream into messages."""

    def __init__(self, max_bytes: int = MAX_MESSAGE_BYTES) -> None:
        self._max_bytes = max_bytes
        self._rest = b""

    def feed(self, data: bytes) -> list[Message]:
        """Return the messages that ``data`` completes.

        Raises:
            MessageTooLongError: An unfinished message has grown over the bound.
        """
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > self._max_bytes:
            raise MessageTooLongError(f"a message of more than {self._max_bytes} bytes")
        return [json.loads(line) for line in lines if line]


def encode(message: Message) -> bytes:
    """Return a message as it goes over the line."""
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


class SocketLifeline:
    """A worker's lifeline over its socket to the supervisor; answers pings in a daemon thread."""

    def __init__(self, sock: socket.socket, *, max_message_bytes: int = MAX_MESSAGE_BYTES) -> None:
        """Take over ``sock``."""
        self.stopping = threading.Event()
        self._samples = LocalTelemetry()
        self.telemetry: Telemetry = self._samples
        self._sock = sock
        self._send_lock = threading.Lock()
        self._ready = False
        self._lacks = ""
        self._promised_mono_s = self._told_mono_s = 0.0
        self._doing = WORKING
        self._threads: list[threading.Thread] = []
        self._buffer = MessageBuffer(max_message_bytes)
        self._early: list[Message] = []
        self._orphan_timer: threading.Timer | None = None
        self._closed = False

    def receive_assignment(self, timeout_s: float = 30.0) -> Message:
        """Wait for the first message. Call before :meth:`start`.

        Raises:
            ConnectionError: The supervisor went away, or sent nothing in time.
        """
        self._sock.settimeout(timeout_s)
        while True:
            try:
                data = self._sock.recv(1 << 20)
            except TimeoutError as error:
                raise ConnectionError("no assignment from the supervisor in time") from error
            if not data:
                raise ConnectionError("the supervisor closed the line before the assignment")
            messages = self._buffer.feed(data)
            if messages:
                self._sock.settimeout(None)
                self._early = messages[1:]
                return messages[0]

    def start(self) -> None:
        """Begin to answer pings; the first promise is that of importing what the worker needs."""
        self.beat(LOADING_ALLOW_S, "importing")
        threading.Thread(target=self._listen, name="lifeline", daemon=True).start()

    def beat(self, allow_s: float = 5.0, doing: str = WORKING) -> None:
        now = time.monotonic()
        self._promised_mono_s = now + allow_s
        self._doing = doing
        ahead_s = self._promised_mono_s - self._told_mono_s
        if not -LOOSE_S < ahead_s < RESEND_S and self._has_room():
            self._promise({})

    def watch(self, thread: threading.Thread) -> None:
        self._threads.append(thread)

    def ready(self, is_ready: bool = True, lacks: str = "") -> None:
        self._ready, self._lacks = is_ready, lacks

    def fatal(self, message: str, code: int) -> None:
        """Tell the supervisor of an error that a restart cannot mend."""
        self._send({"fatal": message, "code": code})

    def close(self) -> None:
        """Let go of the line, so that its end no longer ends the process."""
        self._closed = True
        if self._orphan_timer is not None:
            self._orphan_timer.cancel()
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)  # wakes the listener
        self._sock.close()

    def _listen(self) -> None:
        try:
            for message in self._early:
                self._take(message)
            while data := self._sock.recv(65536):
                for message in self._buffer.feed(data):
                    self._take(message)
        except (OSError, ValueError):
            pass  # a broken line and one that speaks nonsense are the same: nobody to answer to
        self._end_as_orphan()

    def _take(self, message: Message) -> None:
        if message.get("stop"):
            self.stopping.set()
        elif "ping" in message:
            self._answer(int(message["ping"]))

    def _answer(self, number: int) -> None:
        ended = [thread.name for thread in self._threads if not thread.is_alive()]
        if ended and not self.stopping.is_set():
            self._send({"broken": f"without its thread {ended[0]}, which ended"})
        elif time.monotonic() <= self._promised_mono_s:
            self._promise({"pong": number, "samples": self._samples.snapshot()})

    def _promise(self, message: Message) -> None:
        until = self._promised_mono_s
        promise_s = round(max(until - time.monotonic(), 0.0), 3)
        words = {"promise": promise_s, "doing": self._lacks or self._doing, "ready": self._ready}
        self._send({**message, **words})
        self._told_mono_s = until

    def _has_room(self) -> bool:
        """Return whether a message can be sent without waiting: a paused supervisor reads none."""
        try:
            return bool(select.select([], [self._sock], [], 0)[1])
        except (OSError, ValueError):
            return False

    def _end_as_orphan(self) -> None:
        # The supervisor is gone, perhaps killed: drain, and do not outlive it by more than that.
        if not self._closed:
            self._orphan_timer = threading.Timer(DRAIN_S, os._exit, args=(STUCK_EXIT_CODE,))
            self._orphan_timer.daemon = True
            self._orphan_timer.start()
        self.stopping.set()

    def _send(self, message: Message) -> None:
        with self._send_lock:
            try:
                self._sock.sendall(encode(message))
            except OSError:
                self.stopping.set()

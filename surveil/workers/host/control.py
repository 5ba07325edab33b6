"""The line between supervisor and worker: JSON messages, one a line, over a socket pair.

Supervisor to worker: an assignment (first message), ``{"ping": n}``, ``{"stop": true}``.
Worker to supervisor: ``{"pong": n, "ready": bool, "samples": [...]}`` and, before it ends with an
error that no restart can mend, ``{"fatal": message, "code": n}``.

A worker answers pings from a thread of its own, but only while its main loop keeps the promise of
its last beat. So a process that is alive yet stuck falls silent, and one whose thread cannot run
(native code that holds the GIL) falls silent as well.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
import time
from typing import Any

from surveil.workers.host.lifeline import DRAIN_S, LocalTelemetry, Telemetry

MAX_MESSAGE_BYTES = 16 * 1024 * 1024
STUCK_EXIT_CODE = 70
"""Exit code of a worker that lost its supervisor and could not drain in time."""

Message = dict[str, Any]


class MessageTooLongError(ValueError):
    """The peer sent more than ``MAX_MESSAGE_BYTES`` without an end of line."""


class MessageBuffer:
    """Cut a byte stream into messages."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Message]:
        """Return the messages that ``data`` completes.

        Raises:
            MessageTooLongError: An unfinished message has grown over the bound.
        """
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > MAX_MESSAGE_BYTES:
            raise MessageTooLongError(f"a message of more than {MAX_MESSAGE_BYTES} bytes")
        return [json.loads(line) for line in lines if line]


def encode(message: Message) -> bytes:
    """Return a message as it goes over the line."""
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


class SocketLifeline:
    """A worker's lifeline over its socket to the supervisor; answers pings in a daemon thread."""

    def __init__(self, sock: socket.socket, *, allow_s: float = 60.0) -> None:
        """Take over ``sock``; ``allow_s`` is the time the worker has for its first beat."""
        self.stopping = threading.Event()
        self._samples = LocalTelemetry()
        self.telemetry: Telemetry = self._samples
        self._sock = sock
        self._send_lock = threading.Lock()
        self._ready = False
        self._promised_mono_s = time.monotonic() + allow_s
        self._buffer = MessageBuffer()
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
        """Begin to answer pings."""
        threading.Thread(target=self._listen, name="lifeline", daemon=True).start()

    def beat(self, allow_s: float = 5.0) -> None:
        self._promised_mono_s = time.monotonic() + allow_s

    def ready(self, is_ready: bool = True) -> None:
        self._ready = is_ready

    def fatal(self, message: str, code: int) -> None:
        """Tell the supervisor of an error that a restart cannot mend."""
        self._send({"fatal": message, "code": code})

    def close(self) -> None:
        """Let go of the line, so that its end no longer ends the process."""
        self._closed = True
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)  # wakes the listener
        self._sock.close()

    def _listen(self) -> None:
        for message in self._early:
            self._obey(message)
        while True:
            try:
                data = self._sock.recv(65536)
            except OSError:
                data = b""
            if not data:
                self._end_as_orphan()
                return
            for message in self._buffer.feed(data):
                self._obey(message)

    def _obey(self, message: Message) -> None:
        if message.get("stop"):
            self.stopping.set()
        elif "ping" in message and time.monotonic() <= self._promised_mono_s:
            samples = self._samples.snapshot()
            self._send({"pong": message["ping"], "ready": self._ready, "samples": samples})

    def _end_as_orphan(self) -> None:
        # The supervisor is gone, perhaps killed: drain, and do not outlive it by more than that.
        self.stopping.set()
        if self._closed:
            return
        self._orphan_timer = threading.Timer(DRAIN_S, os._exit, args=(STUCK_EXIT_CODE,))
        self._orphan_timer.daemon = True
        self._orphan_timer.start()

    def _send(self, message: Message) -> None:
        with self._send_lock:
            try:
                self._sock.sendall(encode(message))
            except OSError:
                self.stopping.set()

"""An RTSP camera that does what a test tells it to, where surveil's simulator behaves too well."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from surveil.simulate.clip import Clip, load_clip
from surveil.simulate.sdp import describe

Send = Callable[[bytes], None]
Play = Callable[[Send, threading.Event], None]
"""Sends what follows PLAY, interleaved packets as they go over the wire; ends with the event."""


def play_nothing(send: Send, closing: threading.Event) -> None:
    """Keep the connection open in silence."""
    closing.wait()


@dataclass
class ScriptedCamera:
    """One camera at ``rtsp://127.0.0.1:PORT/scripted``, over TCP, for any number of clients.

    Attributes:
        sdp: What DESCRIBE answers.
        play: Runs in the connection's thread once PLAY was answered; the connection ends with it.
        answers: Whole answers by method, without the sequence number, in place of the good ones:
            status line and headers, such as ``"461 Unsupported Transport\\r\\n"``. None: silence.
    """

    sdp: str = "v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:trackID=0\r\n"
    play: Play = play_nothing
    answers: Mapping[str, str | None] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._closing = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._connections: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.set()
        for one in (self._listener, *self._connections):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    @property
    def port(self) -> int:
        port: int = self._listener.getsockname()[1]
        return port

    @property
    def url(self) -> str:
        return f"rtsp://127.0.0.1:{self.port}/scripted"

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection, connection.makefile("rb") as lines:
            while line := lines.readline():
                if not line.strip():
                    continue
                method = line.split(b" ")[0].decode()
                self.requests.append(method)
                sequence = "0"
                while header := lines.readline().strip():
                    name, _, value = header.decode().partition(":")
                    if name.lower() == "cseq":
                        sequence = value.strip()
                answer = self.answers.get(method, self._good_answer(method))
                if answer is None:
                    self._closing.wait()
                    return
                head, _, body = answer.partition("\r\n\r\n")
                status, _, headers = head.partition("\r\n")
                text = f"RTSP/1.0 {status}\r\nCSeq: {sequence}\r\n"
                text += f"{headers}\r\n" if headers else ""
                text += f"Content-Length: {len(body)}\r\n" if body else ""
                connection.sendall(f"{text}\r\n{body}".encode())
                if method == "PLAY" and answer.startswith("200"):
                    self.play(connection.sendall, self._closing)
                    return

    def _good_answer(self, method: str) -> str:
        return {
            "OPTIONS": "200 OK\r\nPublic: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN",
            "DESCRIBE": f"200 OK\r\nContent-Type: application/sdp\r\n\r\n{self.sdp}",
            "SETUP": "200 OK\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1",
            "PLAY": "200 OK\r\nSession: 1",
        }.get(method, "200 OK")


def to_wire(payloads: Iterable[bytes], *, sequence: int, ticks: int) -> bytes:
    """Return one picture's RTP packets, interleaved, the marker on the last."""
    payloads = list(payloads)
    wire = b""
    for offset, payload in enumerate(payloads):
        marker = 0x80 if offset == len(payloads) - 1 else 0
        head = struct.pack(
            ">BBHII", 0x80, marker | 96, (sequence + offset) & 0xFFFF, ticks & 0xFFFFFFFF, 7
        )
        wire += struct.pack(">cBH", b"$", 0, len(head) + len(payload)) + head + payload
    return wire


def play_clip(path: Path, *, period_s: float, skip_key: bool = False) -> tuple[str, Play]:
    """Return the description of an H.264 clip, and what plays it at an even, slow pace.

    Args:
        path: The clip; it is played in a loop, one picture a period.
        period_s: Seconds between pictures.
        skip_key: Whether to begin behind the first key frame.
    """
    clip: Clip = load_clip(path)

    def play(send: Send, closing: threading.Event) -> None:
        index, sequence = int(skip_key), 0
        while True:
            picture, _ = clip.at(index)
            send(to_wire(picture.payloads, sequence=sequence, ticks=int(index * period_s * 90_000)))
            sequence += len(picture.payloads)
            index += 1
            if closing.wait(period_s):
                return

    return describe("scripted", clip, "127.0.0.1", 1), play

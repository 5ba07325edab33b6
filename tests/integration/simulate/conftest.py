"""Clips made on the spot, and an RTSP client that shows what is on the wire."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import pytest

from surveil.secrets import Secret
from surveil.simulate.digest import DigestAlgorithm, Login, digest_response, parse_digest

WIDTH, HEIGHT, FPS, FRAMES = 160, 128, 50, 50
ENCODERS = {
    # A keyframe every half second, so that a joining client need not wait; B-frames in one of them.
    "h264": ("libx264", "yuv420p", {"preset": "veryfast", "bf": "2"}),
    "hevc": ("libx265", "yuv420p", {"preset": "ultrafast", "x265-params": "log-level=none"}),
    "mjpeg": ("mjpeg", "yuvj420p", {"huffman": "default"}),
}
DEADLINE_S = 20.0


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One second of noise that moves, by codec; several RTP packets per picture."""
    folder = tmp_path_factory.mktemp("clips")
    noise = np.random.default_rng(1).integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)
    paths: dict[str, Path] = {}
    for codec, (encoder, pix_fmt, options) in ENCODERS.items():
        paths[codec] = folder / f"{codec}.mov"
        with av.open(str(paths[codec]), "w") as container:
            stream = container.add_stream(encoder, rate=FPS, options=options)
            assert isinstance(stream, av.VideoStream)
            stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, pix_fmt
            stream.gop_size = FPS // 2
            for index in range(FRAMES):
                frame = av.VideoFrame.from_ndarray(np.roll(noise, index, axis=1), format="rgb24")
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
    return paths


@pytest.fixture
def clip(clips: dict[str, Path]) -> Path:
    return clips["h264"]


@dataclass(frozen=True)
class RtpPacket:
    """One RTP packet, taken apart."""

    marker: bool
    payload_type: int
    sequence: int
    stamp: int
    payload: bytes


@dataclass(frozen=True)
class Response:
    status: int
    headers: dict[str, str]
    body: bytes


class RawClient:
    """Speaks RTSP over one connection and keeps interleaved packets."""

    def __init__(self, port: int, stream: str = "lobby") -> None:
        self.url = f"rtsp://127.0.0.1:{port}/{stream}"
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_S)
        self.file = self.socket.makefile("rb")
        self.packets: list[RtpPacket] = []
        self.session = ""
        self.login: Login | None = None
        self.challenge: dict[str, str] = {}
        self._count = 0

    def close(self) -> None:
        self.file.close()
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def ask(self, method: str, uri: str = "", version: str = "1.0", **headers: str) -> Response:
        """Send a request, and answer a digest challenge once if there is a login."""
        response = self._ask(method, uri or self.url, version, headers)
        if response.status == 401 and self.login is not None:
            self.challenge = parse_digest(response.headers["www-authenticate"])
            response = self._ask(method, uri or self.url, version, headers)
        return response

    def play(self, transport: str = "RTP/AVP/TCP;unicast;interleaved=0-1") -> Response:
        """Set up and play; returns the answer to PLAY."""
        assert self.ask("DESCRIBE", Accept="application/sdp").status == 200
        response = self.ask("SETUP", f"{self.url}/trackID=0", Transport=transport)
        assert response.status == 200
        self.session = response.headers["session"].partition(";")[0]
        response = self.ask("PLAY", Session=self.session)
        assert response.status == 200
        return response

    def packet(self) -> RtpPacket:
        """Return the next RTP packet."""
        while not self.packets:
            assert self._read() is None, "a response nobody asked for"
        return self.packets.pop(0)

    def picture(self) -> list[RtpPacket]:
        """Return the packets up to the next marker."""
        packets = [self.packet()]
        while not packets[-1].marker:
            packets.append(self.packet())
        return packets

    def read_to_the_end(self) -> None:
        """Discard packets until the connection ends, which raises."""
        while True:
            self.packet()

    def answer(self) -> Response:
        """Return the next response; packets before it are kept."""
        while (response := self._read()) is None:
            pass
        return response

    def _ask(self, method: str, uri: str, version: str, headers: dict[str, str]) -> Response:
        self._count += 1
        lines = [f"{method} {uri} RTSP/{version}", f"CSeq: {self._count}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if self.login is not None and self.challenge:
            lines.append(f"Authorization: {self._authorization(method, uri)}")
        self.send("\r\n".join([*lines, "", ""]).encode())
        response = self.answer()
        assert response.headers.get("cseq") == str(self._count)
        return response

    def _authorization(self, method: str, uri: str) -> str:
        assert self.login is not None
        algorithm = DigestAlgorithm(self.challenge.get("algorithm", "MD5"))
        realm, nonce = self.challenge["realm"], self.challenge["nonce"]
        answer = digest_response(algorithm, self.login, realm, method, uri, nonce, {})
        return (
            f'Digest username="{self.login.username}", realm="{realm}", nonce="{nonce}", '
            f'uri="{uri}", algorithm={algorithm}, response="{answer}"'
        )

    def _read(self) -> Response | None:
        """Return a response, or keep a packet and return ``None``."""
        first = self.file.read(1)
        if not first:
            raise EOFError("the server closed the connection")
        if first == b"$":
            channel, size = struct.unpack(">BH", self.file.read(3))
            data = self.file.read(size)
            if channel % 2 == 0:
                _, kind, sequence, stamp, _ = struct.unpack(">BBHII", data[:12])
                self.packets.append(
                    RtpPacket(bool(kind & 0x80), kind & 0x7F, sequence, stamp, data[12:])
                )
            return None
        status = int((first + self.file.readline()).split()[1])
        headers: dict[str, str] = {}
        while line := self.file.readline().strip():
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        return Response(status, headers, self.file.read(int(headers.get("content-length", 0))))


@pytest.fixture
def connect() -> Iterator[Callable[..., RawClient]]:
    """Open clients to a port; they are closed at the end of the test."""
    clients: list[RawClient] = []

    def open_client(port: int, stream: str = "lobby", password: str | None = None) -> RawClient:
        clients.append(RawClient(port, stream))
        if password is not None:
            clients[-1].login = Login("eve", Secret(password))
        return clients[-1]

    yield open_client
    for client in clients:
        client.close()


@pytest.fixture
def wait_for() -> Callable[[Callable[[], bool]], None]:
    """Poll a condition up to a deadline."""

    def poll(condition: Callable[[], bool]) -> None:
        deadline_s = time.monotonic() + DEADLINE_S
        while not condition():
            assert time.monotonic() < deadline_s, "waited in vain"
            time.sleep(0.01)

    return poll

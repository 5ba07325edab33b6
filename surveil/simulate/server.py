"""An RTSP server that shows clips as cameras, in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import math
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import quote

from surveil.errors import ConfigError, InUseError
from surveil.ports import describe_listener
from surveil.secrets import Secret
from surveil.simulate.camera import Camera, CameraStats
from surveil.simulate.channel import UdpPorts
from surveil.simulate.clip import Clip, load_clip
from surveil.simulate.connection import Connection
from surveil.simulate.digest import DigestAlgorithm, DigestGuard, Login
from surveil.simulate.fault import Fault, ScheduledFault, parse_fault
from surveil.simulate.message import MAX_HEAD_BYTES
from surveil.simulate.resize import make_half_size

MAX_CONNECTIONS = 128
"""Clients at once; more are turned away."""

SESSION_TIMEOUT_S = 60
"""Time-out of a session in seconds (RFC 2326, 12.37)."""

_TICK_S = 0.05
_START_LIMIT_S = 30.0
_GOODBYE_S = 0.5
"""What a client may take to read the rest of what was sent to it when the server ends."""
_BACKLOG = 64
_log = logging.getLogger(__name__)
_T = TypeVar("_T")


class RtspServer:
    """Serves clips as looped cameras at ``rtsp://host:port/<name>``.

    A context manager: the server listens from ``__enter__`` to ``__exit__``. All methods may be
    called from any thread. Every camera's clock starts with the server, and all viewers of a camera
    see the same moment.

    Args:
        streams: Name to clip.
        host: Address to listen on.
        port: 0 takes a free one.
        username: Asks for digest authentication, together with ``password``.
        password: Plain or secret.
        algorithm: Hash of the digest; SHA-256 is unknown to many clients.
        faults: Scheduled faults as ``(stream, fault)``; ``*`` means every stream.
        session_timeout_s: A client that gives no sign of life for so long is cut off.

    Raises:
        ClipError: A clip cannot be served.
        ConfigError: A fault names no stream.
        InUseError: ``__enter__``: the port belongs to another process.
    """

    def __init__(
        self,
        streams: Mapping[str, Path | str],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        username: str | None = None,
        password: Secret | str | None = None,
        algorithm: DigestAlgorithm = DigestAlgorithm.MD5,
        faults: Iterable[tuple[str, ScheduledFault]] = (),
        session_timeout_s: int = SESSION_TIMEOUT_S,
    ) -> None:
        if not streams:
            raise ConfigError("no clip to serve")
        self._clips = {name: load_clip(Path(path)) for name, path in streams.items()}
        self._host = host
        self._port = port
        self._guard: DigestGuard | None = None
        if username is not None and password is not None:
            secret = password if isinstance(password, Secret) else Secret(password)
            self._guard = DigestGuard(Login(username, secret), algorithm)
        self._faults = [(name, fault) for at, fault in faults for name in self._names(at)]
        self._cameras: dict[str, Camera] = {}
        self._connections: dict[Connection, asyncio.Task[None]] = {}
        self._session_timeout_s = session_timeout_s
        self._turned_away = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._thread: threading.Thread | None = None
        self._started: Future[None] = Future()

    def __enter__(self) -> Self:
        listener = _listen(self._host, self._port)
        self._port = listener.getsockname()[1]
        self._thread = threading.Thread(
            target=asyncio.run, args=(self._main(listener),), name="rtsp-server", daemon=True
        )
        self._thread.start()
        self._started.result(_START_LIMIT_S)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # --- for callers

    @property
    def port(self) -> int:
        """The TCP port, known from ``__enter__`` on."""
        return self._port

    @property
    def streams(self) -> tuple[str, ...]:
        """Names of the cameras."""
        return tuple(self._clips)

    def url(self, stream: str) -> str:
        """Return a camera's URL, without credentials."""
        assert stream in self._clips, f"no stream {stream!r}"
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"rtsp://{host}:{self._port}/{quote(stream)}"

    def clip(self, stream: str) -> Clip:
        """Return what a camera shows."""
        return self._clips[stream]

    def fault(
        self,
        stream: str,
        fault: Fault,
        duration_s: float | None = None,
        *,
        value: float | None = None,
    ) -> None:
        """Start a fault now.

        Args:
            stream: Name, or ``*`` for every camera.
            fault: What goes wrong.
            duration_s: Default: 5 s, a moment for ``DROP``; ``math.inf`` lasts until :meth:`clear`.
            value: Probability of loss, 0..1, for ``Fault.LOSS``.

        Raises:
            ConfigError: No such stream.
        """
        for name in self._names(stream):
            self._call(partial(self._cameras[name].fault_now, fault, duration_s, value))

    def command(self, text: str) -> None:
        """Start a fault now, written as for :func:`parse_fault`; its start counts from now.

        Raises:
            ConfigError: The text is no fault, or names no stream.
        """
        stream, fault = parse_fault(text)
        for name in self._names(stream):
            self._call(partial(self._cameras[name].add_fault_from_now, fault))

    def clear(self, stream: str = "*") -> None:
        """End all faults, scheduled ones included."""
        for name in self._names(stream):
            self._call(self._cameras[name].plan.clear)

    def stats(self, stream: str) -> CameraStats:
        """Return a copy of a camera's counts."""
        return self._call(lambda: self._cameras[stream].snapshot())

    def now_s(self, stream: str) -> float:
        """Return a camera's time in seconds: modulo the clip's length, the place in the clip."""
        return self._cameras[stream].now_s

    def close(self) -> None:
        """Say good-bye to clients, close everything and wait for the thread; idempotent."""
        if self._thread is None:
            return
        if self._loop is not None and self._stopping is not None:
            with contextlib.suppress(RuntimeError):  # the loop has just ended by itself
                self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()
        self._thread = None

    def _names(self, stream: str) -> list[str]:
        if stream == "*":
            return list(self._clips)
        if stream not in self._clips:
            known = ", ".join(self._clips)
            raise ConfigError(f"fault for {stream!r}: no such stream; there are {known}")
        return [stream]

    def _call(self, function: Callable[[], _T]) -> _T:
        """Run a function on the server's event loop and return what it returns."""
        assert self._loop is not None, "the server is not running"
        result: Future[_T] = Future()

        def run() -> None:
            try:
                result.set_result(function())
            except Exception as error:  # noqa: BLE001 - handed over to the calling thread
                result.set_exception(error)

        self._loop.call_soon_threadsafe(run)
        return result.result(_START_LIMIT_S)

    # --- on the event loop

    async def _main(self, listener: socket.socket) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        try:
            udp = UdpPorts(self._host)
        except OSError as error:
            listener.close()
            self._started.set_exception(error)
            return
        for seed, (name, clip) in enumerate(self._clips.items()):
            self._cameras[name] = Camera(name, clip, resize=_half_size(clip), seed=seed)
        for name, fault in self._faults:
            self._cameras[name].add_fault(fault)
        tasks = [asyncio.create_task(camera.run()) for camera in self._cameras.values()]
        tasks += [
            asyncio.create_task(self._cameras[name].prepare_resize())
            for name, fault in self._faults
            if fault.fault is Fault.RESIZE
        ]
        tasks.append(asyncio.create_task(self._tend(listener, udp)))
        for one in udp.sockets:
            self._loop.add_reader(one.fileno(), self._receive, one)
        self._started.set_result(None)
        await self._stopping.wait()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for connection in self._connections:
            connection.finish()
        if self._connections:
            await asyncio.wait(self._connections.values(), timeout=_GOODBYE_S)
        for connection in self._connections:
            connection.abort()
        await asyncio.gather(*self._connections.values(), return_exceptions=True)
        for one in udp.sockets:
            self._loop.remove_reader(one.fileno())
        udp.close()

    async def _tend(self, listener: socket.socket, udp: UdpPorts) -> None:
        """Accept clients, close the port while all cameras refuse, end silent connections."""

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._accept(reader, writer, udp)

        server: asyncio.Server | None = await asyncio.start_server(
            accept, sock=listener, limit=MAX_HEAD_BYTES
        )
        try:
            while True:
                refuses = all(Fault.REFUSE in one.active() for one in self._cameras.values())
                if refuses and server is not None:
                    server.close()
                    server = None
                    for connection in list(self._connections):
                        connection.abort()
                elif not refuses and server is None:
                    with contextlib.suppress(InUseError):  # taken meanwhile: try again next tick
                        again = _listen(self._host, self._port)
                        server = await asyncio.start_server(
                            accept, sock=again, limit=MAX_HEAD_BYTES
                        )
                now_s = time.monotonic()
                for connection in list(self._connections):
                    if connection.is_expired(now_s):
                        connection.abort()
                await asyncio.sleep(_TICK_S)
        finally:
            if server is not None:
                server.close()

    async def _accept(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, udp: UdpPorts
    ) -> None:
        if len(self._connections) >= MAX_CONNECTIONS:
            self._turned_away += 1
            writer.transport.abort()
            return
        connection = Connection(
            reader, writer, self._cameras, self._guard, udp, self._session_timeout_s
        )
        task = asyncio.current_task()
        assert task is not None
        self._connections[connection] = task
        try:
            await connection.serve()
        finally:
            del self._connections[connection]

    def _receive(self, udp_socket: socket.socket) -> None:
        """Take a client's UDP packet (receiver report, hole punch) as a sign of life."""
        try:
            _, sender = udp_socket.recvfrom(2048)
        except OSError:
            return  # an ICMP answer to an earlier packet
        for connection in self._connections:
            if connection.owns_udp(sender[0], sender[1]):
                connection.active_s = time.monotonic()


def _half_size(clip: Clip) -> Callable[[], asyncio.Future[Clip]]:
    def make() -> asyncio.Future[Clip]:
        return asyncio.get_running_loop().run_in_executor(None, make_half_size, clip)

    return make


def _listen(host: str, port: int) -> socket.socket:
    """Bind and listen.

    Raises:
        InUseError: Another process has the port; it is named where it can be found.
        ConfigError: The address is not one of this host, or the port is reserved.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            by = describe_listener(port)
            raise InUseError(f"port {port} on {host} is in use by {by}") from error
        raise ConfigError(f"cannot listen on {host}:{port}: {error.strerror}") from error
    listener.setblocking(False)
    return listener


FOREVER_S = math.inf
"""A fault's duration that lasts until it is cleared."""

"""An RTSP server that shows clips as cameras, in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import quote

from surveil.errors import ConfigError
from surveil.secrets import Secret
from surveil.simulate.camera import Camera, CameraStats
from surveil.simulate.clip import Clip, load_clip
from surveil.simulate.digest import DigestAlgorithm, DigestGuard, Login
from surveil.simulate.fault import Fault, ScheduledFault, parse_fault
from surveil.simulate.service import RtspService, listen

SESSION_TIMEOUT_S = 60
"""Time-out of a session in seconds (RFC 2326, 12.37)."""

_START_LIMIT_S = 30.0
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
        self._session_timeout_s = session_timeout_s
        self._service: RtspService | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._thread: threading.Thread | None = None
        self._started: Future[None] = Future()

    def __enter__(self) -> Self:
        listener = listen(self._host, self._port)
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
        return f"rtsp://{host}:{self._port}/{quote(stream, errors='surrogateescape')}"

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
            self._call(partial(self._camera(name).fault_now, fault, duration_s, value))

    def command(self, text: str) -> None:
        """Start a fault now, written as for :func:`parse_fault`; its start counts from now.

        Raises:
            ConfigError: The text is no fault, or names no stream.
        """
        stream, fault = parse_fault(text)
        for name in self._names(stream):
            self._call(partial(self._camera(name).add_fault_from_now, fault))

    def clear(self, stream: str = "*") -> None:
        """End all faults, scheduled ones included."""
        for name in self._names(stream):
            self._call(self._camera(name).plan.clear)

    def stats(self, stream: str) -> CameraStats:
        """Return a copy of a camera's counts."""
        return self._call(lambda: self._camera(stream).snapshot())

    def now_s(self, stream: str) -> float:
        """Return a camera's time in seconds: modulo the clip's length, the place in the clip."""
        return self._camera(stream).now_s

    @property
    def turned_away(self) -> int:
        """Clients that came while there were too many."""
        return self._service.turned_away if self._service is not None else 0

    @property
    def lost_packets(self) -> int:
        """UDP packets that the system did not take."""
        return self._service.lost_packets if self._service is not None else 0

    def close(self) -> None:
        """Say good-bye to clients, close everything and wait for the thread; idempotent."""
        if self._thread is None:
            return
        if self._loop is not None and self._stopping is not None:
            with contextlib.suppress(RuntimeError):  # the loop has just ended by itself
                self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()
        self._thread = None

    def _camera(self, name: str) -> Camera:
        assert self._service is not None, "the server was not started"
        return self._service.cameras[name]

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
        """Run the service; in the server's thread."""
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        try:
            self._service = RtspService(
                self._clips, self._faults, self._guard, self._host, self._session_timeout_s
            )
        except OSError as error:
            listener.close()
            self._started.set_exception(error)
            return
        self._started.set_result(None)
        await self._service.run(listener, self._stopping)

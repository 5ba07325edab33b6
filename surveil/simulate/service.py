"""The RTSP service on its event loop: listens, accepts, tends connections, ends in order."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any

from surveil.errors import ConfigError, InUseError
from surveil.ports import describe_listener
from surveil.simulate.camera import Camera
from surveil.simulate.channel import UdpPorts
from surveil.simulate.clip import Clip
from surveil.simulate.connection import Connection
from surveil.simulate.digest import DigestGuard
from surveil.simulate.fault import Fault, ScheduledFault
from surveil.simulate.message import MAX_HEAD_BYTES
from surveil.simulate.resize import make_half_size

MAX_CONNECTIONS = 128
"""Clients at once; more are turned away."""

_TICK_S = 0.05
_GOODBYE_S = 0.5
"""What a client may take to read the rest of what was sent to it when the service ends."""
_BACKLOG = 64


class RtspService:
    """All cameras of one port. Made and used on one event loop.

    Args:
        clips: Name to what the camera shows.
        faults: Scheduled faults by the camera's name.
        guard: ``None`` lets everybody in.
        host: Address of the UDP sockets, and of the port after a time of refusal.
        timeout_s: Of sessions.

    Raises:
        OSError: No UDP ports are free.
    """

    def __init__(
        self,
        clips: Mapping[str, Clip],
        faults: Iterable[tuple[str, ScheduledFault]],
        guard: DigestGuard | None,
        host: str,
        timeout_s: int,
    ) -> None:
        self.cameras = {
            name: Camera(name, clip, resize=_half_size(clip), seed=seed)
            for seed, (name, clip) in enumerate(clips.items())
        }
        self.turned_away = 0
        self._resized: set[str] = set()
        for name, fault in faults:
            self.cameras[name].add_fault(fault)
            if fault.fault is Fault.RESIZE:
                self._resized.add(name)
        self._guard = guard
        self._host = host
        self._timeout_s = timeout_s
        self._udp = UdpPorts(host)
        self._connections: dict[Connection, asyncio.Task[None]] = {}

    async def run(self, listener: socket.socket, stopping: asyncio.Event) -> None:
        """Serve on a listening socket, which is closed in the end, until told to stop."""
        loop = asyncio.get_running_loop()
        jobs: list[Coroutine[Any, Any, None]] = [one.run() for one in self.cameras.values()]
        jobs += [self.cameras[name].prepare_resize() for name in self._resized]
        tasks = [asyncio.create_task(job) for job in (*jobs, self._tend(listener))]
        for one in self._udp.sockets:
            loop.add_reader(one.fileno(), self._receive, one)
        await stopping.wait()
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
        for one in self._udp.sockets:
            loop.remove_reader(one.fileno())
        self._udp.close()

    @property
    def lost_packets(self) -> int:
        """UDP packets that the system did not take."""
        return self._udp.lost

    async def _tend(self, listener: socket.socket) -> None:
        """Accept clients, close the port while all cameras refuse, end silent connections."""
        port = listener.getsockname()[1]
        server: asyncio.Server | None = await self._open(listener)
        try:
            while True:
                refuses = all(Fault.REFUSE in one.active() for one in self.cameras.values())
                if refuses and server is not None:
                    server.close()
                    server = None
                    for connection in list(self._connections):
                        connection.abort()
                elif not refuses and server is None:
                    with contextlib.suppress(InUseError):  # taken meanwhile: try at the next tick
                        server = await self._open(listen(self._host, port))
                now_s = time.monotonic()
                for connection in list(self._connections):
                    if connection.is_expired(now_s):
                        connection.abort()
                await asyncio.sleep(_TICK_S)
        finally:
            if server is not None:
                server.close()

    async def _open(self, listener: socket.socket) -> asyncio.Server:
        return await asyncio.start_server(self._accept, sock=listener, limit=MAX_HEAD_BYTES)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._connections) >= MAX_CONNECTIONS:
            self.turned_away += 1
            writer.transport.abort()
            return
        connection = Connection(
            reader, writer, self.cameras, self._guard, self._udp, self._timeout_s
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


def listen(host: str, port: int) -> socket.socket:
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

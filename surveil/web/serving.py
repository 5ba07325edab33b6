"""Serve the application with uvicorn: on a port that is bound before anything else begins."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ipaddress
import socket
from collections.abc import Callable, Coroutine, Iterator
from functools import partial
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from surveil.config.schema import Web
from surveil.errors import ConfigError, InUseError
from surveil.ports import describe_listener
from surveil.store.access import has_tokens, has_users
from surveil.store.engine import reading
from surveil.web.connections import Connection
from surveil.web.site import Site

Tend = Callable[[uvicorn.Server], Coroutine[None, None, None]]

MOST_CONNECTIONS = 512
END_S = 3
UNREAD_MS = 30_000
"""So long may what was sent lie unread before the connection is given up."""


def check_exposure(site: Site) -> None:
    """Refuse to serve beyond this machine what anybody there could read or listen to.

    Raises:
        ConfigError: There are neither users nor tokens, or there is no TLS.
        UnavailableError: SQL does not say whether there are users.
    """
    web = site.fleet.web
    if is_loopback(web.bind):
        return
    if not web.is_secure:
        raise ConfigError(
            f"web.bind: {web.bind} is beyond this machine, where passwords and timelines would go"
            " in the clear: set web.tls, or web.behind_proxy: true behind a proxy that brings TLS"
        )
    with reading(site.database) as connection:
        if not has_users(connection) and not has_tokens(connection, site.now()):
            raise ConfigError(
                f"web.bind: {web.bind} is beyond this machine, and nobody could log in there:"
                " add somebody with `surveil user add NAME --role viewer`, or keep 127.0.0.1"
            )


def is_loopback(host: str) -> bool:
    """Return whether an address is reached from this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def listen(web: Web) -> socket.socket:
    """Return a socket that listens.

    Raises:
        InUseError: The port belongs to another process, or cannot be had; the message says why.
    """
    family = socket.AF_INET6 if ":" in web.bind else socket.AF_INET
    try:
        sock = socket.create_server((web.bind, web.port), family=family, backlog=128)
    except OSError as error:
        place = f"web {web.bind}:{web.port}"
        if error.errno == errno.EADDRINUSE:
            owner = describe_listener(web.port)
            words = f"{place} is in use by {owner}; stop it, or set another web.port"
        else:
            words = f"{place}: {error.strerror or error}; set another web.bind or web.port"
        raise InUseError(words) from error
    # Accepted connections take it over: a client that takes nothing holds one no longer.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_MS)
    return sock


def address_of(web: Web, sock: socket.socket) -> str:
    """Return the URL under which a browser of this machine finds the dashboard."""
    port = sock.getsockname()[1]
    try:
        address = ipaddress.ip_address(web.bind)
    except ValueError:
        host = web.bind
    else:
        host = "localhost" if address.is_unspecified or address.is_loopback else str(address)
        host = f"[{host}]" if ":" in host else host
    return f"{'https' if web.tls else 'http'}://{host}:{port}"


def serve(app: FastAPI, web: Web, sock: socket.socket, tend: Tend) -> None:
    """Answer requests until the server is asked to end.

    Args:
        app: What answers.
        web: How it is served.
        sock: Where, from :func:`listen`.
        tend: Runs beside it in the same loop; sets ``should_exit`` when it is time to end.

    Raises:
        ConfigError: Certificate and key are not such files.
    """
    site: Site = app.state.site
    config = uvicorn.Config(
        app,
        http=partial(Connection, site.tally),  # type: ignore[arg-type]
        log_config=None,
        access_log=False,
        log_level="warning",
        server_header=False,
        ws="none",
        lifespan="off",
        proxy_headers=web.behind_proxy,
        forwarded_allow_ips="*" if web.behind_proxy else None,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=20,
        timeout_graceful_shutdown=END_S,
        h11_max_incomplete_event_size=16 * 1024,
        ssl_certfile=_file(web.tls.certificate) if web.tls else None,
        ssl_keyfile=_file(web.tls.key) if web.tls else None,
    )
    try:
        config.load()
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise ConfigError(f"web.tls: certificate and key do not load: {error}") from None
    asyncio.run(_serve(_Server(config), sock, tend))


async def _serve(
    server: uvicorn.Server,
    sock: socket.socket,
    tend: Tend,
) -> None:
    beside = asyncio.create_task(tend(server))
    try:
        await server.serve(sockets=[sock])
    finally:
        beside.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await beside


class _Server(uvicorn.Server):
    """A server that leaves signals to whoever runs it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _file(path: Path) -> str:
    if not path.is_file():
        raise ConfigError(f"web.tls: {path} is no file")
    return str(path)

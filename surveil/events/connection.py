"""Connections to Redis with explicit time-outs and no retries of their own.

redis-py repeats a command whose reply was lost, which turns one XADD into two, and its default
``socket_timeout`` of 5 s breaks longer blocking reads. Here every client has no retries, and the
caller says how long it may block.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from surveil.errors import ConfigError, UnavailableError

CONNECT_TIMEOUT_S = 3.0
REPLY_TIMEOUT_S = 5.0
_TLS_PATHS = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
_SCHEMES = ("redis", "rediss", "unix")


class EvictionPolicyError(UnavailableError):
    """The server may evict any key: it would delete the stream and its groups.

    Not an error of the configuration: what a server says may change while we run, and back.
    """


def connect(url: str, *, block_s: float = 0.0, name: str = "surveil") -> redis.Redis:
    """Return a client that has pinged its server once.

    Args:
        url: ``redis://[user:password@]host[:port][/db]``, ``rediss://…`` for TLS, or
            ``unix:///path/to.sock``. The query may hold ``ssl_ca_certs``, ``ssl_certfile`` and
            ``ssl_keyfile`` (paths) and ``db``.
        block_s: Longest blocking read meant for this client; added to the reply time-out. A
            blocking reader needs a client of its own.
        name: Shown by CLIENT LIST, where the server's ACL lets us set it.

    Raises:
        ConfigError: The URL is malformed; the message holds no credentials.
        UnavailableError: The server does not answer, or refuses user and password.
    """
    client = open_client(url, block_s=block_s, name=name)
    try:
        client.ping()
    except (redis.RedisError, OSError) as error:  # OSError: a TLS file cannot be read
        client.close()
        raise UnavailableError(f"Redis at {address_of(url)}: {explain(error)}") from None
    return client


def open_client(url: str, *, block_s: float = 0.0, name: str = "surveil") -> redis.Redis:
    """Return a client that connects at its first command; see :func:`connect`."""
    parts = _split(url)
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    unknown = set(query) - {*_TLS_PATHS, "db"}
    if unknown:
        raise ConfigError(f"Redis at {address_of(url)}: the URL's query has unknown parameters")
    database = query.pop("db", "" if parts.scheme == "unix" else parts.path.strip("/"))
    if database and not database.isdecimal():
        raise ConfigError(f"Redis at {address_of(url)}: the database is no number")
    target: dict[str, Any] = {"redis_connect_func": _greeting(name)}
    if parts.scheme == "unix":
        target |= {"unix_socket_path": unquote(parts.path)}
    else:
        target |= {"host": parts.hostname, "port": parts.port or 6379, "socket_keepalive": True}
    if parts.scheme == "rediss":
        target |= {"ssl": True, "ssl_cert_reqs": "required", "ssl_check_hostname": True, **query}
    return redis.Redis(
        **target,
        db=int(database or 0),
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        socket_connect_timeout=CONNECT_TIMEOUT_S,
        socket_timeout=REPLY_TIMEOUT_S + block_s,
        retry=Retry(NoBackoff(), 0),
        health_check_interval=0 if block_s else 15,
        protocol=2,  # one shape of replies, whatever redis-py's default
    )


def _greeting(name: str) -> Callable[[Any], None]:
    """Return what is said on a new connection: who we are only where CLIENT is allowed."""

    def greet(connection: Any) -> None:
        connection.on_connect()
        connection.send_command("CLIENT", "SETNAME", name)
        with suppress(redis.ResponseError):
            connection.read_response()

    return greet


def address_of(url: str) -> str:
    """Return where a URL points to, without user, password or query."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "(malformed URL)"
    if parts.scheme == "unix":
        return f"unix://{parts.path}"
    return f"{parts.scheme}://{parts.hostname or ''}{port}"


def explain(error: Exception) -> str:
    """Return what went wrong in words; redis-py's own texts hold no credentials."""
    if isinstance(error, redis.AuthenticationError):
        return "user or password refused"
    if isinstance(error, redis.exceptions.NoPermissionError):
        return f"the user may not do this ({error})"
    if isinstance(error, redis.TimeoutError):
        return "no answer in time"
    return str(error) or type(error).__name__


def check_eviction(client: redis.Redis) -> None:
    """Refuse a server that may evict keys without a time to live.

    Raises:
        EvictionPolicyError: ``maxmemory-policy`` is one of ``allkeys-*``.
        redis.ConnectionError: The server went away.
    """
    policy = ""
    with suppress(redis.ResponseError):  # an ACL may forbid INFO; the policy is then on trust
        policy = str(client.info("memory").get("maxmemory_policy", ""))
    if policy.startswith("allkeys"):
        raise EvictionPolicyError(
            f"Redis evicts any key when memory is short (maxmemory-policy {policy}), which would "
            "delete events nobody has stored yet: set it to noeviction"
        )


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ConfigError("the Redis URL is malformed") from None
    if parts.scheme not in _SCHEMES or not (parts.hostname or parts.scheme == "unix"):
        raise ConfigError("the Redis URL must be redis://host, rediss://host or unix:///path")
    if parts.scheme == "unix" and not parts.path:
        raise ConfigError("the Redis URL unix:// needs a path")
    return parts

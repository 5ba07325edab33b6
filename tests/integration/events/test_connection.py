"""Ways to a Redis server: TCP, TLS, users; and what an operator reads when there is none."""

from __future__ import annotations

import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from surveil.errors import ConfigError, UnavailableError
from surveil.events.connection import address_of, connect
from surveil.events.embedded import EmbeddedRedis

TLS = Path(__file__).parents[2] / "fixtures" / "tls"
PASSWORD = "p@ss/w:rd#?canary"
QUOTED = "p%40ss%2Fw%3Ard%23%3Fcanary"


def relay(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    finally:
        target.close()


@pytest.fixture
def tls_port(redis_server: EmbeddedRedis) -> Iterator[int]:
    """A TLS port before the server (the wheel's binary is built without TLS)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "cert.pem", TLS / "key.pem")

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            try:
                front = context.wrap_socket(self.request, server_side=True)
            except OSError:
                return
            back = socket.socket(socket.AF_UNIX)
            back.connect(str(redis_server.socket_path))
            threading.Thread(target=relay, args=(back, front), daemon=True).start()
            relay(front, back)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@pytest.fixture
def user(redis_server: EmbeddedRedis) -> Iterator[str]:
    """A user that may use surveil's keys and nothing else."""
    with connect(redis_server.url) as admin:
        admin.execute_command(
            *("ACL", "SETUSER", "watch", "on", f">{PASSWORD}", "~surveil:*", "+@all", "-@admin")
        )
        yield "watch"
        admin.execute_command("ACL", "DELUSER", "watch")


def test_tls_with_the_ca_given(tls_port: int) -> None:
    with connect(f"rediss://localhost:{tls_port}/0?ssl_ca_certs={TLS}/cert.pem") as client:
        assert client.ping()


def test_tls_with_a_certificate_nobody_vouches_for(tls_port: int) -> None:
    with pytest.raises(UnavailableError, match="certificate"):
        connect(f"rediss://localhost:{tls_port}")


def test_missing_ca_file_is_named(tls_port: int) -> None:
    with pytest.raises(UnavailableError):
        connect(f"rediss://localhost:{tls_port}?ssl_ca_certs=/nowhere/ca.pem")


def test_user_and_password(redis_server: EmbeddedRedis, user: str) -> None:
    url = f"unix://{user}:{QUOTED}@{redis_server.socket_path}"
    with connect(url) as client:
        assert client.xadd("surveil:events:0", {"v": "1"})


@pytest.mark.parametrize("password", ["wrong-canary", ""])
def test_wrong_password_is_said_without_showing_it(
    redis_server: EmbeddedRedis, user: str, password: str
) -> None:
    with pytest.raises(UnavailableError) as caught:
        connect(f"unix://{user}:{password}@{redis_server.socket_path}")
    assert "canary" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_nobody_listening_is_named_without_credentials() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        with pytest.raises(UnavailableError) as caught:
            connect(f"redis://user:{QUOTED}@127.0.0.1:{port}/0")
    assert f"127.0.0.1:{port}" in str(caught.value)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://host",
        "redis://",
        "redis://user:canary@host:port",
        "redis://user:canary@host/zero",
        "redis://host?canary=1",
        "unix://",
        "redis://[canary",
    ],
)
def test_malformed_url_is_a_configuration_error_that_shows_nothing(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        connect(url)
    assert "canary" not in str(caught.value)


def test_address_has_no_credentials() -> None:
    assert address_of("rediss://u:canary@host:1/2?ssl_keyfile=canary") == "rediss://host:1"
    assert address_of("unix://u:canary@/run/redis.sock") == "unix:///run/redis.sock"
    assert address_of("redis://[canary") == "(malformed URL)"

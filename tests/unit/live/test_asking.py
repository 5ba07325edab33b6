"""Asking a daemon over HTTP, and others that listen on its port."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from kit import statuses

from surveil.errors import UnavailableError
from surveil.live.asking import ask_status
from surveil.workers.host.endpoint import Endpoint

Serve = Callable[[bytes], int]


@pytest.fixture
def serve() -> Iterator[Serve]:
    with ExitStack() as stack:

        def start(body: bytes) -> int:
            endpoint = Endpoint(
                "127.0.0.1",
                0,
                metrics=lambda: b"",
                status=lambda: body,
                livez=lambda: (True, {}),
                readyz=lambda: (True, {}),
            )
            stack.callback(endpoint.close)
            return endpoint.port

        yield start


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0"])
def test_it_returns_what_the_daemon_tells(serve: Serve, host: str) -> None:
    told = statuses.daemon(statuses.camera())
    assert ask_status(host, serve(told.to_json())) == told


@pytest.mark.parametrize("body", [b"", b"{}", b"[1", b"\xff"])
def test_another_answer_is_named(serve: Serve, body: bytes) -> None:
    with pytest.raises(UnavailableError, match="is not a status"):
        ask_status("127.0.0.1", serve(body))


def test_nobody_there_is_named() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    with pytest.raises(UnavailableError, match=f"http 127.0.0.1:{port}: connection refused"):
        ask_status("127.0.0.1", port)


def test_one_that_says_nothing_is_not_waited_for() -> None:
    silent = socket.create_server(("127.0.0.1", 0))
    with silent, pytest.raises(UnavailableError, match="no answer in time"):
        ask_status("127.0.0.1", silent.getsockname()[1], timeout_s=0.2)


def test_one_that_speaks_no_http_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:

        def greet() -> None:
            with other.accept()[0] as client:
                client.sendall(b"220 mail.example.org ESMTP\r\n")

        thread = threading.Thread(target=greet)
        thread.start()
        with pytest.raises(UnavailableError, match="not HTTP"):
            ask_status("127.0.0.1", other.getsockname()[1])
        thread.join()

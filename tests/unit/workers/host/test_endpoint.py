"""The supervisor's port: what it answers, how much it bears, and what it says when it is taken."""

from __future__ import annotations

import json
import os
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from typing import Any

import pytest
from kit.waiting import until

from surveil.errors import InUseError
from surveil.workers.host.endpoint import MOST_CONNECTIONS, Endpoint


@pytest.fixture
def state() -> dict[str, Any]:
    return {"ready": False}


@pytest.fixture
def endpoint(state: dict[str, Any]) -> Iterator[Endpoint]:
    made = make(state)
    yield made
    made.close()


def make(state: dict[str, Any], port: int = 0, host: str = "127.0.0.1", **more: Any) -> Endpoint:
    return Endpoint(
        host,
        port,
        metrics=lambda: b"surveil_up 1\n",
        status=lambda: b"{}",
        livez=lambda: (True, {"loop_age_s": 0.1}),
        readyz=lambda: (state["ready"], {"waiting_for": {"inference": "importing"}}),
        **more,
    )


def get(endpoint: Endpoint, path: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{endpoint.port}{path}", timeout=30) as got:
            return got.status, got.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def test_it_answers_what_it_is_asked(endpoint: Endpoint, state: dict[str, Any]) -> None:
    assert get(endpoint, "/metrics") == (200, b"surveil_up 1\n")
    assert get(endpoint, "/livez?verbose")[0] == 200
    status, body = get(endpoint, "/readyz")
    assert (status, json.loads(body)) == (
        503,
        {"ok": False, "waiting_for": {"inference": "importing"}},
    )
    state["ready"] = True
    assert get(endpoint, "/readyz")[0] == 200
    assert get(endpoint, "/")[0] == 404


def test_silent_clients_take_few_threads_and_are_let_go(state: dict[str, Any]) -> None:
    before = threading.active_count()
    with (
        closing(make(state, most_connections=3, request_s=30.0, most_request_s=1.0)) as endpoint,
        ExitStack() as clients,
    ):
        for _ in range(20):
            client = socket.create_connection(("127.0.0.1", endpoint.port))
            clients.enter_context(client)
        # The server's own thread, and a client's with its timer for each of the three.
        assert threading.active_count() - before <= 1 + 2 * 3
        until(lambda: answers(endpoint), "an answer once the silent ones were let go")


def test_idle_clients_do_not_keep_a_probe_from_its_answer(state: dict[str, Any]) -> None:
    before = threading.active_count()
    # Nobody is let go for being late here: only a place given up can explain an answer.
    with (
        closing(make(state, request_s=600.0, most_request_s=600.0)) as endpoint,
        ExitStack() as clients,
    ):
        for _ in range(200):
            client = socket.create_connection(("127.0.0.1", endpoint.port))
            clients.enter_context(client)
        until(lambda: answers(endpoint), "an answer beside 200 idle clients")
        assert threading.active_count() - before <= 1 + 2 * MOST_CONNECTIONS


def test_a_client_whose_request_is_whole_keeps_its_place() -> None:
    asked, answer = threading.Event(), threading.Event()

    def metrics() -> bytes:
        asked.set()
        answer.wait(600.0)
        return b"surveil_up 1\n"

    def healthy() -> tuple[bool, dict[str, Any]]:
        return True, {}

    made = Endpoint(
        "127.0.0.1",
        0,
        metrics=metrics,
        status=bytes,
        livez=healthy,
        readyz=healthy,
        most_connections=2,
    )
    with closing(made) as endpoint, ThreadPoolExecutor(1) as pool, ExitStack() as clients:
        clients.callback(answer.set)
        scraped = pool.submit(get, endpoint, "/metrics")
        assert asked.wait(60.0)
        for _ in range(5):
            client = socket.create_connection(("127.0.0.1", endpoint.port))
            clients.enter_context(client)
        until(lambda: answers(endpoint), "an answer in the place of an idle client")
        answer.set()
        assert scraped.result(60.0) == (200, b"surveil_up 1\n")


def answers(endpoint: Endpoint) -> bool:
    try:
        return get(endpoint, "/livez")[0] == 200
    except OSError:
        return False


def test_a_client_that_drips_is_let_go(state: dict[str, Any]) -> None:
    with (
        closing(make(state, request_s=30.0, most_request_s=0.5)) as endpoint,
        socket.create_connection(("127.0.0.1", endpoint.port)) as client,
    ):
        client.sendall(b"GET /livez HTTP/1.1\r\nX: ")  # and never the end of it
        client.settimeout(60.0)
        assert client.recv(1) == b""


def test_a_port_in_use_names_its_owner_in_a_sentence(endpoint: Endpoint) -> None:
    with pytest.raises(InUseError) as caught:
        make({}, endpoint.port)
    said = str(caught.value)
    assert said.startswith(f"http 127.0.0.1:{endpoint.port} is in use by ")
    assert f" (pid {os.getpid()}); stop it" in said


def test_an_address_that_is_not_ours_is_named() -> None:
    with pytest.raises(InUseError, match=r"http 192\.0\.2\.1:0: .+; set another http.host"):
        make({}, host="192.0.2.1")

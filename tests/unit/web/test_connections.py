"""A connection that brings no whole request is closed; one that does is left alone."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from kit.web import Dashboard, serving

from surveil.web import connections
from surveil.web.tally import NoTally

LIMIT_S = 60.0
WHOLE = b"GET /static/surveil.css HTTP/1.1\r\nHost: localhost\r\n\r\n"


@dataclass
class _Counts(NoTally):
    counts: dict[str, int] = field(default_factory=dict)

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        if name == "web_connections_closed_total":
            self.counts[labels["cause"]] = self.counts.get(labels["cause"], 0) + int(amount)


@dataclass
class _Served:
    port: int
    counts: dict[str, int]

    def open(self, sends: bytes) -> socket.socket:
        """Return a connection on which something was sent."""
        client = socket.create_connection(("127.0.0.1", self.port), timeout=LIMIT_S)
        client.sendall(sends)
        return client


@pytest.fixture
def served(sqlite_dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch) -> Iterator[_Served]:
    """The dashboard on a port, with a limit of half a second."""
    monkeypatch.setattr(connections, "REQUEST_S", 0.5)
    tally = _Counts()
    sqlite_dashboard.site.tally = tally
    with serving(sqlite_dashboard) as port:
        yield _Served(port, tally.counts)


def _rest(client: socket.socket) -> bytes:
    """Return what comes until the server closes the connection."""
    found = b""
    try:
        while part := client.recv(65536):
            found += part
    except ConnectionResetError:
        pass
    return found


@pytest.mark.parametrize(
    ("sends", "cause"),
    [(b"", "silent"), (b"GET / HT", "slow"), (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ", "slow"),
     (b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nna", "slow")],
)  # fmt: skip
def test_what_is_no_whole_request_is_closed(served: _Served, sends: bytes, cause: str) -> None:
    with served.open(sends) as client:
        assert b" 200 " not in _rest(client)
    assert served.counts == {cause: 1}


def test_one_byte_after_an_answer_does_not_keep_a_connection(served: _Served) -> None:
    with served.open(WHOLE) as client:
        client.sendall(b"G")
        answers = _rest(client)
    assert answers.startswith(b"HTTP/1.1 200 OK")
    assert answers.count(b"HTTP/1.1") == 1
    assert served.counts == {"slow": 1}


def test_bytes_that_drip_do_not_prolong_it(served: _Served) -> None:
    with served.open(b"GET / HTTP/1.1\r\n") as client:
        client.settimeout(0.05)
        for _ in range(round(LIMIT_S / 0.05)):
            client.sendall(b"X-Slow: 1\r\n")
            try:
                assert client.recv(1) == b""
            except TimeoutError:
                continue
            except ConnectionError:
                pass
            break
    assert served.counts == {"slow": 1}

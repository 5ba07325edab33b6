"""A link is offered once, when there is a dashboard to open it."""

from __future__ import annotations

import socket
from pathlib import Path

from surveil.demo.dashboard import Link, free_port
from surveil.store.engine import connect
from surveil.store.upgrading import bring_up


def test_link_is_told_once_when_it_can_be_opened(tmp_path: Path) -> None:
    told: list[str] = []
    port = free_port()
    link = Link(tmp_path, port, told.append, page="/cameras/camera")
    link.offer()
    database = connect(f"sqlite:///{tmp_path / 'surveil.db'}")
    bring_up(database)
    database.dispose()
    link.offer()
    assert not told
    with socket.create_server(("127.0.0.1", port)):
        link.offer()
        link.offer()
    assert len(told) == 1
    assert told[0].startswith(f"http://localhost:{port}/open/")
    assert told[0].endswith("?then=/cameras/camera")

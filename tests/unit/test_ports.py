"""Who listens on a port."""

from __future__ import annotations

import os
import socket
import sys

import pytest

from surveil.ports import describe_listener


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_listener_is_named(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        server = socket.create_server((host, 0), family=family)
    except OSError:
        pytest.skip(f"no {host} on this machine")
    with server:
        assert describe_listener(server.getsockname()[1]).endswith(f"(pid {os.getpid()})")


def test_nobody_is_another_process() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert describe_listener(port) == "another process"

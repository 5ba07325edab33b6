"""What the service manager hears, on real datagram sockets."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from kit.service_manager import Manager

from surveil.workers.host.notify_socket import MOST_STATUS_BYTES, NotifySocket


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Manager]:
    kind = request.param
    one = Manager(str(tmp_path / "notify") if kind == "path" else f"@surveil-{uuid.uuid4()}")
    yield one
    one.sock.close()


def test_it_is_ready_once_and_the_watchdog_hears_in_time(manager: Manager) -> None:
    notify = NotifySocket(manager.name, watchdog_s=8.0)
    notify.turn(100.0, lambda: "0 of 3 workers ready")
    assert manager.heard() == ["READY=1", "STATUS=0 of 3 workers ready", "WATCHDOG=1"]
    notify.turn(101.9, lambda: "0 of 3 workers ready")
    assert manager.heard() == []
    notify.turn(102.0, lambda: "3 of 3 workers ready")
    assert manager.heard() == ["STATUS=3 of 3 workers ready", "WATCHDOG=1"]
    notify.turn(102.1, lambda: "2 of 3 workers ready")
    assert manager.heard() == []  # told with the next turn that is a second later
    notify.turn(103.1, lambda: "2 of 3 workers ready")
    assert manager.heard() == ["STATUS=2 of 3 workers ready"]
    notify.stopping("ending the workers")
    assert manager.heard() == ["STOPPING=1", "STATUS=ending the workers"]
    notify.close()
    notify.turn(110.0, lambda: "anything")
    notify.stopping("anything")
    assert manager.heard() == []


def test_what_was_not_heard_is_said_again(tmp_path: Path) -> None:
    name = str(tmp_path / "notify")
    notify = NotifySocket(name, watchdog_s=20.0)
    notify.turn(1.0, lambda: "up")  # nobody listens yet
    manager = Manager(name)
    notify.turn(1.1, lambda: "up")
    assert manager.heard() == ["READY=1", "STATUS=up", "WATCHDOG=1"]
    notify.close()
    manager.sock.close()


def test_a_status_is_one_line_of_bounded_length(tmp_path: Path) -> None:
    manager = Manager(str(tmp_path / "notify"))
    notify = NotifySocket(manager.name)
    notify.turn(1.0, lambda: "door\nREADY=1\x1b[2J" + "ü" * 1000)
    lines = manager.heard()
    assert lines[0] == "READY=1"
    assert len(lines) == 2
    assert lines[1].startswith("STATUS=door\\nREADY=1\\x1b[2Jü")
    assert len(lines[1].encode()) <= MOST_STATUS_BYTES + len("STATUS=")
    notify.close()
    manager.sock.close()


def test_the_variables_are_taken_from_the_environment(manager: Manager) -> None:
    environment = {
        "NOTIFY_SOCKET": manager.name,
        "WATCHDOG_USEC": "2000000",
        "WATCHDOG_PID": str(os.getpid()),
        "PATH": "/bin",
    }
    notify = NotifySocket.from_environment(environment)
    assert environment == {"PATH": "/bin"}
    notify.turn(1.0, lambda: "up")
    assert "WATCHDOG=1" in manager.heard()
    notify.turn(1.5, lambda: "up")
    assert manager.heard() == ["WATCHDOG=1"]
    notify.close()


@pytest.mark.parametrize(
    "more",
    [
        {"WATCHDOG_PID": "1", "WATCHDOG_USEC": "2000000"},
        {"WATCHDOG_USEC": "0"},
        {"WATCHDOG_USEC": "soon"},
        {},
    ],
)
def test_a_deadline_that_is_none_of_ours_is_not_kept(
    manager: Manager, more: dict[str, str]
) -> None:
    notify = NotifySocket.from_environment({"NOTIFY_SOCKET": manager.name, **more})
    notify.turn(1.0, lambda: "up")
    assert manager.heard() == ["READY=1", "STATUS=up"]
    notify.close()


@pytest.mark.parametrize("address", ["", "relative", "vsock:2:1"])
def test_an_address_of_another_kind_is_nobody(address: str) -> None:
    notify = NotifySocket.from_environment({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "1"})
    notify.turn(1.0, lambda: "up")
    notify.stopping("end")

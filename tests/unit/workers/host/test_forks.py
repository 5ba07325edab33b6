"""Workers by fork: they are what they would be as programs, and nothing depends on their parent."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from kit.waiting import until

from surveil.workers.host.control import encode
from surveil.workers.host.forks import MOST_FDS, UNKNOWN_CODE, ForkedWorker, ForkServer
from surveil.workers.host.process import worker_environment

PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


@pytest.fixture
def forks() -> Iterator[ForkServer]:
    server = ForkServer(("recorder",), worker_environment())
    yield server
    server.close()
    for started in Started.all:
        started.ours.close()
    Started.all.clear()


@pytest.fixture
def as_process_one() -> Iterator[None]:
    """Make this process the new parent of orphans, as the first process of a container is."""
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    assert prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
    yield
    assert prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0) == 0


class Started:
    """A worker that has begun and waits for its assignment."""

    all: ClassVar[list[Started]] = []

    def __init__(self, forks: ForkServer, name: str = "recorder", *more: int) -> None:
        self.ours, theirs = socket.socketpair()
        self.all.append(self)
        self.fds = (theirs.fileno(), *more)
        worker = forks.start("recorder", name, self.fds)
        theirs.close()
        assert worker is not None
        self.worker: ForkedWorker = worker
        until(lambda: worker.pid is not None, "a worker")
        assert worker.pid is not None
        self.pid = worker.pid

    def wait(self) -> int:
        until(lambda: self.worker.poll() is not None, "its end")
        code = self.worker.poll()
        assert code is not None
        return code


def test_it_is_shown_under_its_name_with_the_descriptors_it_was_given(forks: ForkServer) -> None:
    read, write = os.pipe()
    try:
        first, second = Started(forks, "recorder-0", write), Started(forks, "recorder-1")
        proc = Path(f"/proc/{first.pid}")
        words = ["surveil.workers.child", "recorder", "recorder-0", str(first.fds[0])]
        until(lambda: words[0] in (proc / "cmdline").read_text(), "its command line")
        assert (proc / "cmdline").read_text().rstrip("\0").split("\0")[-4:] == words
        assert {int(path.name) for path in (proc / "fd").iterdir()} == {0, 1, 2, *first.fds}
        assert (proc / "fd" / str(write)).stat().st_ino == os.fstat(write).st_ino
        assert (proc / "stat").read_text().split()[3] == str(forks.pid)
        assert len(list((proc / "task").iterdir())) == 1
    finally:
        os.close(read)
        os.close(write)
    first.ours.close()  # the end of its supervisor
    assert first.wait() == 1
    assert second.worker.poll() is None


def test_the_signal_that_ended_it_is_told(forks: ForkServer) -> None:
    started = Started(forks)
    started.worker.kill()
    assert started.wait() == -signal.SIGKILL


def test_an_assignment_that_means_nothing_ends_it_with_a_trace(forks: ForkServer) -> None:
    started = Started(forks)
    started.ours.send(encode({"fleet": "none"}))
    assert started.wait() == 1


def test_workers_go_on_without_their_parent_and_others_are_started_as_programs(
    forks: ForkServer,
) -> None:
    started = Started(forks)
    assert forks.pid is not None
    os.kill(forks.pid, signal.SIGKILL)
    until(lambda: started.worker.poll() is None and not forks.is_alive, "the loss")
    assert forks.start("recorder", "recorder", (0,)) is None  # soon after it began
    os.kill(started.pid, 0)
    started.worker.kill()
    assert started.wait() == UNKNOWN_CODE


def test_the_end_of_an_orphan_is_seen_while_another_fork_server_lives(
    forks: ForkServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("surveil.workers.host.forks.STABLE_S", 0.0)
    orphan = Started(forks)
    assert forks.pid is not None
    os.kill(forks.pid, signal.SIGKILL)
    until(lambda: orphan.worker.poll() is None and not forks.is_alive, "the loss")
    second = Started(forks)
    assert forks.is_alive
    orphan.worker.kill()
    assert orphan.wait() == UNKNOWN_CODE
    assert second.worker.poll() is None


def test_the_first_process_of_a_container_reaps_orphans(
    forks: ForkServer, as_process_one: None
) -> None:
    killed, ended = Started(forks, "a"), Started(forks, "b")
    assert forks.pid is not None
    os.kill(forks.pid, signal.SIGKILL)
    until(lambda: killed.worker.poll() is None and not forks.is_alive, "the loss")
    killed.worker.kill()
    ended.ours.close()
    assert killed.wait() == -signal.SIGKILL
    assert ended.wait() == 1
    for one in (killed, ended):
        assert not Path(f"/proc/{one.pid}").exists()


def test_one_that_is_not_started_in_time_ends_its_parent(forks: ForkServer) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        worker = forks.start("recorder", "recorder", (theirs.fileno(),))
    assert worker is not None
    worker.kill()  # while modules are still being imported
    assert worker.poll() == UNKNOWN_CODE
    assert not forks.is_alive


def test_more_descriptors_than_a_message_holds_are_left_to_a_program(forks: ForkServer) -> None:
    assert forks.start("recorder", "recorder", (0,) * (MOST_FDS + 1)) is None


def test_the_line_to_the_supervisor_is_not_inherited(forks: ForkServer) -> None:
    started = Started(forks)
    forks.close()  # as a supervisor that ends
    started.ours.close()
    until(lambda: not Path(f"/proc/{started.pid}").exists(), "the end of the worker")

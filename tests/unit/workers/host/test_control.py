"""Messages survive any cut of the byte stream; a broken promise silences a worker."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveil.workers.host.control import MessageBuffer, MessageTooLongError, SocketLifeline, encode


@given(st.lists(st.dictionaries(st.text(max_size=5), st.integers()), max_size=5), st.data())
def test_messages_are_found_whatever_the_cuts(
    messages: list[dict[str, int]], data: st.DataObject
) -> None:
    stream = b"".join(encode(m) for m in messages)
    buffer, found = MessageBuffer(), []
    while stream:
        cut = data.draw(st.integers(1, len(stream)))
        found += buffer.feed(stream[:cut])
        stream = stream[cut:]
    assert found == messages


def test_an_endless_message_is_refused() -> None:
    with pytest.raises(MessageTooLongError):
        MessageBuffer(max_bytes=10).feed(b"x" * 11)


def _ask(ours: socket.socket, message: dict[str, object]) -> None:
    ours.sendall(encode(message))


@contextlib.contextmanager
def _line() -> Iterator[tuple[socket.socket, SocketLifeline]]:
    """A lifeline that has its assignment, and the supervisor's end of it."""
    ours, theirs = socket.socketpair()
    lifeline = SocketLifeline(theirs)
    with ours, contextlib.closing(lifeline):
        ours.settimeout(30.0)
        _ask(ours, {"hello": 1})
        assert lifeline.receive_assignment() == {"hello": 1}
        yield ours, lifeline


class _Ear:
    """Reads what a worker says, one message at a time."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock, self._buffer = sock, MessageBuffer()
        self._messages: list[dict[str, Any]] = []

    def next(self) -> dict[str, Any]:
        while not self._messages:
            self._messages += self._buffer.feed(self._sock.recv(65536))
        return self._messages.pop(0)


def test_a_pong_carries_what_is_left_of_the_promise_and_what_is_done() -> None:
    with _line() as (ours, lifeline):
        ear = _Ear(ours)
        lifeline.start()
        first = ear.next()
        assert (first["doing"], first["ready"]) == ("importing", False)
        assert first["promise"] > 60
        lifeline.telemetry.count("things_total", 2, kind="a")
        lifeline.ready()
        lifeline.beat(30.0, "waiting for Redis")
        assert ear.next()["doing"] == "waiting for Redis"  # at once, since it is much less
        _ask(ours, {"ping": 1})
        pong = ear.next()
        assert 0 < pong.pop("promise") <= 30
        assert pong == {
            "pong": 1,
            "doing": "waiting for Redis",
            "ready": True,
            "samples": [["things_total", {"kind": "a"}, 2.0]],
        }
        lifeline.ready(False, "waiting for redis")
        lifeline.beat(30.0, "analysing a batch")
        _ask(ours, {"ping": 2})
        pong = ear.next()
        assert (pong["doing"], pong["ready"]) == ("waiting for redis", False)


def test_a_longer_promise_is_sent_before_the_work_begins_that_may_let_no_thread_answer() -> None:
    with _line() as (ours, lifeline):
        ear = _Ear(ours)
        lifeline.beat(5.0)
        assert ear.next()["promise"] > 4
        lifeline.beat(5.1)  # nothing that the supervisor does not know already
        lifeline.beat(120.0, "loading the model")
        said = ear.next()
        assert said["doing"] == "loading the model"
        assert said["promise"] > 110


def test_a_broken_promise_silences_a_worker() -> None:
    with _line() as (ours, lifeline):
        ear = _Ear(ours)
        lifeline.start()
        ear.next()
        lifeline.beat(-1.0)
        assert ear.next()["promise"] == 0
        _ask(ours, {"ping": 1})
        _ask(ours, {"stop": True})
        assert lifeline.stopping.wait(30.0)  # it has read both
        lifeline.fatal("the end", 3)
        assert ear.next() == {"fatal": "the end", "code": 3}


def test_a_dead_thread_is_told_of() -> None:
    with _line() as (ours, lifeline):
        ear = _Ear(ours)
        lifeline.start()
        ear.next()
        thread = threading.Thread(target=lambda: None, name="publisher")
        thread.start()
        thread.join()
        lifeline.watch(thread)
        _ask(ours, {"ping": 1})
        assert "publisher" in ear.next()["broken"]


def test_a_line_that_speaks_nonsense_ends_the_worker() -> None:
    with _line() as (ours, lifeline):
        lifeline.start()
        ours.sendall(b"nonsense\n")
        assert lifeline.stopping.wait(30.0)
        lifeline.close()


def test_a_stop_that_arrives_with_the_assignment_is_not_lost() -> None:
    ours, theirs = socket.socketpair()
    lifeline = SocketLifeline(theirs)
    with ours, contextlib.closing(lifeline):
        ours.sendall(encode({"role": "x"}) + encode({"stop": True}))
        lifeline.receive_assignment()
        lifeline.start()
        assert lifeline.stopping.wait(5.0)


def test_a_supervisor_that_vanishes_before_the_assignment_is_an_error() -> None:
    ours, theirs = socket.socketpair()
    ours.close()
    with pytest.raises(ConnectionError, match="closed the line"):
        SocketLifeline(theirs).receive_assignment()
    theirs.close()

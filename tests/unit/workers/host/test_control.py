"""Messages survive any cut of the byte stream; a broken promise silences a worker."""

from __future__ import annotations

import contextlib
import socket
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveil.workers.host import control
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


def test_an_endless_message_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "MAX_MESSAGE_BYTES", 10)
    with pytest.raises(MessageTooLongError):
        MessageBuffer().feed(b"x" * 11)


def _ask(ours: socket.socket, message: dict[str, object]) -> None:
    ours.sendall(encode(message))


def _reply(ours: socket.socket, timeout_s: float) -> bytes:
    ours.settimeout(timeout_s)
    try:
        return ours.recv(65536)
    except TimeoutError:
        return b""


def test_pings_are_answered_until_a_promise_is_broken() -> None:
    ours, theirs = socket.socketpair()
    lifeline = SocketLifeline(theirs)
    with ours, contextlib.closing(lifeline):
        _ask(ours, {"hello": 1})
        assert lifeline.receive_assignment() == {"hello": 1}
        lifeline.start()
        lifeline.telemetry.count("things_total", 2, kind="a")
        lifeline.ready()
        lifeline.beat(30.0)
        _ask(ours, {"ping": 1})
        (pong,) = MessageBuffer().feed(_reply(ours, 5.0))
        assert pong == {"pong": 1, "ready": True, "samples": [["things_total", {"kind": "a"}, 2.0]]}
        lifeline.beat(0.0)
        deadline = time.monotonic() + 5.0
        while time.monotonic() <= deadline:
            _ask(ours, {"ping": 2})
            if not _reply(ours, 0.2):
                break
        else:
            pytest.fail("a worker with a broken promise still answers")


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

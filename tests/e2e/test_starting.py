"""A worker whose imports hold the interpreter's lock is waited for, and said to be waited for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kit.daemons import MEDIA, Daemon
from kit.waiting import until

from surveil.simulate import RtspServer

HELD_S = 8
"""Longer than a worker may be silent once it is ready."""

HOOK = """
import ctypes, sys

class SlowImport:
    def find_spec(self, name, path=None, target=None):
        if name == "openvino":
            sys.meta_path.remove(self)
            ctypes.PyDLL(None).sleep({held_s})  # PyDLL keeps the interpreter's lock

sys.meta_path.insert(0, SlowImport())
"""


@pytest.fixture
def server() -> Iterator[RtspServer]:
    clips = sorted(MEDIA.glob("*.mp4"))
    with RtspServer({"lobby": clips[0], "door": clips[1]}) as server:
        yield server


@pytest.mark.timeout(400)
def test_an_import_that_holds_the_lock_is_no_hang(
    run_surveil: Callable[..., Daemon],
    server: RtspServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "sitecustomize.py").write_text(HOOK.format(held_s=HELD_S), encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(hooks))
    daemon = run_surveil({name: {"source": server.url(name)} for name in ("lobby", "door")})
    body = until(lambda: _waiting(daemon), "the imports")
    assert "inference" in body["waiting_for"]
    until(lambda: daemon.http("/readyz")[0] == 200, "ready", limit_s=300.0)
    query = "SELECT DISTINCT camera_id FROM interval WHERE analysed > 0"
    until(lambda: len(daemon.sql(query)) == 2, "intervals of both cameras")
    assert daemon.end() == 0
    events = [line["event"] for line in daemon.lines()]
    assert "worker.hung" not in events
    assert "worker.lost" not in events
    said = [line for line in daemon.lines() if line["event"] == "supervisor.waiting"]
    assert any("inference" in line["waiting_for"] for line in said)


def _waiting(daemon: Daemon) -> dict[str, object] | None:
    status, body = daemon.http("/readyz")
    answer: dict[str, object] = json.loads(body)
    return answer if status == 503 and answer.get("waiting_for") else None

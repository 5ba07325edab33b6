"""When a lost worker is started again."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from kit.waiting import until

from surveil.backoff import STABLE_S
from surveil.secrets import Secret
from surveil.workers.host.process import WorkerProcess, WorkerSpec, worker_environment


def lost(*, was_ready: bool, lived_s: float) -> float:
    """Return the delay after a worker that lived so long is lost."""
    worker = WorkerProcess(
        WorkerSpec("idle", "capture", dict, command=("sleep", "0"))  # knows no role: ends at once
    )
    worker.start()
    began = time.monotonic()
    worker.liveness.hear(began, 5.0, "working", is_ready=was_ready)
    while worker.reap() is None:
        time.sleep(0.01)
    return worker.restart_delay_s(began + lived_s)


def test_one_that_did_its_job_for_long_is_started_at_once() -> None:
    assert [lost(was_ready=True, lived_s=STABLE_S + 1) for _ in range(5)] == [0.0] * 5


def test_others_wait_a_while_that_is_drawn() -> None:
    for was_ready, lived_s in ((False, STABLE_S + 1), (True, 1.0)):
        delays = [lost(was_ready=was_ready, lived_s=lived_s) for _ in range(5)]
        assert all(0 <= delay <= 0.5 for delay in delays)
        assert any(delays)


def is_taken_in(command: Sequence[str]) -> bool:
    """Return whether a worker of this command ran what lies in the working directory."""
    worker = WorkerProcess(WorkerSpec("w", "capture", dict, command=command))  # ends: no fleet
    worker.start()
    until(lambda: worker.reap() is not None, "the end of a worker that was told nothing")
    return Path("taken-in").exists()


def test_a_worker_imports_nothing_from_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "surveil/workers"
    folder.mkdir(parents=True)
    for file in (folder.parent / "__init__.py", folder / "__init__.py", folder / "child.py"):
        file.write_text("import pathlib\npathlib.Path('taken-in').touch()\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    command = WorkerSpec("w", "capture", dict).command
    assert not is_taken_in(command)
    assert is_taken_in([part for part in command if part != "-P"])  # or this would prove nothing


def test_secrets_are_not_handed_on_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    password = Secret("correct-horse-of-the-lobby").reveal()
    monkeypatch.setenv("LOBBY_PASSWORD", password)
    monkeypatch.setenv("LOBBY_URL", f"rtsp://admin:{password}@10.0.0.5/stream")
    monkeypatch.setenv("HOME_OF_SURVEIL", "/srv/surveil")
    handed_on = worker_environment()
    assert not {"LOBBY_PASSWORD", "LOBBY_URL"} & set(handed_on)
    assert handed_on["HOME_OF_SURVEIL"] == "/srv/surveil"

"""Run alerters that kill themselves at a commit, one after the other, each a fork of this process.

A fork has everything imported already, so hundreds can be killed in minutes. Each line of standard
input is a plan: ``{"at": 3, "after": true, "limit_s": 20}`` ends an alerter just after its third
commit that wrote something, and without ``after`` just before it. Each line of standard output says
what was being committed, or ``idle`` where the limit came first.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa

import surveil.notify.webhook  # imported once for all forks
from surveil.config import Fleet, load_fleet
from surveil.secrets import SecretUrl
from surveil.store.engine import connect
from surveil.workers.alerting import alerter
from surveil.workers.host.lifeline import LocalLifeline

WRITES = ("INSERT", "UPDATE", "DELETE")


class Killer:
    """Counts the commits of all engines that wrote something, and ends the process at one."""

    def __init__(self, plan: dict[str, Any], report: int) -> None:
        self._left = plan["at"]
        self._is_after = plan["after"]
        self._report = report
        self._lock = threading.Lock()
        self._statements: dict[int, list[str]] = {}

    def connect(self, url: str) -> sa.Engine:
        """Return an engine as the alerter makes it, watched."""
        engine = connect(url)
        sa.event.listen(engine, "before_cursor_execute", self._note)
        commit = engine.dialect.do_commit

        def do_commit(connection: Any) -> None:
            raw = getattr(connection, "dbapi_connection", connection)
            kind = _kind_of(self._statements.pop(id(raw), []))
            if not kind:
                commit(connection)
                return
            with self._lock:  # no commit of another thread while this one may be the last
                self._left -= 1
                if self._left == 0 and not self._is_after:
                    self._end(kind)
                commit(connection)
                if self._left == 0:
                    self._end(kind)

        engine.dialect.do_commit = do_commit  # type: ignore[assignment,method-assign]
        return engine

    def _note(self, _c: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.lstrip().startswith(WRITES):
            self._statements.setdefault(id(cursor.connection), []).append(statement)

    def _end(self, kind: str) -> None:
        os.write(self._report, kind.encode())
        os.kill(os.getpid(), signal.SIGKILL)


def _kind_of(statements: list[str]) -> str:
    text = "\n".join(statements)
    if "INSERT INTO alert_transition" in text:
        return "steps"
    if "INSERT INTO outbox" in text:
        return "group"
    if "UPDATE outbox" in text:
        return "settled"
    return "progress" if statements else ""


def run_one(fleet: Fleet, plan: dict[str, Any]) -> str:
    """Fork an alerter and wait for its end; return at what commit that was."""
    heard, report = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(heard)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # answers alone go to standard output
        killer = Killer(plan, report)
        alerter.connect = killer.connect  # type: ignore[assignment,attr-defined]
        code = alerter.run(fleet, LocalLifeline())
        os._exit(code or 1)  # it was to be killed
    os.close(report)
    deadline = time.monotonic() + plan["limit_s"]
    while os.waitpid(pid, os.WNOHANG) == (0, 0):
        if time.monotonic() >= deadline:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            break
        time.sleep(0.01)
    kind = os.read(heard, 100).decode()
    os.close(heard)
    return kind or "idle"


def main() -> None:
    """Carry out the plans."""
    path, database_url = sys.argv[1:]
    assert surveil.notify.webhook
    fleet = load_fleet(Path(path)).model_copy(update={"database": SecretUrl(database_url)})
    for line in sys.stdin:
        sys.stdout.write(run_one(fleet, json.loads(line)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

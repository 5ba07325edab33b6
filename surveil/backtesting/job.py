"""One rule tested on history in a process of its own, which can be watched and stopped.

The process is handed its task as a line of JSON on its standard input, since the database's URL
may hold credentials, and answers in such lines. It ends with whoever holds the other end.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from surveil.backtesting.backtest import load_told, run_backtest
from surveil.backtesting.sieve import Span
from surveil.backtesting.summary import RuleSum, sum_up
from surveil.errors import SurveilError
from surveil.rules.model import Rule
from surveil.store.engine import connect
from surveil.store.scope import Scope

NICENESS = 10
"""What serves requests, and what watches, comes first."""


@dataclass(frozen=True, slots=True)
class Task:
    """What is tested.

    Attributes:
        url: Of the database.
        rule: Which.
        cameras: Labels by id, of those that may be looked at.
        sees_all: Whether that is all there are, so that alerts of a whole site may be seen.
        span: When.
    """

    url: str
    rule: Rule
    cameras: Mapping[str, Mapping[str, str]]
    sees_all: bool
    span: Span

    def to_json(self) -> str:
        """Return it as one line."""
        span = self.span
        told = {
            "url": self.url,
            "rule": self.rule.model_dump(mode="json", by_alias=True, exclude_none=True),
            "cameras": {id_: dict(labels) for id_, labels in self.cameras.items()},
            "sees_all": self.sees_all,
            "from_at": span.from_at.isoformat(),
            "until_at": span.until_at.isoformat(),
            "interval_s": span.interval_s,
            "lateness_s": span.lateness_s,
        }
        return json.dumps(told) + "\n"

    @classmethod
    def from_json(cls, line: str) -> Task:
        """Return what :meth:`to_json` was called of."""
        told = json.loads(line)
        from_at, until_at = (datetime.fromisoformat(told[key]) for key in ("from_at", "until_at"))
        return cls(
            url=told["url"],
            rule=Rule.model_validate(told["rule"]),
            cameras=told["cameras"],
            sees_all=told["sees_all"],
            span=Span(from_at, until_at, told["interval_s"], told["lateness_s"]),
        )


class Job:
    """A test that runs, or has run.

    Args:
        task: What.
        most_s: Seconds after which it is stopped.

    Attributes:
        done: Which part of it, 0..1.
        found: What the rule would have done; None before the end, and after a failure.
        failure: Why there is nothing found; empty for no reason.
    """

    def __init__(self, task: Task, most_s: float) -> None:
        self.done = 0.0
        self.found: RuleSum | None = None
        self.failure = ""
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._stopper = threading.Timer(most_s, self.stop, [f"it took longer than {most_s:g} s"])
        self._stopper.daemon = True
        self._stopper.start()
        self._follower = threading.Thread(target=self._follow, args=(task,), daemon=True)
        self._follower.start()

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come."""
        return not self._follower.is_alive()

    def stop(self, why: str = "it was stopped") -> None:
        """End it; nothing if it is over."""
        if not self.is_over:
            self.failure = why
            self._process.kill()

    def wait(self, most_s: float) -> bool:
        """Wait for its end; return whether that came."""
        self._follower.join(most_s)
        return self.is_over

    def _follow(self, task: Task) -> None:
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        with process:
            with suppress(BrokenPipeError):
                process.stdin.write(task.to_json())
                process.stdin.flush()
            for line in process.stdout:
                told = json.loads(line)
                self.done = told.get("done", self.done)
                self.failure = self.failure or told.get("failure", "")
                if "found" in told:
                    self.found = RuleSum(**told["found"])
                    break
        self._stopper.cancel()
        if self.found is None and not self.failure:
            self.failure = f"its process ended with exit code {process.returncode}"


def main() -> None:
    """Do what the standard input says."""
    task = Task.from_json(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.nice(NICENESS)
    try:
        _tell(found=asdict(_replay(task)))
    except SurveilError as error:
        _tell(failure=str(error))


def _replay(task: Task) -> RuleSum:
    result = run_backtest(
        task.url,
        [task.rule],
        task.cameras,
        task.span,
        processes=1,
        report=lambda done: _tell(done=done),
    )
    database = connect(task.url, create=False, statement_timeout_s=None)
    try:
        scope = Scope.all() if task.sees_all else Scope.only(task.cameras)
        told = load_told(database, scope, task.span)
    finally:
        database.dispose()
    return sum_up([task.rule.name], result.firings, told)[task.rule.name]


def _tell(**told: Any) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


def _end_with_parent() -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()

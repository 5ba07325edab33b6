"""Replay rules over SQL history on several cores."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace

from surveil.backtesting.replaying import Replay
from surveil.backtesting.shards import Shard, divide
from surveil.backtesting.sieve import Span
from surveil.backtesting.summary import Firing, Told, firings_of
from surveil.rules.model import Rule
from surveil.store.engine import Database, connect, reading
from surveil.store.reading.alerts import load_fired_within
from surveil.store.reading.minutes import first_word_at
from surveil.store.scope import Scope

MAX_PROCESSES = 16
MOST_TOLD = 20_000


@dataclass(frozen=True, slots=True)
class Backtest:
    """What a replay gave.

    Attributes:
        firings: What would have fired.
        events: How many events were read.
    """

    firings: list[Firing]
    events: int


@dataclass(frozen=True, slots=True)
class _Task:
    """One part, as it is handed to a process of our own."""

    url: str
    shard: Shard
    labels: Mapping[str, Mapping[str, str]]
    span: Span

    @property
    def size(self) -> int:
        return self.span.length_s * len(self.shard.cameras)


def run_backtest(
    url: str,
    rules: Sequence[Rule],
    cameras: Mapping[str, Mapping[str, str]],
    span: Span,
    *,
    processes: int | None = None,
    report: Callable[[float], None] = lambda fraction: None,
) -> Backtest:
    """Replay rules.

    Args:
        url: Of the database; may hold credentials.
        rules: With distinct names.
        cameras: Labels by id.
        span: When, and how.
        processes: How many at once; by default as many as there are cores to be had.
        report: Called with the part that is done, 0..1.
    """
    database = connect(url, create=False, statement_timeout_s=None)
    try:
        with reading(database) as connection:
            ready_at = first_word_at(connection, Scope.only(cameras), span.from_at, span.until_at)
    finally:
        database.dispose()
    span = replace(span, ready_at=ready_at)
    tasks = [
        _Task(url, shard, {id_: dict(cameras[id_]) for id_ in shard.cameras}, span)
        for shard in divide(rules, cameras)
    ]
    # The largest first, so that no core waits for it in the end.
    tasks.sort(key=lambda task: -task.size)
    total = max(1, sum(task.size for task in tasks))
    count = min(processes or len(os.sched_getaffinity(0)), len(tasks), MAX_PROCESSES)
    if count <= 1:
        return _run_here(tasks, total, report)
    found, events, done = list[Firing](), 0, 0
    with ProcessPoolExecutor(count, multiprocessing.get_context("spawn")) as pool:
        futures = {pool.submit(_run, task): task for task in tasks}
        for future in as_completed(futures):
            firings, read = future.result()
            found += firings
            events += read
            done += futures[future].size
            report(done / total)
    return Backtest(found, events)


def load_told(database: Database, scope: Scope, span: Span) -> list[Told]:
    """Return what really fired in a span, of at most ``MOST_TOLD`` alerts."""
    with reading(database) as connection:
        rows = load_fired_within(connection, scope, span.from_at, span.until_at, limit=MOST_TOLD)
    return [
        Told(row.rule, row.key, row.fired_at, row.resolved_at or span.until_at, row.verdict)
        for row in rows
        if row.fired_at is not None
    ]


def _run_here(tasks: Sequence[_Task], total: int, report: Callable[[float], None]) -> Backtest:
    found, events, done = list[Firing](), 0, 0
    for task in tasks:

        def tell(seconds: int, task: _Task = task) -> None:
            nonlocal done
            done += seconds * len(task.shard.cameras)
            report(min(1.0, done / total))

        firings, read = _run(task, tell)
        found += firings
        events += read
    return Backtest(found, events)


def _run(
    task: _Task, report: Callable[[int], None] = lambda seconds: None
) -> tuple[list[Firing], int]:
    database = connect(task.url, create=False, statement_timeout_s=None)
    try:
        replay = Replay(database, task.shard, task.labels, task.span, report)
        return list(firings_of(replay.run(), task.span.until_at)), replay.events
    finally:
        database.dispose()

"""How fast rules are replayed over a long history."""

from __future__ import annotations

import os
import resource
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from surveil.backtesting.backtest import run_backtest
from surveil.backtesting.sieve import Span
from surveil.measuring.report import Figure, Report
from surveil.rules.engine import lateness_of
from surveil.rules.model import Rule
from surveil.store import migrate
from surveil.store.engine import connect, writing
from surveil.store.made_history import make_history

FROM_AT = datetime(2026, 1, 5, tzinfo=UTC)
FIGURES = (
    Figure("rules", "rules"),
    Figure("wall_s", "s", 1),
    Figure("cpu_s", "cpu s", 1),
    Figure("events", "events read", 0),
    Figure("read_share", "of all", 3),
    Figure("firings", "firings", 0),
    Figure("peak_mib", "MiB a process", 0),
)
NOTES = (
    "cpu s is the processor time of all processes; what is not read was shown by the sums of the "
    "minutes to set off nothing. By day somebody is in the picture for a third of the time.",
)
RULES: dict[str, dict[str, Any]] = {
    "crowd-anger": {
        "when": [
            {
                "share": {"emotion": "angry", "over": "30s", "min_confidence": 0.5},
                "above": 0.4,
                "clear_below": 0.3,
            },
            {"faces": {"over": "30s"}, "at_least": 3},
        ],
        "for": "10s",
        "keep_firing_for": "30s",
    },
    "camera-blind": {"when": [{"health": "camera", "silent_for": "15s"}]},
    "inference-away": {"by": "site", "when": [{"health": "inference", "silent_for": "60s"}]},
    "joy": {
        "when": [{"share": {"emotion": "happy", "over": "30s"}, "above": 0.6}],
        "for": "5s",
    },
}
SETS = {
    "shipped": ("crowd-anger", "camera-blind", "inference-away"),
    "and joy, which is common": tuple(RULES),
}


def measure_backtest(cameras: int, days: int, processes: int) -> Report:
    """Make a history, and replay the rules over it."""
    with tempfile.TemporaryDirectory(prefix="surveil-bench-") as folder:
        url = f"sqlite:///{folder}/history.db"
        names = [f"camera-{number:03}" for number in range(cameras)]
        rows = _fill(url, names, days)
        until_at = FROM_AT + timedelta(days=days)
        span = Span(FROM_AT, until_at, 1.0, lateness_of(1.0))
        found = [_measure(url, label, names, span, processes) for label in SETS]
        size = sum(file.stat().st_size for file in Path(folder).iterdir())
    return Report(
        name="backtest",
        settings={
            "cameras": cameras,
            "days": days,
            "processes": processes,
            "rows": rows,
            "database_mib": size >> 20,
        },
        figures=FIGURES,
        rows=found,
        notes=NOTES,
    )


def _fill(url: str, names: list[str], days: int) -> int:
    database = connect(url)
    try:
        migrate.upgrade(database)
        with writing(database) as connection:
            return sum(make_history(connection, names, FROM_AT, days))
    finally:
        database.dispose()


def _measure(url: str, label: str, names: list[str], span: Span, processes: int) -> dict[str, Any]:
    rules = [Rule.model_validate({"name": name, **RULES[name]}) for name in SETS[label]]
    wall_s, cpu_s = time.perf_counter(), _cpu_s()
    result = run_backtest(url, rules, {name: {} for name in names}, span, processes=processes)
    wall_s, cpu_s = time.perf_counter() - wall_s, _cpu_s() - cpu_s
    total = len(names) * (span.until_at - span.from_at).total_seconds()
    return {
        "rules": label,
        "wall_s": wall_s,
        "cpu_s": cpu_s,
        "events": result.events,
        "read_share": result.events / total,
        "firings": len(result.firings),
        "peak_mib": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
    }


def _cpu_s() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system

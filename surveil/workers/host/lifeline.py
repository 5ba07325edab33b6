"""What a worker process knows of its supervisor.

Each worker module has ``def run(fleet: Fleet, lifeline: Lifeline, ...) -> int``: it loops until
``lifeline.stopping`` is set, drains within ``DRAIN_S`` and returns an exit code. It calls
:meth:`Lifeline.beat` at least as often as it promised with the last beat, and says what it does
meanwhile; a worker that breaks its promise falls silent, and is killed and replaced from outside.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Sequence
from typing import Protocol

DRAIN_S = 8.0
"""Seconds a worker may take to end once asked; the supervisor kills at 10."""

LOADING_ALLOW_S = 300.0
"""What each step of loading may take: importing, reading and compiling networks. On a host that is
busy with other work an import alone may take minutes."""

WORKING = "working"
"""What a worker does that has nothing more to say about it."""


class Telemetry(Protocol):
    """Counters and gauges of one worker, exposed by the supervisor as Prometheus metrics.

    Names are bare (``frames_dropped_total``); the supervisor adds the prefix ``surveil_`` and the
    label ``worker``. Label values must come from bounded sets.
    """

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        """Add to a counter; ``name`` ends in ``_total``, or see :func:`observe`."""

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge."""


def observe(
    telemetry: Telemetry, name: str, value: float, bounds: Sequence[float], **labels: str
) -> None:
    """Add a value to a histogram.

    Args:
        telemetry: Where to.
        name: Bare, with the unit: ``decision_seconds``.
        value: What was seen.
        bounds: Upper bounds of the buckets, always the same ones for a name.
        labels: As of counters.
    """
    observe_all(telemetry, name, (value,), bounds, **labels)


def observe_all(
    telemetry: Telemetry,
    name: str,
    values: Sequence[float],
    bounds: Sequence[float],
    **labels: str,
) -> None:
    """Add several values to a histogram at the cost of one; see :func:`observe`."""
    if not values:
        return
    ordered = sorted(values)
    for bound in bounds:
        below = bisect_right(ordered, bound)
        telemetry.count(f"{name}_bucket", float(below), le=f"{bound:g}", **labels)
    telemetry.count(f"{name}_bucket", float(len(ordered)), le="+Inf", **labels)
    telemetry.count(f"{name}_sum", sum(ordered), **labels)


STAGE_BOUNDS_S = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Buckets of what a stage takes for a batch."""


def observe_stage(telemetry: Telemetry, stage: str, duration_s: float) -> None:
    """Add what a stage took for a batch to the histogram of stages."""
    observe(telemetry, "stage_seconds", duration_s, STAGE_BOUNDS_S, stage=stage)


class Lifeline(Protocol):
    """The worker's end of the line to its supervisor."""

    stopping: threading.Event
    telemetry: Telemetry

    def beat(self, allow_s: float = 5.0, doing: str = WORKING) -> None:
        """Say that the main loop is alive and will beat again within ``allow_s`` seconds.

        ``doing`` is a short phrase for operators, such as ``loading the model``.
        """

    def watch(self, thread: threading.Thread) -> None:
        """Make the end of a thread that must live as long as the worker a broken promise."""

    def ready(self, is_ready: bool = True, lacks: str = "") -> None:
        """Say whether the worker does its job (its servers are reached); shown by ``/readyz``.

        ``lacks`` is told in place of what the main loop does, where that goes on without:
        ``waiting for redis``.
        """


class LocalTelemetry:
    """Telemetry kept in memory: ``samples[(name, labels)] = value``. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.samples: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        key = (name, tuple(sorted(labels.items())))
        with self._lock:
            self.samples[key] = self.samples.get(key, 0.0) + amount

    def gauge(self, name: str, value: float, **labels: str) -> None:
        with self._lock:
            self.samples[name, tuple(sorted(labels.items()))] = value

    def snapshot(self) -> list[tuple[str, dict[str, str], float]]:
        """Return all samples as ``(name, labels, value)``."""
        with self._lock:
            return [(name, dict(labels), value) for (name, labels), value in self.samples.items()]


class LocalLifeline:
    """A lifeline without a supervisor, for one-process commands and for tests."""

    def __init__(self) -> None:
        self.stopping = threading.Event()
        self.telemetry: Telemetry = LocalTelemetry()
        self.is_ready = False

    def beat(self, allow_s: float = 5.0, doing: str = WORKING) -> None:
        return

    def watch(self, thread: threading.Thread) -> None:
        return

    def ready(self, is_ready: bool = True, lacks: str = "") -> None:
        self.is_ready = is_ready

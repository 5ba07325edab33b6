"""``surveil bench``: figures of this machine.

A measurement is three things: a file in ``surveil/measuring`` that returns a ``Report``, a module
here that defines a thin ``command``, and its lines below.
"""

from __future__ import annotations

import click

from surveil.cli.lazy import LazyGroup

MEASUREMENTS = {
    "backtest": "surveil.cli.bench_backtest",
    "classify": "surveil.cli.bench_classify",
    "detect": "surveil.cli.bench_detect",
    "fleet": "surveil.cli.bench_fleet",
    "ingest": "surveil.cli.bench_ingest",
    "memory": "surveil.cli.bench_memory",
    "operations": "surveil.cli.bench_operations",
    "pipeline": "surveil.cli.bench_pipeline",
    "rules": "surveil.cli.bench_rules",
    "start": "surveil.cli.bench_start",
}

SUMMARIES = {
    "backtest": "Seconds to replay alert rules over days of a fleet's history.",
    "classify": "Milliseconds a face to classify it, by precision, on one thread.",
    "detect": "Milliseconds a picture to find its faces, by mode, on one thread.",
    "fleet": "What a daemon loses and costs on simulated RTSP cameras.",
    "ingest": "Events a second into SQL: the store alone, and the recorder.",
    "memory": "What a daemon holds, and whether it grows, over many frames.",
    "operations": "Operations of detection, classification and the store, counted.",
    "pipeline": "Milliseconds a frame from file to scores of faces, on one thread.",
    "rules": "Microseconds an event to evaluate rules over many cameras.",
    "start": "Seconds to start: commands, and a daemon to its first frame.",
}
"""What ``surveil bench --help`` says of each without importing it; equal to their first lines."""


@click.group("bench", cls=LazyGroup, modules=MEASUREMENTS, summaries=SUMMARIES)
def command() -> None:
    """Measure surveil on this machine, one part or all of it.

    Figures are medians of alternating runs. Processor time stands beside wall time, since other
    programs on the machine cost the latter.
    """

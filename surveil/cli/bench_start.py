"""``surveil bench start``."""

from __future__ import annotations

import click

from surveil.cli.measured import measurement
from surveil.measuring.report import Report
from surveil.measuring.start import measure_start


@click.command("start")
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1, 100))
@measurement
def command(rounds: int) -> Report:
    """Seconds to start: commands, and a daemon to its first frame."""
    return measure_start(rounds)

"""``surveil bench backtest``."""

from __future__ import annotations

import click

from surveil.cli.measured import measurement
from surveil.measuring.backtest import measure_backtest
from surveil.measuring.report import Report


@click.command("backtest")
@click.option("--cameras", default=20, show_default=True, type=click.IntRange(1, 500))
@click.option("--days", default=7, show_default=True, type=click.IntRange(1, 60))
@click.option("--processes", default=2, show_default=True, type=click.IntRange(1, 16))
@measurement
def command(cameras: int, days: int, processes: int) -> Report:
    """Seconds to replay alert rules over days of a fleet's history.

    The history is made first, in SQLite below the folder for temporary files: 550 MB for each day
    of twenty cameras.
    """
    return measure_backtest(cameras, days, processes)

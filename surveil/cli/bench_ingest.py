"""``surveil bench ingest``."""

from __future__ import annotations

import click

from surveil.cli.measured import measurement
from surveil.measuring.ingest import Load, measure_ingest
from surveil.measuring.report import Report


@click.command("ingest")
@click.option(
    "--database",
    default="sqlite",
    show_default=True,
    metavar="sqlite|postgres|URL",
    help="A new file, a new server (for developers), or an empty database.",
)
@click.option("--events", default=20_000, show_default=True, type=click.IntRange(100, 150_000))
@click.option("--cameras", default=16, show_default=True, type=click.IntRange(1, 1000))
@click.option("--faces", default=2, show_default=True, type=click.IntRange(0, 100))
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1, 100))
@measurement
def command(database: str, events: int, cameras: int, faces: int, rounds: int) -> Report:
    """Events a second into SQL: the store alone, and the recorder.

    The recorder reads them from a private Redis; rows, rollups, tracks and gaps are written, and
    proved afterwards. What is measured is one process; PostgreSQL's work is its server's.
    """
    return measure_ingest(database, Load(events, cameras, faces), rounds)

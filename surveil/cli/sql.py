"""``surveil sql``: one's own questions to the database."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from surveil.cli.databases import with_database
from surveil.cli.options import read_duration
from surveil.cli.tabular import FORMATS, choose_format, write_rows
from surveil.durations import LONGEST_S
from surveil.store.engine import Database
from surveil.store.readonly import run_query


@click.command("sql")
@click.argument("statement", metavar="SELECT…")
@click.option("--limit", type=click.IntRange(1, 1_000_000), default=1000, show_default=True)
@click.option("--timeout", default="30s", show_default=True, help="Time for the statement.")
@click.option("--format", "wanted", type=click.Choice(FORMATS), help="Default: table.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Write to a file.")
@with_database()
def command(
    database: Database,
    statement: str,
    limit: int,
    timeout: str,
    wanted: str | None,
    out: Path | None,
) -> None:
    """Run one reading statement; - reads it from standard input.

    The views v_timeline, v_coverage and v_alerts stay the same over versions. Instants are UTC.

    \b
    surveil sql "select * from v_timeline where camera = 'lobby' and emotion = 'happy'
                 order by bucket_at desc limit 10"
    """
    if statement == "-":
        statement = sys.stdin.read()
    timeout_s = read_duration(timeout, "--timeout", least_s=0.001, most_s=LONGEST_S)
    format_ = choose_format(wanted, out)
    result = run_query(database, statement, limit=limit, timeout_s=timeout_s)
    write_rows(result.columns, result.rows, format_, out)
    if result.is_cut:
        click.echo(f"surveil: cut after {limit} rows; raise --limit for more", err=True)

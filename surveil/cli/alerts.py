"""``surveil alerts``: what fires now, what happened, and who was told."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import click

from surveil.cli.alert_tables import Watch, iso, show_alerts
from surveil.cli.databases import with_database
from surveil.cli.options import read_instant, read_zone
from surveil.cli.tabular import finite, render, write_text
from surveil.store.engine import Database, reading
from surveil.store.reading import (
    AlertRow,
    TransitionRow,
    load_active,
    load_evaluation,
    load_transitions,
)
from surveil.store.revisions import require_current
from surveil.store.scope import Scope


@click.command("alerts")
@click.option("--firing", is_flag=True, help="Only what fires now.")
@click.option(
    "--since", default="1d", show_default=True, help="Duration (1h) or instant to look back to."
)
@click.option("--rule", metavar="NAME", help="Only this rule.")
@click.option(
    "--limit", default=200, show_default=True, type=click.IntRange(1, 100_000), help="Most rows."
)
@click.option(
    "--format",
    "format_",
    default="table",
    show_default=True,
    type=click.Choice(["table", "json", "csv"]),
)
@click.option("--tz", metavar="ZONE", help="Time zone of tables and --since.  [default: local]")
@with_database()
def command(
    database: Database,
    firing: bool,
    since: str,
    rule: str | None,
    limit: int,
    format_: str,
    tz: str | None,
) -> None:
    """List the alerts that fire now, and what happened to alerts and their deliveries.

    Tables show local time; JSON and CSV are in UTC.
    """
    zone = read_zone(tz)
    since_at = read_instant(since, datetime.now(UTC), zone, "--since")
    with reading(database) as connection:
        require_current(connection)
        scope = Scope.all()
        watch = Watch(load_evaluation(connection, scope), datetime.now(UTC), zone)
        active = load_active(connection, scope, rule=rule, limit=limit)
        steps = (
            []
            if firing
            else load_transitions(connection, scope, since_at=since_at, rule=rule, limit=limit)
        )
    if format_ == "json":
        body: dict[str, Any] = watch.plain()
        body["alerts"] = [_plain(asdict(row)) for row in active]
        if not firing:
            body["transitions"] = [_plain(asdict(row)) for row in steps]
        click.echo(json.dumps(body, indent=2))
    elif format_ == "csv":
        write_text(_csv_of_alerts(active) if firing else _csv_of_steps(steps))
    else:
        shown = None if firing else steps
        click.echo(render(lambda out: show_alerts(out, active, shown, watch)), nl=False)


def _csv_of_alerts(rows: list[AlertRow]) -> str:
    names = ["rule", "key", "state", "value", "since_at", "fired_at", "summary"]
    cells = [
        [
            *(row.rule, row.key, row.state, row.value),
            *(iso(row.since_at), iso(row.fired_at), row.annotations.get("summary", "")),
        ]
        for row in rows
    ]
    return _csv(names, cells)


def _csv_of_steps(rows: list[TransitionRow]) -> str:
    """One line for each delivery, and one for each step without any."""
    names = ["at", "rule", "key", "from_state", "to_state", "value", "reason"]
    names += ["receiver", "delivery", "attempts", "delivered_at", "last_error"]
    cells: list[list[Any]] = []
    for row in rows:
        step: list[Any] = [iso(row.at), row.rule, row.key, row.from_state, row.to_state, row.value]
        step.append(row.reason)
        for one in row.deliveries:
            told = [one.receiver, one.state, one.attempts, iso(one.delivered_at), one.last_error]
            cells.append([*step, *told])
        if not row.deliveries:
            cells.append([*step, *[""] * 5])
    return _csv(names, cells)


def _csv(names: list[str], cells: list[list[Any]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(cells)
    return out.getvalue()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return finite(value)

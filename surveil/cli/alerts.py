"""``surveil alerts``: what fires now, what happened, who was told, and whether it was right."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import click

from surveil.cli.alert_marks import Marked, acknowledge, mark, quality, show_marked
from surveil.cli.alert_redelivery import redeliver
from surveil.cli.alert_tables import Watch, iso, plain, show_alerts, with_form
from surveil.cli.alert_trial import test_receiver
from surveil.cli.databases import with_database
from surveil.cli.options import read_instant, read_zone
from surveil.cli.tabular import show, write_rows
from surveil.store.engine import Database, reading
from surveil.store.marks import Verdict
from surveil.store.reading import (
    AlertRow,
    TransitionRow,
    load_active,
    load_evaluation,
    load_transitions,
)
from surveil.store.revisions import require_current
from surveil.store.scope import Scope


class _ListByDefault(click.Group):
    """A group that lists where no command is named, as ``surveil alerts --firing`` does."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names):
            args = ["list", *args]
        return super().parse_args(ctx, args)


@click.group("alerts", cls=_ListByDefault)
def command() -> None:
    """List alerts (without a command), acknowledge and mark them, count how many were right."""


command.add_command(acknowledge)
command.add_command(mark)
command.add_command(quality)
command.add_command(redeliver)
command.add_command(test_receiver)


@command.command("list")
@click.option("--firing", is_flag=True, help="Only what fires now.")
@click.option(
    "--since", default="1d", show_default=True, help="Duration (1h) or instant to look back to."
)
@click.option("--rule", metavar="NAME", help="Only this rule.")
@click.option(
    "--marked",
    type=click.Choice([verdict.value for verdict in Verdict]),
    help="Alerts marked so in place of all, with what the model had said of the camera.",
)
@click.option(
    "--limit", default=200, show_default=True, type=click.IntRange(1, 100_000), help="Most rows."
)
@with_form
@with_database()
def list_(
    database: Database,
    firing: bool,
    since: str,
    rule: str | None,
    marked: str | None,
    limit: int,
    format_: str,
    tz: str | None,
) -> None:
    """List the alerts that fire now, and what happened to alerts and their deliveries.

    Tables show local time and the end of each alert's id, by which it is acknowledged and marked;
    JSON and CSV are in UTC.
    """
    zone = read_zone(tz)
    since_at = read_instant(since, datetime.now(UTC), zone, "--since")
    if marked is not None:
        asked = Marked(Verdict(marked), since_at, rule, limit)
        show_marked(database, asked, format_, zone, firing=firing)
        return
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
        body["alerts"] = [plain(asdict(row)) for row in active]
        if not firing:
            body["transitions"] = [plain(asdict(row)) for row in steps]
        click.echo(json.dumps(body, indent=2))
    elif format_ == "csv":
        names, cells = _alerts_as_rows(active) if firing else _steps_as_rows(steps)
        write_rows(names, cells, "csv", None)
    else:
        shown = None if firing else steps
        show(lambda out: show_alerts(out, active, shown, watch))


def _alerts_as_rows(rows: list[AlertRow]) -> tuple[list[str], list[list[Any]]]:
    names = ["id", "rule", "key", "state", "value", "since_at", "fired_at", "summary"]
    cells = [
        [
            *(row.id, row.rule, row.key, row.state, row.value),
            *(iso(row.since_at), iso(row.fired_at), row.annotations.get("summary", "")),
        ]
        for row in rows
    ]
    return names, cells


def _steps_as_rows(rows: list[TransitionRow]) -> tuple[list[str], list[list[Any]]]:
    """Return a row for each delivery, and one for each step without any."""
    names = ["at", "alert_id", "rule", "key", "from_state", "to_state", "value", "reason"]
    names += ["receiver", "delivery", "attempts", "delivered_at", "last_error"]
    cells: list[list[Any]] = []
    for row in rows:
        step: list[Any] = [iso(row.at), row.alert_id, row.rule, row.key]
        step += [row.from_state, row.to_state, row.value, row.reason]
        for one in row.deliveries:
            told = [one.receiver, one.state, one.attempts, iso(one.delivered_at), one.last_error]
            cells.append([*step, *told])
        if not row.deliveries:
            cells.append([*step, *[""] * 5])
    return names, cells

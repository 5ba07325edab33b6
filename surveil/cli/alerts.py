"""``surveil alerts``: what fires now, what happened, and who was told."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from surveil.cli.options import read_instant, read_zone, with_database
from surveil.cli.tabular import finite
from surveil.store.alerts import Evaluation
from surveil.store.engine import Database, reading
from surveil.store.migrate import require_current
from surveil.store.reading import (
    AlertRow,
    DeliveryRow,
    TransitionRow,
    load_active,
    load_evaluation,
    load_transitions,
)
from surveil.store.scope import Scope

LATE_S = 20.0
"""The alerter notes every few seconds that it evaluates: so long without is more than a delay."""
COLOURS = {
    "pending": "yellow",
    "firing": "bold red",
    "recovering": "yellow",
    "resolved": "green",
    "inactive": "dim",
}


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
        click.echo(_csv_of_alerts(active) if firing else _csv_of_steps(steps), nl=False)
    else:
        console = Console()
        console.print(_table_of_alerts(active, zone, watch))
        if warning := watch.warning():
            console.print(Text(warning, "bold yellow"))
        if not firing:
            console.print(_table_of_steps(steps, zone))


@dataclass(frozen=True, slots=True)
class Watch:
    """Whether anybody evaluates the rules, so that what was stored last is what is so now."""

    last: Evaluation | None
    now_at: datetime
    zone: tzinfo

    @property
    def is_current(self) -> bool:
        return self.last is not None and (self.now_at - self.last.at).total_seconds() <= LATE_S

    def as_of(self) -> str:
        """Return `` as of HH:MM`` where that is not now, with the day where it is not today."""
        if self.is_current or self.last is None:
            return ""
        at, now = self.last.at.astimezone(self.zone), self.now_at.astimezone(self.zone)
        return f" as of {at:%H:%M}" if at.date() == now.date() else f" as of {at:%Y-%m-%d %H:%M}"

    def warning(self) -> str | None:
        if self.last is None:
            return "No alerter has evaluated these rules yet: is `surveil run` running?"
        if self.is_current:
            return None
        return (
            f"The alerter ({self.last.by}) is not running since {_local(self.last.at, self.zone)}."
        )

    def plain(self) -> dict[str, Any]:
        return {
            "evaluated_at": _iso(self.last.at) if self.last else None,
            "evaluated_by": self.last.by if self.last else None,
            "is_current": self.is_current,
        }


def _table_of_alerts(rows: list[AlertRow], zone: tzinfo, watch: Watch) -> Table | Text:
    if not rows:
        if as_of := watch.as_of():
            return Text(f"Nothing was firing{as_of}.")
        return Text("Nothing fires.", style="green")
    title = f"{watch.as_of().strip()}".capitalize() or "Now"
    table = Table("rule", "for", "state", "value", "since", "summary", title=title)
    for row in rows:
        table.add_row(
            Text(row.rule),
            Text(row.key),
            Text(row.state + watch.as_of(), COLOURS.get(row.state, "")),
            _number(row.value),
            _local(row.fired_at or row.since_at, zone),
            Text(row.annotations.get("summary", "")),
        )
    return table


def _table_of_steps(rows: list[TransitionRow], zone: tzinfo) -> Table | Text:
    if not rows:
        return Text("No alert changed in that time.")
    table = Table("at", "rule", "for", "state", "value", "told", title="What happened")
    for row in rows:
        state = Text(f"{row.from_state} → ").append(row.to_state, COLOURS.get(row.to_state, ""))
        if row.reason:
            state.append(f" ({row.reason})")
        told = Text("\n").join(_told(delivery) for delivery in row.deliveries)
        table.add_row(
            _local(row.at, zone), Text(row.rule), Text(row.key), state, _number(row.value), told
        )
    return table


def _told(delivery: DeliveryRow) -> Text:
    """Say how a delivery stands: ``ops delivered after 0.4 s``."""
    if delivery.delivered_at is not None:
        after_s = (delivery.delivered_at - delivery.created_at).total_seconds()
        return Text(f"{delivery.receiver}: delivered after {after_s:.1f} s")
    style = "bold red" if delivery.state == "failed" else "yellow"
    text = Text(f"{delivery.receiver}: {delivery.state}", style)
    if delivery.attempts:
        text.append(f" after {delivery.attempts} attempts")
    if delivery.last_error:
        text.append(f", {delivery.last_error}")
    return text


def _csv_of_alerts(rows: list[AlertRow]) -> str:
    names = ["rule", "key", "state", "value", "since_at", "fired_at", "summary"]
    cells = [
        [
            *(row.rule, row.key, row.state, row.value),
            *(_iso(row.since_at), _iso(row.fired_at), row.annotations.get("summary", "")),
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
        step: list[Any] = [_iso(row.at), row.rule, row.key, row.from_state, row.to_state, row.value]
        step.append(row.reason)
        for one in row.deliveries:
            told = [one.receiver, one.state, one.attempts, _iso(one.delivered_at), one.last_error]
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
        return _iso(value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return finite(value)


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat().replace("+00:00", "Z")


def _local(at: datetime, zone: tzinfo) -> str:
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"

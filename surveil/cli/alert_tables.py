"""The tables of ``surveil alerts``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

import click
from rich.console import Console, RenderableType
from rich.text import Text

from surveil.cli.tabular import finite
from surveil.store.alerts import Evaluation
from surveil.store.reading import AlertRow, DeliveryRow, TransitionRow
from surveil.tables import Column, cell, draw_table, number, whole

SHOWN_CHARS = 8
"""Of the end of an alert's id, which is chance: enough to tell alerts apart."""
LATE_S = 20.0
"""The alerter notes every few seconds that it evaluates: so long without is more than a delay."""
COLOURS = {
    "pending": "yellow",
    "firing": "bold red",
    "recovering": "yellow",
    "resolved": "green",
    "inactive": "dim",
}


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
            f"The alerter ({self.last.by}) is not running since {local(self.last.at, self.zone)}."
        )

    def plain(self) -> dict[str, Any]:
        return {
            "evaluated_at": iso(self.last.at) if self.last else None,
            "evaluated_by": self.last.by if self.last else None,
            "is_current": self.is_current,
        }


def with_form(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--format`` and ``--tz``; the command gets ``format_: str`` and ``tz: str | None``."""
    zone = click.option(
        "--tz", metavar="ZONE", help="Time zone of tables and --since.  [default: local]"
    )
    form = click.option(
        "--format",
        "format_",
        default="table",
        show_default=True,
        type=click.Choice(["table", "json", "csv"]),
    )
    return form(zone(function))


def show_alerts(
    console: Console, active: list[AlertRow], steps: list[TransitionRow] | None, watch: Watch
) -> None:
    """Print what fires, whether anybody watches, and what happened unless that is None."""
    console.print(_table_of_alerts(console, active, watch))
    if warning := watch.warning():
        console.print(cell(warning, "bold yellow"))
    if steps is not None:
        console.print()
        console.print(_table_of_steps(console, steps, watch.zone))


def _table_of_alerts(console: Console, rows: list[AlertRow], watch: Watch) -> RenderableType:
    if not rows:
        if as_of := watch.as_of():
            return Text(f"Nothing was firing{as_of}.")
        return Text("Nothing fires.", style="green")
    columns = [*map(whole, ("id", "rule", "for", "state")), number("value"), whole("since")]
    cells: list[list[Text | str]] = [
        [
            short_id(row.id),
            cell(row.rule),
            cell(row.key),
            cell(row.state + watch.as_of(), COLOURS.get(row.state, "")),
            measured(row.value),
            local(row.fired_at or row.since_at, watch.zone),
            Text("\n").join([cell(row.annotations.get("summary", "")), *_said_of(row)]),
        ]
        for row in rows
    ]
    title = watch.as_of().strip().capitalize() or "Now"
    return draw_table(console, [*columns, Column("summary")], cells, title=title)


def _table_of_steps(console: Console, rows: list[TransitionRow], zone: tzinfo) -> RenderableType:
    if not rows:
        return Text("No alert changed in that time.")
    columns = [
        whole("at"),
        whole("id"),
        Column("rule"),
        Column("for"),
        whole("state"),
        number("value"),
    ]
    cells: list[list[Text | str]] = [
        [
            local(row.at, zone),
            short_id(row.alert_id),
            cell(row.rule),
            cell(row.key),
            cell(row.to_state, COLOURS.get(row.to_state, "")),
            measured(row.value),
            Text("\n").join([*_why(row), *map(_told, row.deliveries)]),
        ]
        for row in rows
    ]
    return draw_table(console, [*columns, Column("told")], cells, title="What happened")


def _said_of(row: AlertRow) -> list[Text]:
    said = [f"acknowledged by {row.acknowledged_by}"] if row.acknowledged_at else []
    said += [f"marked {row.verdict}"] if row.verdict else []
    return [cell(f"({', '.join(said)})", "dim")] if said else []


def _why(row: TransitionRow) -> list[Text]:
    return [cell(f"({row.reason})")] if row.reason else []


def _told(delivery: DeliveryRow) -> Text:
    """Say how a delivery stands: ``ops delivered after 0.4 s``."""
    if delivery.delivered_at is not None:
        after_s = (delivery.delivered_at - delivery.created_at).total_seconds()
        return cell(f"{delivery.receiver}: delivered after {after_s:.1f} s")
    style = "bold red" if delivery.state == "failed" else "yellow"
    text = cell(f"{delivery.receiver}: {delivery.state}", style)
    if delivery.attempts:
        text.append(f" after {delivery.attempts} attempts")
    if delivery.last_error:
        text.append_text(cell(f", {delivery.last_error}"))
    return text


def short_id(id_: str) -> str:
    """Return the end of an alert's id, by which commands know it."""
    return id_[-SHOWN_CHARS:]


def local(at: datetime, zone: tzinfo) -> str:
    """Return an instant by the clock of a zone."""
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def measured(value: float | None) -> str:
    """Return a value as tables show it; nothing where none was measured."""
    return "" if value is None else f"{value:.3g}"


def iso(at: datetime | None) -> str | None:
    """Return an instant in UTC as RFC 3339 has it."""
    return None if at is None else at.isoformat().replace("+00:00", "Z")


def plain(value: Any) -> Any:
    """Return a value as JSON has it: instants in UTC, no number that is none."""
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return finite(value)

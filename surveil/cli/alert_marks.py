"""``surveil alerts ack``, ``mark`` and ``quality``: what people say of alerts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from surveil.cli.alert_tables import iso, local, measured, plain, short_id, with_form
from surveil.cli.databases import with_database
from surveil.cli.options import read_instant, read_zone, with_author
from surveil.cli.saying import say
from surveil.cli.tabular import show, write_rows
from surveil.errors import ConfigError
from surveil.plaintext import is_plain
from surveil.store.engine import Database, reading, writing
from surveil.store.marks import Verdict
from surveil.store.marks import acknowledge as write_acknowledgement
from surveil.store.marks import mark as write_mark
from surveil.store.reading import MarkedAlert, RuleQuality, load_marked, measure_quality
from surveil.store.revisions import require_current
from surveil.store.scope import Scope
from surveil.tables import Column, cell, draw_table, number, whole

MOST_NOTE_CHARS = 500
FEW = 20
"""Judged alerts below which a precision is called one of few marks: its interval is wide."""
MOST_SPANS = 400


@click.command("ack")
@click.argument("id_", metavar="ID")
@click.option("--note", default="", help="What is done about it.")
@with_author
@with_database()
def acknowledge(database: Database, id_: str, note: str, by: str) -> None:
    """Say that somebody knows of an alert: it is not told again while it fires.

    Its end is told all the same. ID is the alert's, or the end of it as tables show it.
    """
    note = _read_note(note)
    with writing(database) as connection:
        require_current(connection)
        is_first = write_acknowledgement(
            connection, Scope.all(), id_, by=by, note=note, now=datetime.now(UTC)
        )
    say("acknowledged" if is_first else "was acknowledged before; kept in its history")


@click.command("mark")
@click.argument("id_", metavar="ID")
@click.argument("verdict", type=click.Choice([verdict.value for verdict in Verdict]))
@click.option("--note", default="", help="Why.")
@with_author
@with_database()
def mark(database: Database, id_: str, verdict: str, note: str, by: str) -> None:
    """Say whether an alert was right; `quality` counts it. The last mark of an alert counts.

    ID is the alert's, or the end of it as tables show it.
    """
    note = _read_note(note)
    with writing(database) as connection:
        require_current(connection)
        write_mark(
            connection, Scope.all(), id_, Verdict(verdict), by=by, note=note, now=datetime.now(UTC)
        )
    say(f"marked {verdict}")


@click.command("quality")
@click.option("--rule", metavar="NAME", help="Only this rule.")
@click.option(
    "--since", default="28d", show_default=True, help="Duration or instant to look back to."
)
@click.option(
    "--every",
    default="week",
    show_default=True,
    type=click.Choice(["day", "week", "all"]),
    help="One line of each rule for each of these, from --since on.",
)
@with_form
@with_database()
def quality(
    database: Database, rule: str | None, since: str, every: str, format_: str, tz: str | None
) -> None:
    """Count how many alerts of each rule were right, by those that people marked.

    Precision is right of right and wrong, with its 95% interval (Wilson), which holds for all
    alerts if people do not choose which ones they mark.
    """
    zone, now = read_zone(tz), datetime.now(UTC)
    edges = _edges(read_instant(since, now, zone, "--since"), now, every)
    with reading(database) as connection:
        require_current(connection)
        rows = measure_quality(connection, Scope.all(), edges, rule=rule)
    if format_ == "json":
        click.echo(json.dumps({"quality": [_plain_quality(row) for row in rows]}, indent=2))
    elif format_ == "csv":
        cells = [_plain_quality(row) for row in rows]
        write_rows(_QUALITY, [[one[name] for name in _QUALITY] for one in cells], "csv", None)
    elif not rows:
        click.echo("No alert fired in that time.")
    else:
        show(lambda out: _show_quality(out, rows, zone))


@dataclass(frozen=True, slots=True)
class Marked:
    """Which marked alerts are asked for."""

    verdict: Verdict
    since_at: datetime
    rule: str | None
    limit: int


def show_marked(
    database: Database, asked: Marked, format_: str, zone: tzinfo, *, firing: bool
) -> None:
    """Print the alerts that people marked so, with what the model had said."""
    if firing:
        raise ConfigError("--marked lists what fired once: leave --firing out")
    with reading(database) as connection:
        require_current(connection)
        rows = load_marked(
            connection,
            Scope.all(),
            asked.verdict,
            since_at=asked.since_at,
            rule=asked.rule,
            limit=asked.limit,
        )
    if format_ == "json":
        click.echo(json.dumps({"marked": [plain(asdict(row)) for row in rows]}, indent=2))
    elif format_ == "csv":
        write_rows(_MARKED, [_cells_of_marked(row) for row in rows], "csv", None)
    elif not rows:
        click.echo(f"No alert that fired in that time is marked {asked.verdict}.")
    else:
        show(lambda out: _show_marked(out, rows, zone))


def _read_note(text: str) -> str:
    text = text.strip()
    if len(text) > MOST_NOTE_CHARS or not is_plain(text):
        raise ConfigError(f"--note: at most {MOST_NOTE_CHARS} characters, none of control")
    return text


def _edges(since_at: datetime, now: datetime, every: str) -> list[datetime]:
    """Return the edges of the spans, the last one just after the present."""
    end_at = now + timedelta(seconds=1)
    if since_at >= end_at:
        raise ConfigError("--since: lies ahead")
    length = {"day": timedelta(days=1), "week": timedelta(days=7), "all": end_at - since_at}[every]
    if (end_at - since_at) / length > MOST_SPANS:
        raise ConfigError(f"--since: more than {MOST_SPANS} times a {every}; choose --every all")
    edges = [since_at]
    while edges[-1] + length < end_at:
        edges.append(edges[-1] + length)
    return [*edges, end_at]


_QUALITY = [
    *("rule", "from_at", "to_at", "fired", "right", "wrong", "unclear"),
    *("precision", "low", "high", "few_marks"),
]


def _plain_quality(row: RuleQuality) -> dict[str, Any]:
    low, high = row.interval
    more = {"precision": row.precision, "low": low, "high": high, "few_marks": row.judged < FEW}
    return plain(asdict(row) | more)  # type: ignore[no-any-return]


def _show_quality(console: Console, rows: Sequence[RuleQuality], zone: tzinfo) -> None:
    heads = [Column("rule"), whole("from"), *map(number, ("fired", "right", "wrong", "unclear"))]
    heads += [number("precision"), whole("95% interval"), Column("")]
    cells: list[list[Text | str]] = []
    for row in rows:
        low, high = row.interval
        cells.append(
            [
                *(cell(row.rule), f"{row.from_at.astimezone(zone):%Y-%m-%d %H:%M}"),
                *(str(row.fired), str(row.right), str(row.wrong), str(row.unclear)),
                "" if row.precision is None else f"{row.precision:.0%}",
                f"{low:.0%} to {high:.0%}" if row.judged else "",
                _caution(row),
            ]
        )
    console.print(draw_table(console, heads, cells))


def _caution(row: RuleQuality) -> Text:
    if not row.judged:
        return cell("nobody marked any", "dim")
    return cell(f"few marks (below {FEW})", "yellow") if row.judged < FEW else Text("")


_MARKED = [
    *("id", "rule", "key", "camera", "fired_at", "value", "summary"),
    *("verdict", "marked_by", "marked_at", "note", "said"),
]


def _cells_of_marked(row: MarkedAlert) -> list[Any]:
    one, said = row.alert, row.mark
    summary = one.annotations.get("summary", "")
    return [
        *(one.id, one.rule, one.key, one.camera, iso(one.fired_at), one.value, summary),
        *(said.kind, said.by, iso(said.at), said.note, _what_was_said(row)),
    ]


def _show_marked(console: Console, rows: Sequence[MarkedAlert], zone: tzinfo) -> None:
    heads = [*map(whole, ("id", "fired")), Column("rule"), Column("for"), number("value")]
    heads += [Column("the model said"), Column("marked")]
    cells: list[list[Text | str]] = [
        [
            short_id(row.alert.id),
            local(row.alert.fired_at or row.alert.since_at, zone),
            cell(row.alert.rule),
            cell(row.alert.key),
            measured(row.alert.value),
            cell(_what_was_said(row)),
            cell(" ".join((f"{row.mark.kind} by {row.mark.by}", row.mark.note)).strip()),
        ]
        for row in rows
    ]
    console.print(draw_table(console, heads, cells))


def _what_was_said(row: MarkedAlert) -> str:
    """Return ``happy 12 (0.71), neutral 3 (0.60)``: votes and their mean confidence."""
    parts = [f"{one.emotion} {one.votes} ({one.confidence:.2f})" for one in row.said]
    return ", ".join(parts)

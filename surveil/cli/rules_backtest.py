"""``surveil rules backtest``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from surveil.backtesting.backtest import load_told, run_backtest
from surveil.backtesting.grid import vary
from surveil.backtesting.sieve import Span
from surveil.backtesting.summary import RuleSum, precision_words, sum_up
from surveil.cli.databases import open_database
from surveil.cli.options import find_fleet, read_instant, read_zone
from surveil.cli.rule_options import pick_rules
from surveil.cli.tabular import render, write_text
from surveil.config.rulebook import Rulebook, read_rulebook
from surveil.errors import ConfigError
from surveil.rules.engine import lateness_of
from surveil.rules.model import Rule
from surveil.store.engine import Database, reading
from surveil.store.revisions import require_current
from surveil.store.scope import Scope
from surveil.tables import Column, cell, draw_table, number, whole

DAY_S = 86400.0
MOST_DAYS = 366
MINUTE = timedelta(minutes=1)


@click.command("backtest")
@click.option("--from", "since", default="7d", show_default=True, help="Time ago, or an instant.")
@click.option("--to", "until", default="now", show_default=True, help="Time ago, or an instant.")
@click.option("--rule", "names", multiple=True, metavar="NAME", help="May be repeated.")
@click.option("--grid", metavar="above=0.3..0.6/0.05", help="Variants of the one --rule.")
@click.option("--by-key", is_flag=True, help="Also by camera, or what else alerts are about.")
@click.option("--jobs", type=click.IntRange(1, 64), help="Processes.  [default: one for each core]")
@click.option("--tz", "zone_name", metavar="ZONE", help="Time zone.  [default: this machine's]")
@click.option(
    "--fleet", "--config", "fleet", metavar="FLEET.yaml", type=click.Path(path_type=Path),
    help="Whose rules and database.  [default: $SURVEIL_FLEET, or fleet.yaml]",
)  # fmt: skip
@click.option("--database", "url", metavar="URL", help="Another database than the fleet's.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    since: str,
    until: str,
    names: tuple[str, ...],
    grid: str | None,
    by_key: bool,
    jobs: int | None,
    zone_name: str | None,
    fleet: Path | None,
    url: str | None,
    as_json: bool,
) -> None:
    """Say what the rules would have done with the history in SQL.

    How often each fires, for how long, and what that changes against what was told; where alerts
    were marked right or wrong, also with what precision.

    Exit codes: 0 done, 2 errors in files or options, 5 no database.
    """
    path = find_fleet(fleet, way="give --fleet FLEET.yaml")
    book = read_rulebook(path)
    rules = _choose(book, names, grid)
    database = open_database(path if url is None else None, url, create=False)
    try:
        now, zone = datetime.now(UTC), read_zone(zone_name)
        span = _span(
            read_instant(since, now, zone, "--from"), read_instant(until, now, zone, "--to"), book
        )
        with reading(database) as connection:
            require_current(connection)
        sums, events = _replay(database, rules, book, span, jobs)
    finally:
        database.dispose()
    days = (span.until_at - span.from_at).total_seconds() / DAY_S
    if as_json:
        write_text(json.dumps(_as_json(sums, span, events), indent=2) + "\n")
    else:
        click.echo(
            render(lambda console: _show(console, sums, days, span, by_key=by_key)), nl=False
        )


def _choose(book: Rulebook, names: tuple[str, ...], grid: str | None) -> list[Rule]:
    rules = pick_rules(book, names)
    if not rules:
        raise ConfigError("this fleet has no rules")
    if grid is None:
        return rules
    if len(names) != 1:
        raise ConfigError("--grid needs one --rule, whose variants are tried")
    return [rules[0], *vary(rules[0], grid)]


def _span(from_at: datetime, until_at: datetime, book: Rulebook) -> Span:
    from_at = from_at.replace(second=0, microsecond=0)
    if until_at <= from_at + MINUTE:
        raise ConfigError("--to must be at least a minute after --from")
    if until_at - from_at > timedelta(days=MOST_DAYS):
        raise ConfigError(f"--from to --to: {MOST_DAYS} days at most")
    return Span(from_at, until_at, book.interval_s, lateness_of(book.interval_s))


def _replay(
    database: Database, rules: Sequence[Rule], book: Rulebook, span: Span, jobs: int | None
) -> tuple[dict[str, RuleSum], int]:
    errors = Console(stderr=True)
    progress = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeRemainingColumn(),
        console=errors,
        transient=True,
        disable=not errors.is_terminal,
    )
    with progress:
        task = progress.add_task("replaying", total=1.0)
        found = run_backtest(
            database.url.render_as_string(hide_password=False),
            rules,
            book.cameras,
            span,
            processes=jobs,
            report=lambda fraction: progress.update(task, completed=fraction),
        )
    told = load_told(database, Scope.all(), span)
    return sum_up([rule.name for rule in rules], found.firings, told), found.events


def _show(
    console: Console, sums: Mapping[str, RuleSum], days: float, span: Span, *, by_key: bool
) -> None:
    from_at, until_at = (f"{at:%Y-%m-%d %H:%M}" for at in (span.from_at, span.until_at))
    console.print(Text(f"{from_at} to {until_at} UTC, {days:.3g} days", style="dim"))
    heads = [whole("rule"), *map(number, ("firings", "a day", "seconds", "as told", "new", "gone"))]
    rows = [_row(rule, one, days) for rule, one in sums.items()]
    console.print(draw_table(console, [*heads, Column("precision")], rows))
    if not by_key:
        return
    found = [
        (rule, key, count, seconds)
        for rule, one in sums.items()
        for key, (count, seconds) in sorted(one.by_key.items(), key=lambda item: -item[1][1])
    ]
    cells = [
        [cell(rule), cell(key), cell(f"{count}"), cell(f"{count / days:.3g}"), cell(f"{s:.0f}")]
        for rule, key, count, s in found
    ]
    heads = [whole("rule"), Column("key"), *map(number, ("firings", "a day", "seconds"))]
    console.print()
    console.print(draw_table(console, heads, cells))


def _row(rule: str, one: RuleSum, days: float) -> list[Text]:
    texts = [
        rule,
        f"{one.firings}",
        f"{one.firings / days:.3g}",
        f"{one.firing_s:.0f}",
        *(f"{number}" for number in (one.kept, one.new, one.gone)),
        precision_words(one),
    ]
    return [cell(text) for text in texts]


def _as_json(sums: Mapping[str, RuleSum], span: Span, events: int) -> dict[str, Any]:
    days = (span.until_at - span.from_at).total_seconds() / DAY_S
    return {
        "from_at": span.from_at.isoformat(),
        "until_at": span.until_at.isoformat(),
        "events_read": events,
        "rules": [
            {
                "rule": rule,
                "firings": one.firings,
                "firings_per_day": one.firings / days,
                "firing_s": one.firing_s,
                "as_told": one.kept,
                "new": one.new,
                "gone": one.gone,
                "marked_right": {"told": one.right[0], "of": one.right[1]},
                "marked_wrong": {"told": one.wrong[0], "of": one.wrong[1]},
                "precision": one.precision,
                "keys": [
                    {"key": key, "firings": count, "firing_s": seconds}
                    for key, (count, seconds) in one.by_key.items()
                ],
            }
            for rule, one in sums.items()
        ],
    }

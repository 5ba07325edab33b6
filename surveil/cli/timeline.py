"""``surveil timeline``: what cameras saw, and how much of the time they could see."""

from __future__ import annotations

import fnmatch
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

import click

from surveil.cli.databases import with_database
from surveil.cli.options import read_instant, read_zone
from surveil.cli.tabular import FORMATS, choose_format, render, write_file, write_rows
from surveil.cli.timeline_chart import draw_chart
from surveil.config.problems import did_you_mean
from surveil.domain import EMOTIONS
from surveil.errors import ConfigError
from surveil.store.engine import Database, reading
from surveil.store.reading import Bucket, list_cameras, read_timeline
from surveil.store.reading.buckets import bucket_edges, parse_bucket
from surveil.store.revisions import require_current
from surveil.store.scope import Scope
from surveil.tables import Column, number, whole

MAX_BUCKETS = 20_000
"""For each camera; more is nothing to look at, and hours of raw rows to read."""

COLUMNS = (
    *("camera", "from_at", "to_at", "coverage", "analysed_s", "reason", "all_votes"),
    *(emotion.value for emotion in EMOTIONS),
    *(f"{emotion.value}_{what}" for what in ("votes", "score") for emotion in EMOTIONS),
)
"""For programs. The emotions' own columns are shares, 0 to 1; empty where nobody was seen."""


@click.command("timeline")
@click.option("--camera", "patterns", multiple=True, metavar="ID|GLOB", help="Default: all.")
@click.option("--since", default="1h", show_default=True, help="Duration ago, or an instant.")
@click.option("--until", default="now", show_default=True, help="Duration ago, or an instant.")
@click.option("--bucket", default="1m", show_default=True, help="Such as 10s, 1m, 1h, 1d.")
@click.option("--tz", "zone_name", metavar="ZONE", help="Time zone.  [default: this machine's]")
@click.option("--format", "wanted", type=click.Choice([*FORMATS, "chart"]), help="Default: table.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Write to a file.")
@with_database()
def command(
    database: Database,
    patterns: tuple[str, ...],
    since: str,
    until: str,
    bucket: str,
    zone_name: str | None,
    wanted: str | None,
    out: Path | None,
) -> None:
    """Show the emotions that cameras saw, bucket by bucket, with the coverage beside them.

    Shares are parts of all votes, one vote for each face and interval. Coverage is the part of the
    time that was analysed: where it is low, a small share means little.
    """
    zone, now = read_zone(zone_name), datetime.now(UTC)
    since_at = read_instant(since, now, zone, "--since")
    until_at = read_instant(until, now, zone, "--until")
    bucket_s = _read_bucket(bucket)
    format_ = "chart" if wanted == "chart" else choose_format(wanted, out)
    if since_at >= until_at:
        raise ConfigError("--since is not before --until")
    if since_at >= now:
        raise ConfigError("--since is in the future")
    until_at = min(until_at, now)
    if (until_at - since_at).total_seconds() / bucket_s > MAX_BUCKETS:
        raise ConfigError(f"more than {MAX_BUCKETS} buckets: choose a longer --bucket")
    try:
        edges = bucket_edges(since_at, until_at, bucket_s, zone)
    except OverflowError:
        raise ConfigError("--since is before the first day of the calendar") from None
    with reading(database) as connection:
        require_current(connection)
        scope = Scope.all()
        cameras = _choose(list_cameras(connection, scope), patterns)
        buckets = {id_: read_timeline(connection, scope, id_, edges, now) for id_ in cameras}
    if format_ == "chart":
        text = render(lambda console: draw_chart(console, buckets, zone), width=_chart_width(out))
        if out is None:
            click.echo(text, nl=False)
        else:
            write_file(out, text.encode())
        return
    found = [one for camera in cameras for one in buckets[camera]]
    if format_ == "table":
        write_rows(*_table(found, zone), format_, out)
    else:
        write_rows(COLUMNS, [_row(one, zone) for one in found], format_, out)


def _chart_width(out: Path | None) -> int | None:
    return 100 if out is not None or not sys.stdout.isatty() else None


def _read_bucket(text: str) -> int:
    try:
        return parse_bucket(text)
    except ValueError as error:
        raise ConfigError(f"--bucket {text!r} {error}") from None


def _choose(known: Sequence[str], patterns: Sequence[str]) -> list[str]:
    """Return the cameras that any of the patterns names.

    Raises:
        ConfigError: One of them names none.
    """
    if not known:
        raise ConfigError("the database has no camera yet")
    for pattern in patterns:
        if not fnmatch.filter(known, pattern):
            raise ConfigError(
                f"no camera {pattern!r}{did_you_mean(pattern, known, show_all_up_to=10)}"
            )
    return [id_ for id_ in known if not patterns or any(fnmatch.fnmatch(id_, p) for p in patterns)]


def _row(one: Bucket, zone: tzinfo) -> list[Any]:
    return [
        one.camera,
        one.from_at.astimezone(zone),
        one.to_at.astimezone(zone),
        one.coverage,
        one.analysed_s,
        one.reason,
        one.all_votes,
        *one.shares,
        *one.votes,
        *one.scores,
    ]


def _table(buckets: Sequence[Bucket], zone: tzinfo) -> tuple[list[Column], list[list[Any]]]:
    """Return few columns for people: percentages, and the gap's reason in words."""
    starts = [one.from_at.astimezone(zone) for one in buckets]
    form = "%m-%d %H:%M:%S" if len({at.year for at in starts}) < 2 else "%Y-%m-%d %H:%M:%S"
    zones = sorted({at.strftime("%Z") for at in starts})
    if len(zones) > 1:
        form += " %Z"  # the clocks change on the way: an hour stands there twice
    since = f"from ({', '.join(zones)})"
    columns = [Column("camera"), whole(since, "from"), number("coverage", "cov."), number("votes")]
    columns += [number(emotion.value, emotion.value[:4]) for emotion in EMOTIONS]
    rows = [
        [
            one.camera,
            at.strftime(form),
            f"{one.coverage:.0%}",
            str(one.all_votes),
            *("-" if share is None else f"{share:.0%}" for share in one.shares),
            one.reason or "",
        ]
        for at, one in zip(starts, buckets, strict=True)
    ]
    return [*columns, Column("gap")], rows

"""``surveil silence``: alerts of which nobody is told for a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click
from rich.console import Console

from surveil.cli.databases import with_database
from surveil.cli.options import read_duration, read_zone, with_author
from surveil.cli.saying import say
from surveil.cli.silence_preview import hidden_now, preview
from surveil.cli.tabular import show
from surveil.errors import ConfigError
from surveil.rules.silences import Silence
from surveil.store.engine import Database, reading, writing
from surveil.store.reading import SilenceRow, load_silences
from surveil.store.revisions import require_current
from surveil.store.scope import Scope
from surveil.store.silences import add_silence, expire_silence
from surveil.tables import cell, draw_table

LONGEST_S = 90 * 86400.0
MOST_CHARS = 500


@click.group("silence")
def command() -> None:
    """Tell nobody of some alerts for a time; they are written down all the same."""


@command.command("add")
@click.option("--rule", default="*", show_default=True, metavar="GLOB", help="Names of rules.")
@click.option("--camera", default="*", show_default=True, metavar="GLOB", help="Ids of cameras.")
@click.option("--label", "labels", multiple=True, metavar="NAME=GLOB", help="Of rules.")
@click.option("--for", "for_", required=True, metavar="2h", help="For how long.")
@click.option("--comment", default="", help="Why, for whoever looks at it later; needed.")
@click.option("--dry-run", is_flag=True, help="Say what it would hide, and do nothing.")
@with_author
@with_database()
def add(
    database: Database,
    rule: str,
    camera: str,
    labels: tuple[str, ...],
    for_: str,
    comment: str,
    dry_run: bool,
    by: str,
) -> None:
    """Silence alerts that match all that is given, from now on.

    Who was told already that an alert fires is also told of its end. What still fires when the
    silence ends is told then.
    """
    now = datetime.now(UTC)
    seconds = read_duration(for_, "--for", least_s=1, most_s=LONGEST_S)
    if not dry_run and (not comment.strip() or len(comment) > MOST_CHARS):
        raise ConfigError(f"--comment TEXT says why: 1 to {MOST_CHARS} characters")
    if rule == camera == "*" and not labels:
        raise ConfigError(
            "give --rule, --camera or --label; --rule '*' --camera '?*' is everything"
        )
    ends_at, chosen = now + timedelta(seconds=seconds), dict(map(_read_label, labels))
    silence = Silence("", now.timestamp(), ends_at.timestamp(), rule, camera, chosen)
    if dry_run:
        with reading(database) as connection:
            require_current(connection)
            preview(connection, silence, now)
        return
    with writing(database) as connection:
        require_current(connection)
        id_ = add_silence(
            connection,
            rule=rule,
            camera=camera,
            labels=chosen,
            starts_at=now,
            ends_at=ends_at,
            by=by,
            comment=comment.strip(),
            now=now,
        )
        hidden = hidden_now(connection, silence)
    say(f"silence {id_} until {ends_at:%Y-%m-%d %H:%M:%S} UTC")
    if hidden:
        say(f"firing now, and told already if they were: {hidden}")


@command.command("list")
@click.option("--tz", metavar="ZONE", help="Time zone.  [default: this machine's]")
@with_database()
def list_(database: Database, tz: str | None) -> None:
    """List the silences that have not ended."""
    zone = read_zone(tz)
    with reading(database) as connection:
        require_current(connection)
        rows = load_silences(connection, Scope.all(), datetime.now(UTC))

    def draw(console: Console) -> None:
        heads = ["id", "what", "until", "by", "why"]
        cells = [
            [
                cell(row.id),
                cell(_what(row)),
                cell(f"{row.ends_at.astimezone(zone):%Y-%m-%d %H:%M}"),
                cell(row.created_by),
                cell(row.comment),
            ]
            for row in rows
        ]
        console.print(draw_table(console, heads, cells))

    if rows:
        show(draw)
    else:
        say("no silence")


@command.command("expire")
@click.argument("id_", metavar="ID")
@with_author
@with_database()
def expire(database: Database, id_: str, by: str) -> None:
    """End a silence now."""
    with writing(database) as connection:
        require_current(connection)
        ended = expire_silence(connection, Scope.all(), id_, by=by, now=datetime.now(UTC))
    if not ended:
        raise ConfigError(f"no silence {id_!r} that has not ended; see surveil silence list")
    say(f"silence {id_} has ended")


def _read_label(text: str) -> tuple[str, str]:
    name, separator, glob = text.partition("=")
    if not (name and separator and glob):
        raise ConfigError(f"--label {text!r}: must be NAME=GLOB")
    return name, glob


def _what(row: SilenceRow) -> str:
    parts = [f"rule {row.rule}"] if row.rule != "*" else []
    parts += [f"camera {row.camera}"] if row.camera != "*" else []
    parts += [f"{name}={glob}" for name, glob in row.labels.items()]
    return ", ".join(parts) or "everything"

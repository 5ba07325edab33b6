"""``surveil privacy erase``: what a camera saw of people in a span of time."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from surveil.cli.databases import with_database
from surveil.cli.options import read_instant, read_zone, with_author
from surveil.cli.saying import say
from surveil.store.engine import Database, reading
from surveil.store.erasure import Found, Span, erase, look
from surveil.store.revisions import require_current


@click.command("erase")
@click.option("--camera", "camera_id", required=True, metavar="ID", help="Whose.")
@click.option("--from", "from_", required=True, metavar="WHEN", help="An instant, or 2h (ago).")
@click.option("--to", required=True, metavar="WHEN", help="As --from, or now.")
@click.option("--tz", metavar="ZONE", help="Time zone.  [default: this machine's]")
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_author
@with_database()
def command(
    database: Database,
    camera_id: str,
    from_: str,
    to: str,
    tz: str | None,
    yes: bool,
    by: str,
) -> None:
    """Erase what a camera saw of people from one instant to another.

    Faces, tracks, sums of groups, and what minutes and hours have of them, in whole minutes; it
    cannot be taken back, but for your own copies. That the camera ran stays, and so do alerts. The
    audit log has who erased what.
    """
    now, zone = datetime.now(UTC), read_zone(tz)
    span = Span.around(
        camera_id,
        read_instant(from_, now, zone, "--from"),
        read_instant(to, now, zone, "--to"),
    )
    with reading(database) as connection:
        require_current(connection)
    found = look(database, span, now)
    from_at, to_at = (at.astimezone(zone) for at in (span.from_at, span.to_at))
    say(
        f"{camera_id} from {from_at:%Y-%m-%d %H:%M} to {to_at:%Y-%m-%d %H:%M}:"
        f" {found.faces} votes of faces, {found.tracks} tracks, {found.groups} intervals with a"
        f" group, {found.minutes} rows by the minute"
    )
    if not yes:
        click.confirm("Erase them?", abort=True)
    faces = sum(erase(database, span, actor=by, now=now))
    say(f"erased: {faces} votes of faces; the audit log has it")
    _tell_what_stays(found)


def _tell_what_stays(found: Found) -> None:
    if found.alerts:
        say(f"{found.alerts} alerts of that time stay: they are what somebody was told")
    if found.is_recent:
        say(
            "events of that time may still be in Redis or in a spool and come later:"
            " run it again once `surveil status` shows no lag"
        )

"""``surveil audit``: who did what, and the proof that nobody changed it since."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from surveil.cli.databases import with_database
from surveil.cli.options import read_zone
from surveil.cli.saying import say
from surveil.cli.tabular import FORMATS, choose_format, write_rows
from surveil.store.audit import load_audit, verify
from surveil.store.engine import Database, reading
from surveil.store.revisions import require_current
from surveil.tables import Column

_DIGEST = 64


@click.group("audit")
def command() -> None:
    """Show who did what, and prove that the audit log is as it was written."""


@command.command("list")
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True)
@click.option("--subject", metavar="TEXT", help="Of one subject, such as 'silence 01J…'.")
@click.option("--tz", metavar="ZONE", help="Time zone.  [default: this machine's]")
@click.option("--format", "format_", type=click.Choice(FORMATS), help="[default: table]")
@click.option("--out", type=click.Path(path_type=Path), help="File to write.")
@with_database()
def list_rows(
    database: Database,
    limit: int,
    subject: str | None,
    tz: str | None,
    format_: str | None,
    out: Path | None,
) -> None:
    """List what was done, newest first."""
    zone = read_zone(tz)
    chosen = choose_format(format_, out)
    with reading(database) as connection:
        require_current(connection)
        rows = load_audit(connection, limit=limit, subject=subject)
    cells = [
        (row.id, row.at.astimezone(zone), row.actor, row.action, row.subject, dict(row.detail))
        for row in rows
    ]
    if chosen == "table" and not cells:
        say("nothing was written down yet")
        return
    heads = (Column("id", is_whole=True), "at", "actor", "action", "subject", "detail")
    write_rows(heads, cells, chosen, out)


@command.command("verify")
@click.option("--expect", metavar="HASH", help="A hash of before, which must still be in it.")
@with_database()
def verify_rows(database: Database, expect: str | None) -> None:
    """Follow the chain of hashes from the first row that is left to the last.

    Who may write to all of the database can make another whole chain: keep the hash that this
    prints elsewhere, and hand it to --expect later. Rows that retention.audit_days removed are
    told of. Exit codes: 0 all is as it was written, 1 it is not; the first row that is not is
    named.
    """
    if expect is not None and not _is_digest(expect):
        raise click.BadParameter(f"{_DIGEST} hexadecimal digits", param_hint="--expect")
    with reading(database) as connection:
        require_current(connection)
        found = verify(connection, expect=expect.lower() if expect else None)
    if found.broken_id is not None:
        say(f"audit log: row {found.broken_id} {found.fault}; {found.rows} before it are in order")
        sys.exit(1)
    say(f"audit log: {found.rows} rows, as they were written{found.hash and f'; {found.hash}'}")
    if found.cut:
        say(f"{found.cut} before them were removed as too old, the last with hash {found.cut_hash}")


def _is_digest(text: str) -> bool:
    return len(text) == _DIGEST and all(one in "0123456789abcdefABCDEF" for one in text)

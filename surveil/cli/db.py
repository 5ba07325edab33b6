"""``surveil db``: the schema, its proofs, and retention by hand."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from itertools import islice

import click

from surveil.cli.databases import with_database
from surveil.cli.saying import say
from surveil.store import migrate, revisions
from surveil.store.engine import Database, describe, reading
from surveil.store.integrity import CHECKS, check_schema
from surveil.store.retention import cutoff_at, prune

MAX_FINDINGS = 20
"""Findings printed of one check; the rest is counted up to ``COUNTED``."""
COUNTED = 10_000


@click.group("db")
def command() -> None:
    """Bring the database up to date, check it, and delete what is old."""


@command.command("upgrade")
@with_database(create=True)
def upgrade(database: Database) -> None:
    """Apply pending migrations; `surveil run` does so by itself."""
    with reading(database) as connection:
        missing = revisions.pending(connection)
    migrate.upgrade(database)
    say(f"{describe(database.url)}: {_applied(missing)}")


def _applied(missing: list[str]) -> str:
    return f"applied {', '.join(missing)}" if missing else "is up to date"


@command.command("downgrade")
@click.argument("revision")
@click.confirmation_option("--yes", prompt="Rows of what is taken back are lost. Go on?")
@with_database()
def downgrade(database: Database, revision: str) -> None:
    """Take migrations back to REVISION; `base` takes back all."""
    migrate.downgrade(database, revision)
    say(f"{describe(database.url)}: is at {revision}")


@command.command("check")
@with_database()
def check(database: Database) -> None:
    """Prove that nothing was lost, nothing is stored twice, and every sum is right.

    Exit codes: 0 all is well, 1 something is not.
    """
    with reading(database) as connection:
        findings = list(check_schema(connection))
        for finding in findings[:MAX_FINDINGS]:
            say(f"{finding.check}: {finding.detail}")
        if findings:
            sys.exit(1)
        click.echo("schema: ok")
        is_whole = True
        for check_rows in CHECKS:
            name = check_rows.__name__.removeprefix("check_")
            found = list(islice(check_rows(connection), COUNTED))
            is_whole = is_whole and not found
            for finding in found[:MAX_FINDINGS]:
                say(f"{finding.check}: {finding.detail}")
            if len(found) > MAX_FINDINGS:
                click.echo(f"{name}: {len(found) - MAX_FINDINGS} more")
            if not found:
                click.echo(f"{name}: ok")
    if not is_whole:
        sys.exit(1)


@command.command("prune")
@click.option("--days", type=click.IntRange(1, 36_500), required=True, help="Whole days to keep.")
@click.confirmation_option("--yes", prompt="Older intervals and faces are deleted. Go on?")
@with_database()
def prune_command(database: Database, days: int) -> None:
    """Delete raw rows older than DAYS days; rollups and alerts stay."""
    with reading(database) as connection:
        revisions.require_current(connection)
    now = datetime.now(UTC)
    before_at = cutoff_at(now, days)
    count = sum(prune(database, before_at, actor="surveil db prune", now=now))
    click.echo(
        f"{describe(database.url)}: deleted {count} rows or partitions before {before_at:%Y-%m-%d}"
    )

"""``surveil alerts redeliver``."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from surveil.cli.databases import with_database
from surveil.cli.options import with_author
from surveil.cli.saying import say
from surveil.errors import ConfigError
from surveil.store.engine import Database, writing
from surveil.store.redelivery import MOST
from surveil.store.redelivery import redeliver as send_again
from surveil.store.revisions import require_current
from surveil.store.scope import Scope


@click.command("redeliver")
@click.argument("id_", metavar="[ID]", required=False)
@click.option("--failed", is_flag=True, help="All that failed, in place of those of one alert.")
@click.option("--receiver", metavar="NAME", help="Only what was for this receiver.")
@with_author
@with_database()
def redeliver(
    database: Database, id_: str | None, failed: bool, receiver: str | None, by: str
) -> None:
    """Send messages of an alert again that failed, or all of them with --failed.

    They keep their ids, and are tried for another 36 hours. With --failed those are left out after
    which the receiver was told something later of the same alert. ID is the alert's, or the end of
    it as tables show it.
    """
    if (id_ is None) is not failed:
        raise ConfigError("give the ID of an alert, or --failed")
    with writing(database) as connection:
        require_current(connection)
        found = send_again(
            connection, Scope.all(), id_, receiver=receiver, by=by, now=datetime.now(UTC)
        )
    none = "no message failed that is to be sent"
    say(f"{found.due} messages will be sent again" if found.due else none)
    if found.superseded:
        say(
            f"{found.superseded} left out: what their receivers were told later stands; "
            "give the ID of an alert to send its messages all the same"
        )
    if found.due + found.superseded == MOST:
        say("there may be more: run it again once these are delivered")

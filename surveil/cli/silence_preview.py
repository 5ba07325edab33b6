"""What a silence would hide: of the present, and of the last days."""

from __future__ import annotations

from datetime import datetime, timedelta

from rich.text import Text

from surveil.cli.saying import say
from surveil.cli.tabular import show
from surveil.rules.silences import Silence
from surveil.store.engine import Connection
from surveil.store.reading import count_fired, load_active
from surveil.store.scope import Scope
from surveil.tables import Column, cell, draw_table, number

LOOK_BACK = timedelta(days=7)
MOST_SHOWN = 1000
MOST_NAMED = 5
MOST_LINES = 30


def hidden_now(connection: Connection, silence: Silence) -> str:
    """Return the alerts that fire and that a silence covers, in words; empty for none."""
    hidden = [
        f"{alert.rule} ({alert.key})"
        for alert in load_active(connection, Scope.all(), rule=None, limit=MOST_SHOWN)
        if alert.state != "pending"
        and silence.covers_alert(alert.rule, alert.labels, alert.camera, silence.from_s)
    ]
    more = f" and {len(hidden) - MOST_NAMED} more" if len(hidden) > MOST_NAMED else ""
    return ", ".join(hidden[:MOST_NAMED]) + more


def preview(connection: Connection, silence: Silence, now: datetime) -> None:
    """Print what a silence would hide."""
    hidden = hidden_now(connection, silence)
    say(f"firing now: {hidden or 'none of them'}")
    found = [
        (kind, count)
        for kind, count in count_fired(connection, Scope.all(), since_at=now - LOOK_BACK)
        if silence.covers_alert(kind.rule, dict(kind.labels), kind.camera, silence.from_s)
    ]
    total, days = sum(count for _, count in found), LOOK_BACK.days
    say(f"of the last {days} days it would have hidden {total} alerts")
    cells: list[list[Text | str]] = [
        [cell(kind.rule), cell(kind.key), str(count)] for kind, count in found[:MOST_LINES]
    ]
    if cells:
        heads = [Column("rule"), Column("for"), number("fired")]
        show(lambda out: out.print(draw_table(out, heads, cells)))
    if len(found) > MOST_LINES:
        say(f"and {len(found) - MOST_LINES} more lines")
    say("nothing was changed")

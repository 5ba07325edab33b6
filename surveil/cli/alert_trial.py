"""``surveil alerts test-receiver``: does a message arrive?"""

from __future__ import annotations

import socket
import time
from datetime import UTC, datetime
from pathlib import Path

import click
from ulid import ULID

from surveil.cli.options import find_fleet, with_author
from surveil.cli.saying import say
from surveil.config.loading import load_fleet
from surveil.config.problems import did_you_mean
from surveil.errors import ConfigError, UnavailableError
from surveil.notify import Notice, Outcome
from surveil.notify.receiver import try_once
from surveil.notify.registry import make_receiver


@click.command("test-receiver")
@click.argument("name", metavar="NAME")
@click.option(
    "--fleet",
    "fleet_file",
    type=click.Path(path_type=Path),
    metavar="FLEET.yaml",
    help="Fleet whose receiver it is.  [default: $SURVEIL_FLEET, else ./fleet.yaml]",
)
@with_author
def test_receiver(name: str, fleet_file: Path | None, by: str) -> None:
    """Send a message of type test to a receiver, once, and say how that went.

    It goes from this process, past the daemon and its outbox; nothing is written down.
    """
    fleet = load_fleet(find_fleet(fleet_file, way="give --fleet FLEET.yaml"))
    config = fleet.receivers.get(name)
    if config is None:
        hint = did_you_mean(name, fleet.receivers)
        known = ", ".join(fleet.receivers) or "none"
        raise ConfigError(f"no receiver {name!r}{hint} (there are: {known})")
    notice = _trial(name, by)
    receiver, began_s = make_receiver(config.kind, config.settings), time.monotonic()
    try:
        attempt = try_once(receiver, notice, datetime.now(UTC))
    finally:
        receiver.close()
    lasted_s = time.monotonic() - began_s
    about = f"{name} ({config.kind})"
    if attempt.outcome is not Outcome.DELIVERED:
        raise UnavailableError(f"{about} did not take the test: {attempt.detail}")
    say(f"{about} took the test {notice.id} in {lasted_s:.1f} s")
    if attempt.detail:
        say(attempt.detail)


def _trial(name: str, by: str) -> Notice:
    at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    summary = f"Test of the receiver {name}, asked for by {by} on {socket.gethostname()}: no alert."
    data = {
        "rule": "test",
        "key": "test",
        "state": "test",
        "value": None,
        "threshold": None,
        "at": at,
        "labels": {},
        "annotations": {"summary": summary},
    }
    return Notice(f"msg_{ULID()}", {"type": "test", "timestamp": at, "data": data})

"""``surveil status``: does the daemon run, and how does each camera do."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import click

from surveil.cli.asking import ask, look_back
from surveil.cli.options import find_fleet
from surveil.cli.status_tables import draw_absent, draw_status
from surveil.cli.tabular import show
from surveil.errors import NOT_LIVE_EXIT_CODE, NOT_RUNNING_EXIT_CODE, ConfigError, UnavailableError
from surveil.live.standing import Absent
from surveil.live.status import DaemonStatus, Health


@click.command("status")
@click.argument("fleet", metavar="[FLEET.yaml]", required=False, type=click.Path(path_type=Path))
@click.option(
    "--url", help="Ask this dashboard, also of another machine, with the token in $SURVEIL_TOKEN."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(fleet: Path | None, url: str | None, as_json: bool) -> None:
    """Say whether the daemon of FLEET.yaml runs, and how each camera does.

    Where none runs, SQL tells what was last known of each camera, and as of when.

    Exit codes: 0 all is live, 2 configuration, 6 it runs but not all is live, 7 it does not run; 5
    the dashboard of --url does not answer.
    """
    if url is not None:
        if fleet is not None:
            raise ConfigError("--url asks a dashboard, which knows its fleet: give no FLEET.yaml")
        _tell(_ask_dashboard(url), as_json=as_json)
    fleet_file = find_fleet(fleet)
    try:
        status = ask(fleet_file)
    except UnavailableError as error:
        absent = look_back(fleet_file, str(error))
        if as_json:
            click.echo(json.dumps(_absent_json(absent), indent=2))
        else:
            now = datetime.now(UTC)
            show(lambda console: draw_absent(console, absent, now))
        sys.exit(NOT_RUNNING_EXIT_CODE)
    _tell(status, as_json=as_json)


def _tell(status: DaemonStatus, *, as_json: bool) -> NoReturn:
    if as_json:
        click.echo(json.dumps({"running": True, **json.loads(status.to_json())}, indent=2))
    else:
        show(lambda console: draw_status(console, status))
    sys.exit(exit_code_of(status))


def _ask_dashboard(url: str) -> DaemonStatus:
    # Here: it loads SQLAlchemy, which asking this machine's daemon does without.
    from surveil.python.client import ApiError, Client

    try:
        with Client(url, os.environ.get("SURVEIL_TOKEN", "")) as client:
            return client.fleet()
    except ApiError as error:
        raise ConfigError(f"{url}: {error} (the token in SURVEIL_TOKEN)") from error


def exit_code_of(status: DaemonStatus) -> int:
    """Return the exit code that tells scripts how a running daemon does."""
    return 0 if status.health is Health.LIVE else NOT_LIVE_EXIT_CODE


def _absent_json(absent: Absent) -> dict[str, Any]:
    as_of_at = absent.as_of_at
    return {
        "running": False,
        "why": absent.why,
        "as_of_at": as_of_at.isoformat() if as_of_at else None,
        "unknown": absent.unknown,
        "cameras": [
            {
                "camera": one.camera,
                "state": one.state,
                "reason": one.reason,
                "at": one.at.isoformat(),
                "analysed_until_at": (
                    one.analysed_until_at.isoformat() if one.analysed_until_at else None
                ),
            }
            for one in absent.known
        ],
    }

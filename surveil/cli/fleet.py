"""``surveil fleet``: cameras over several hosts."""

from __future__ import annotations

import json
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from surveil.cli.databases import with_database
from surveil.cli.options import find_fleet, with_fleet_file
from surveil.cli.saying import say
from surveil.cli.tabular import show
from surveil.config import Fleet, load_fleet
from surveil.errors import ConfigError
from surveil.logs import configure_logs
from surveil.store.engine import Database, connect, reading, writing
from surveil.store.hosts import load_holdings, load_hosts, load_placement, set_state
from surveil.store.revisions import require_current
from surveil.store.upgrading import bring_up
from surveil.tables import Column, cell, draw_table, number, whole
from surveil.workers.cluster.placing import Plan
from surveil.workers.cluster.replanning import needs_of, replan
from surveil.workers.host.membership import check_shared


@click.group("fleet")
def command() -> None:
    """Spread cameras over several hosts: start them, look, drain one."""


def _open(fleet_file: Path) -> tuple[Fleet, Database]:
    fleet = load_fleet(fleet_file)
    check_shared(fleet)
    database = connect(fleet.database.reveal(), create=False)
    bring_up(database)
    return fleet, database


@command.command("up")
@with_fleet_file
@click.option(
    "--address",
    metavar="ADDRESS",
    help="Of the Ray cluster; auto is the one this machine is of.  [default: a new one, here]",
)
def up(fleet_file: Path, address: str | None) -> None:
    """Run FLEET.yaml on each node of a Ray cluster that offers the resource surveil.

    FLEET.yaml lies at the same path on each node, with its secrets; Redis and PostgreSQL are
    shared. Ctrl-C ends this driver alone: the hosts go on, and the next driver finds them.

    Exit codes: 0 ended as asked, 2 configuration, 5 no cluster or no database.
    """
    from surveil.workers.cluster.driver import Driver

    configure_logs(role="fleet", level="info", json=not sys.stderr.isatty())
    fleet, database = _open(fleet_file)
    stopping = threading.Event()
    driver = Driver(fleet_file, fleet, database, address)
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: stopping.set())
    try:
        driver.run(stopping)
    finally:
        driver.close()
        database.dispose()


_with_fleet = click.option(
    "--fleet",
    "fleet_file",
    type=click.Path(path_type=Path),
    metavar="FLEET.yaml",
    callback=lambda _context, _option, value: find_fleet(value, way="give --fleet FLEET.yaml"),
    help="The fleet.  [default: $SURVEIL_FLEET, else ./fleet.yaml]",
)


@command.command("down")
@_with_fleet
def down(fleet_file: Path) -> None:
    """Ask all hosts to end, in order; `surveil fleet up` starts them again."""
    _, database = _open(fleet_file)
    with writing(database) as connection:
        names = [one.id for one in load_hosts(connection)]
        for name in names:
            set_state(connection, name, "stopping")
    say(f"asked to end: {', '.join(names) or 'nobody, there is no host'}")


@command.command("drain")
@_with_fleet
@click.argument("host")
def drain(fleet_file: Path, host: str) -> None:
    """Move the cameras of HOST to others; it takes none until it is started again.

    Exit codes: 0 they move, 2 configuration, or there is no such host.
    """
    fleet, database = _open(fleet_file)
    with writing(database) as connection:
        names = [one.id for one in load_hosts(connection)]
        if not set_state(connection, host, "draining"):
            known = ", ".join(names) or "none yet"
            raise ConfigError(f"no host is called {host}; there are: {known}")
    _tell(replan(database, needs_of(fleet), fleet.leases.ttl_s))


@command.command("rebalance")
@_with_fleet
def rebalance(fleet_file: Path) -> None:
    """Move as few cameras as make hosts equally loaded for what they carry."""
    fleet, database = _open(fleet_file)
    _tell(replan(database, needs_of(fleet), fleet.leases.ttl_s, evenly=True))


def _tell(plan: Plan) -> None:
    for camera, host in sorted(plan.moved.items()):
        say(f"{camera} -> {host}")
    if plan.homeless:
        say(f"no host takes: {', '.join(sorted(plan.homeless))}", err=True)
    if not plan.moved:
        say("no camera moves")


@command.command("status")
@with_database()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def status(database: Database, as_json: bool) -> None:
    """Show hosts, their cameras, and who holds which lease."""
    found = read_status(database)
    if as_json:
        say(json.dumps(found, indent=2))
    else:
        show(lambda console: _draw(console, found))


def read_status(database: Database) -> dict[str, Any]:
    """Return what SQL knows of hosts and of where cameras are and are to be."""
    with reading(database) as connection:
        require_current(connection)
        hosts = load_hosts(connection)
        placed = load_placement(connection)
        holdings = load_holdings(connection)
    cameras = sorted(placed.keys() | {name for name in holdings if ":" not in name})
    return {
        "hosts": [
            {
                "host": one.id,
                "state": one.state,
                "silent_s": round(one.silent_s, 1),
                "capacity_fps": one.capacity_fps,
                "labels": dict(one.labels),
                "placed": sum(host == one.id for host in placed.values()),
                "held": sum(holdings[c].holder == one.id for c in cameras if c in holdings),
            }
            for one in hosts
        ],
        "cameras": [
            {
                "camera": camera,
                "host": placed.get(camera),
                "held_by": holdings[camera].holder if camera in holdings else None,
                "token": holdings[camera].token if camera in holdings else None,
            }
            for camera in cameras
        ],
    }


def _draw(console: Console, found: dict[str, Any]) -> None:
    heads: list[Column | str] = [whole("host"), whole("state"), number("heard s ago")]
    heads += [number("cameras"), number("held"), number("carries fps"), "labels"]
    rows = [
        [
            one["host"],
            one["state"],
            one["silent_s"],
            one["placed"],
            one["held"],
            f"{one['capacity_fps']:g}",
            ", ".join(f"{key}={value}" for key, value in one["labels"].items()),
        ]
        for one in found["hosts"]
    ]
    console.print(draw_table(console, heads, [list(map(cell, row)) for row in rows]))
    astray = [one for one in found["cameras"] if one["held_by"] != one["host"]]
    if astray:
        console.print()
        columns: list[Column | str] = [whole("camera"), whole("to be on"), whole("held by")]
        cells = [[cell(one[key] or "-") for key in ("camera", "host", "held_by")] for one in astray]
        console.print(draw_table(console, columns, cells))

"""``surveil web``: the dashboard alone."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import click
import uvicorn

from surveil.cli.options import with_fleet_file
from surveil.config import load_fleet
from surveil.live.frames import LiveViews
from surveil.logs import configure_logs
from surveil.sqlite_place import check_place_of
from surveil.store.engine import connect
from surveil.store.upgrading import bring_up
from surveil.web.app import create_app
from surveil.web.guard import Guard
from surveil.web.serving import address_of, check_exposure, listen, serve
from surveil.web.site import MOST_QUERIES, Site
from surveil.workers.host.assignments import narrow


@click.command("web")
@with_fleet_file
def command(fleet_file: Path) -> None:
    """Serve the dashboard of FLEET.yaml, whose daemon may run elsewhere.

    `surveil run` serves it by itself, unless web.enabled is false.

    Exit codes: 0 ended as asked, 2 configuration, 4 port in use, 5 the database is away.
    """
    configure_logs(role="web", level="info", json=False)
    whole = load_fleet(fleet_file)
    fleet = narrow("web", whole, whole.cameras)
    check_place_of(fleet.database.reveal())
    database = connect(fleet.database.reveal(), most_connections=MOST_QUERIES)
    site = Site(fleet, database, live=LiveViews.of(fleet.cameras))
    guard = Guard(site)
    try:
        bring_up(database)
        check_exposure(site)
        with listen(fleet.web) as sock:
            click.echo(f"dashboard: {address_of(fleet.web, sock)}/open/{guard.make_link()}")
            serve(create_app(site, guard), fleet.web, sock, _until_asked)
    finally:
        database.dispose()


async def _until_asked(server: uvicorn.Server) -> None:
    asked = asyncio.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signum, asked.set)
    await asked.wait()
    server.should_exit = True

"""The process of the dashboard: ``surveil.web`` behind the supervisor's lifeline.

It reads, and is asked for nothing by the others: dead or slow, it reaches none of them.
"""

from __future__ import annotations

import asyncio
import sys
import time

import uvicorn

from surveil.config import Fleet
from surveil.errors import UnavailableError
from surveil.live.frames import LiveViews
from surveil.logs import get_logger
from surveil.store.engine import connect
from surveil.web.app import create_app
from surveil.web.guard import Guard
from surveil.web.serving import address_of, check_exposure, is_loopback, listen, serve
from surveil.web.site import MOST_QUERIES, Site
from surveil.workers.host.availability import Availability, StoppedError
from surveil.workers.host.lifeline import STAGE_BOUNDS_S, Lifeline, Telemetry, observe

BEAT_EVERY_S = 1.0
STUCK_S = 30.0
"""An event loop that does not turn for so long is stuck."""

_log = get_logger("web")


class _Tally:
    """Hands figures to the supervisor."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        self._telemetry.count(name, amount, **labels)

    def gauge(self, name: str, value: float, **labels: str) -> None:
        self._telemetry.gauge(name, value, **labels)

    def observe(self, name: str, seconds: float) -> None:
        observe(self._telemetry, name, seconds, STAGE_BOUNDS_S)


def run(fleet: Fleet, lifeline: Lifeline, live: LiveViews | None = None) -> int:
    """Serve until told to stop; main function of the web process. Returns the exit code.

    Args:
        fleet: The configuration.
        lifeline: The line to the supervisor.
        live: What may be watched live.

    Raises:
        ConfigError: It would show beyond this machine what it must not.
        InUseError: Its port belongs to another process.
    """
    database = connect(fleet.database.reveal(), most_connections=MOST_QUERIES)
    site = Site(
        fleet,
        database,
        live=live or LiveViews.of(fleet.cameras),
        tally=_Tally(lifeline.telemetry),
    )
    guard = Guard(site)
    try:
        if not is_loopback(fleet.web.bind):
            Availability(lifeline).wait_for("sql", lambda: check_exposure(site))
        with listen(fleet.web) as sock:
            url = address_of(fleet.web, sock)
            _log.info("web.serving", url=url)
            _offer(url, guard)
            app = create_app(site, guard)
            serve(app, fleet.web, sock, lambda server: _beat(server, lifeline))
    except StoppedError:
        pass
    finally:
        database.dispose()
    return 0


async def _beat(server: uvicorn.Server, lifeline: Lifeline) -> None:
    """Keep the promise to the supervisor, from within the loop that answers requests."""
    lifeline.ready()
    while not lifeline.stopping.is_set():
        lifeline.beat(STUCK_S, "serving")
        await asyncio.sleep(BEAT_EVERY_S / 4)
    server.should_exit = True


def _offer(url: str, guard: Guard, *, wait_s: float = 10.0) -> None:
    """Print a link that opens the dashboard once, for the person at the terminal; never log it."""
    if not sys.stderr.isatty():
        return
    until_mono_s = time.monotonic() + wait_s
    while time.monotonic() < until_mono_s:
        try:
            link = guard.make_link()
        except UnavailableError:
            time.sleep(0.5)  # the recorder makes the tables of a new database
        else:
            sys.stderr.write(f"dashboard: {url}/open/{link}\n")
            return

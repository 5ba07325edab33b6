"""A fleet with a past, for measurements of its dashboard: rollups of days, and a daemon's status.

The past is made once for a database: where cameras are in it already, it is taken as it is, and its
last instant is the present.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa
import uvicorn
from ulid import ULID

from surveil.config.schema import Fleet, Http
from surveil.domain import (
    Box,
    CameraEvent,
    CameraState,
    Emotion,
    Event,
    FrameCounts,
    IntervalEvent,
    Reason,
    TrackVote,
)
from surveil.live.frames import LiveViews
from surveil.live.status import CameraStatus, DaemonStatus, FlowStatus, Health
from surveil.store.access import KeyKind, Role, UserRow, make_key, put_user
from surveil.store.engine import connect, reading, writing
from surveil.store.ingest import write_batch
from surveil.store.tables import COVERAGES, TIMELINES, camera
from surveil.store.upgrading import bring_up
from surveil.web.app import create_app
from surveil.web.guard import Guard
from surveil.web.serving import listen, serve
from surveil.web.site import Site

EMOTIONS = ("happy", "neutral", "sad")


def options(description: str) -> argparse.ArgumentParser:
    """Return a parser that asks which fleet is to be measured."""
    parser = argparse.ArgumentParser(description=description.partition("\n")[0])
    parser.add_argument("--cameras", type=int, default=200)
    parser.add_argument("--days", type=int, default=7)
    parser.add_argument("--database", default="sqlite", help="sqlite, postgres or a URL to keep")
    return parser


def past(url: str, cameras: list[str], days: int) -> datetime:
    """Make a past of cameras in a database that has none; return its last instant."""
    database = connect(url)
    bring_up(database)
    with reading(database) as connection:
        last = connection.execute(sa.select(sa.func.max(camera.c.last_seen_at))).scalar()
    if last is None:
        last = datetime.now(UTC)
        fill(database, cameras, days, last)
        fill_present(database, cameras, last)
    database.dispose()
    return last


def fill(database: sa.Engine, cameras: list[str], days: int, now: datetime) -> None:
    """Store rollups of every minute and hour, three expressions in each."""
    start_at = now.replace(minute=0, second=0, microsecond=0) - timedelta(days=days)
    with writing(database) as connection:
        connection.execute(
            sa.insert(camera),
            [
                {
                    "id": one, "first_seen_at": start_at, "last_seen_at": now,
                    "last_analysed_at": now,
                }
                for one in cameras
            ],
        )  # fmt: skip
    first = cameras[0]
    with writing(database) as connection:
        for size in TIMELINES:
            starts = [
                start_at + timedelta(seconds=size * i)
                for i in range(int((now - start_at).total_seconds() // size) + 1)
            ]
            covered = [_covered(first, at, size) for at in starts]
            connection.execute(sa.insert(COVERAGES[size]), covered)
            votes = [_voted(first, at, size, emotion) for at in starts for emotion in EMOTIONS]
            connection.execute(sa.insert(TIMELINES[size]), votes)
    for one in cameras[1:]:
        with writing(database) as connection:
            for table in (*COVERAGES.values(), *TIMELINES.values()):
                names = [column.name for column in table.columns]
                others = [column for column in table.columns if column.name != "camera_id"]
                same = sa.select(sa.literal(one), *others).where(table.c.camera_id == first)
                connection.execute(sa.insert(table).from_select(names, same))


def fill_present(database: sa.Engine, cameras: list[str], now: datetime) -> None:
    """Store the last seconds of cameras, two faces in each."""
    box = Box(0.4, 0.3, 0.5, 0.5)
    scores = (0.0, 0.0, 0.0, 0.9, 0.1, 0.0, 0.0)
    votes = tuple(
        TrackVote(track, 5, box, 0.99, 100, Emotion.HAPPY, 0.9, scores) for track in (1, 2)
    )
    begins = now - timedelta(seconds=10)
    for one in cameras:
        run = str(ULID())
        events: list[Event] = [CameraEvent(one, run, 1, begins, CameraState.LIVE, Reason.NONE)]
        for second in range(10):
            from_at = begins + timedelta(seconds=second)
            counts = FrameCounts(25, 5, 5)
            to_at = from_at + timedelta(seconds=1)
            events.append(
                IntervalEvent(one, run, second + 2, from_at, to_at, counts, votes, "bench@0")
            )
        with writing(database) as connection:
            write_batch(connection, events)


def _voted(one: str, at: datetime, size: int, emotion: str) -> dict[str, object]:
    sums = {"votes": size, "score_sum": size * 0.6, "confidence_sum": size * 0.6}
    return {"camera_id": one, "bucket_at": at, "emotion": emotion, **sums}


def _covered(one: str, at: datetime, size: int) -> dict[str, object]:
    counts = dict.fromkeys(("captured", "sampled", "analysed"), size * 5)
    return {
        "camera_id": one, "bucket_at": at, "intervals": size, **counts, "dropped": 0, "gated": 0,
        "faces": size * 3, "analysed_s": size, "gap_s": 0.0, "reason": None,
    }  # fmt: skip


def status_of(cameras: list[str], now: datetime) -> DaemonStatus:
    """Return a daemon that watches all of them; their figures differ each second."""
    chance = random.Random(now.timestamp() // 1)
    return DaemonStatus(
        "0", "host", 1, "/", ("inference", "recorder", "alerter"), now, now, Health.LIVE, (), (),
        tuple(
            CameraStatus(
                one, CameraState.LIVE, Reason.NONE, "", now, "01A", "inference", 5.0,
                chance.gauss(25, 0.1), chance.gauss(5, 0.05), {}, 0.0, chance.randint(0, 4), 0,
                False,
            )
            for one in cameras
        ),
        FlowStatus(True, 0, 0, 0.0, 0.0, 0.0, 0.1, 0.2), 10**9, None,
    )  # fmt: skip


class Place(NamedTuple):
    """A dashboard that is served.

    Attributes:
        pid: Of its process.
        url: Where.
        key: A session's, of an administrator.
    """

    pid: int
    url: str
    key: str


def site_of(url: str, cameras: list[str], now: datetime, live: LiveViews | None = None) -> Site:
    """Return the dashboard of cameras whose last instant in the database was ``now``."""
    source = {one: {"source": "rtsp://127.0.0.1/x"} for one in cameras}
    fleet = Fleet.model_validate(
        {"data_dir": "/nonexistent", "database": url, "cameras": source},
        context={"base": Path("/")},
    )

    def ask(_http: Http, _data_dir: Path) -> DaemonStatus:
        return status_of(cameras, datetime.now(UTC))

    site = Site(fleet, connect(url), live=live or LiveViews(), ask_daemon=ask)
    site.now = lambda: now  # so that what is stored of the present stays the present
    return site


def session(site: Site) -> str:
    """Add an administrator and return the key of a session."""
    with writing(site.database) as connection:
        put_user(connection, UserRow("ann", "", Role.ADMIN, ("*",), site.now()))
        return make_key(
            connection, KeyKind.SESSION, "ann", role=Role.ADMIN, cameras=("*",), label="bench",
            now=site.now(), lifetime=timedelta(hours=12),
        )  # fmt: skip


@contextmanager
def served(
    url: str, cameras: list[str], days: int, live: Callable[[], LiveViews] = LiveViews
) -> Iterator[Place]:
    """Serve the dashboard from a process of its own.

    Args:
        url: Of the database.
        cameras: Of the fleet.
        days: How long its past is, if that is yet to be made.
        live: Returns, in that process, what may be watched.
    """
    now = past(url, cameras, days)
    context = multiprocessing.get_context("fork")  # hands over the memory of what is watched live
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(url, cameras, now, there, live), daemon=True)
    process.start()
    try:
        port, key = here.recv()
        assert process.pid is not None
        yield Place(process.pid, f"http://localhost:{port}", key)
    finally:
        here.send(None)
        process.join(30)


def _serve(
    url: str, cameras: list[str], now: datetime, line: Connection, live: Callable[[], LiveViews]
) -> None:
    site = site_of(url, cameras, now, live())

    async def until_told(server: uvicorn.Server) -> None:
        while not line.poll():
            await asyncio.sleep(0.1)
        server.should_exit = True

    web = site.fleet.web.model_copy(update={"port": 0})
    with listen(web) as sock:
        line.send((sock.getsockname()[1], session(site)))
        serve(create_app(site, Guard(site)), web, sock, until_told)

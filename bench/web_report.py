"""Measure the server's time for pages and API with many cameras and days of data.

    python bench/web_report.py --cameras 200 --days 7 [--database postgres]

Fills a database with rollups of every minute and hour and asks each page and route in this
process, as an administrator, without network and browser: what is measured is the time until the
answer is whole, by the wall clock and by this process's processor time. PostgreSQL works in other
processes.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from fastapi.testclient import TestClient

from surveil.config.schema import Fleet, Http
from surveil.domain import CameraState, Reason
from surveil.live.status import CameraStatus, DaemonStatus, FlowStatus, Health
from surveil.measuring.servers import lend_database
from surveil.store.access import KeyKind, Role, UserRow, make_key, put_user
from surveil.store.engine import connect, writing
from surveil.store.tables import COVERAGES, TIMELINES, camera
from surveil.store.upgrading import bring_up
from surveil.web.app import create_app
from surveil.web.guard import Guard
from surveil.web.site import Site
from surveil.web.wiring import COOKIE

EMOTIONS = ("happy", "neutral", "sad")
ADDRESS = "http://localhost:8808"


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
    """Return a daemon that watches all of them."""
    return DaemonStatus(
        "0", "host", 1, "/", ("inference", "recorder", "alerter"), now, now, Health.LIVE, (), (),
        tuple(
            CameraStatus(
                one, CameraState.LIVE, Reason.NONE, "", now, "01A", "inference", 5.0, 25.0, 5.0,
                {}, 0.0, 2, 0, False,
            )
            for one in cameras
        ),
        FlowStatus(True, 0, 0, 0.0, 0.0, 0.0, 0.1, 0.2), 10**9, None,
    )  # fmt: skip


def measure(ask: Callable[[], object], times: int) -> tuple[float, float, float]:
    """Return the median and the 95th percentile by the clock, and the mean processor time, s."""
    ask()
    took, began_s = [], time.process_time()
    for _ in range(times):
        start_s = time.perf_counter()
        ask()
        took.append(time.perf_counter() - start_s)
    cpu_s = (time.process_time() - began_s) / times
    return statistics.median(took), sorted(took)[int(times * 0.95)], cpu_s


def main() -> None:
    """Fill, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cameras", type=int, default=200)
    parser.add_argument("--days", type=int, default=7)
    parser.add_argument("--times", type=int, default=40)
    parser.add_argument("--database", default="sqlite", help="sqlite, postgres or a URL")
    args = parser.parse_args()
    now = datetime.now(UTC)
    cameras = [f"cam-{i:03}" for i in range(args.cameras)]
    with lend_database(args.database) as url:
        database = connect(url)
        bring_up(database)
        start_s = time.perf_counter()
        fill(database, cameras, args.days, now)
        print(f"load {os.getloadavg()[0]:.0f}, filled in {time.perf_counter() - start_s:.0f} s")
        client = client_of(database, url, cameras, now)
        last = cameras[-1]
        since = f"{now - timedelta(days=args.days):%Y-%m-%dT%H:%M:%SZ}"
        span = f"from={since}&to={now:%Y-%m-%dT%H:%M:%SZ}"
        for path in (
            "/", "/fleet/tiles", f"/cameras/{last}", f"/cameras/{last}/chart",
            f"/cameras/{last}/chart?from={args.days}d", "/alerts", "/rules", "/api/v1/cameras",
            f"/api/v1/timelines?{span}&bucket=1h&camera={last}",
            f"/api/v1/timelines?{span}&bucket=15m&camera={last}",
        ):  # fmt: skip
            answer = client.get(path)
            assert answer.status_code == 200, (path, answer.text)
            half, most, cpu = measure(lambda path=path: client.get(path), args.times)  # type: ignore[misc]
            print(
                f"{path.replace(span, '…'):50} p50 {half * 1000:6.0f} ms  p95 {most * 1000:6.0f} ms"
                f"  processor {cpu * 1000:6.0f} ms  {len(answer.content):9,} bytes"
            )
        database.dispose()


def client_of(database: sa.Engine, url: str, cameras: list[str], now: datetime) -> TestClient:
    """Return a browser that has logged in as an administrator."""
    fleet = Fleet.model_validate(
        {
            "data_dir": "/nonexistent",
            "database": url,
            "cameras": {one: {"source": "rtsp://127.0.0.1/x"} for one in cameras},
        },
        context={"base": Path("/")},
    )
    status = status_of(cameras, now)

    def ask(_http: Http, _data_dir: Path) -> DaemonStatus:
        return status

    site = Site(fleet, database, ask_daemon=ask)
    client = TestClient(create_app(site, Guard(site)), base_url=ADDRESS)
    with writing(database) as connection:
        put_user(connection, UserRow("ann", "", Role.ADMIN, ("*",), now))
        key = make_key(
            connection, KeyKind.SESSION, "ann", role=Role.ADMIN, cameras=("*",), label="bench",
            now=now, lifetime=timedelta(hours=1),
        )  # fmt: skip
    client.cookies.set(COOKIE, key)
    return client


if __name__ == "__main__":
    main()

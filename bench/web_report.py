"""Measure the server's time for pages and API with many cameras and days of data.

    python bench/web_report.py --cameras 200 --days 7 [--database postgres]

Fills a database with rollups of every minute and hour and asks each page and route in this
process, as an administrator, without network and browser: what is measured is the time until the
answer is whole, by the wall clock and by this process's processor time. PostgreSQL works in other
processes. A database that is given by its URL is filled once, and used again as it is.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from datetime import timedelta

from fastapi.testclient import TestClient
from web_material import options, past, session, site_of

from surveil.measuring.servers import lend_database
from surveil.web.app import create_app
from surveil.web.guard import Guard
from surveil.web.wiring import COOKIE

ADDRESS = "http://localhost:8808"


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
    parser = options(__doc__)
    parser.add_argument("--times", type=int, default=40)
    args = parser.parse_args()
    cameras = [f"cam-{i:03}" for i in range(args.cameras)]
    with lend_database(args.database) as url:
        start_s = time.perf_counter()
        now = past(url, cameras, args.days)
        print(f"load {os.getloadavg()[0]:.0f}, filled in {time.perf_counter() - start_s:.0f} s")
        site = site_of(url, cameras, now)
        client = TestClient(create_app(site, Guard(site)), base_url=ADDRESS)
        client.cookies.set(COOKIE, session(site))
        last = cameras[-1]
        since = f"{now - timedelta(days=args.days):%Y-%m-%dT%H:%M:%SZ}"
        span = f"from={since}&to={now:%Y-%m-%dT%H:%M:%SZ}"
        for path in (
            "/", "/fleet/tiles", "/fleet/strips", f"/cameras/{last}", f"/cameras/{last}/chart",
            f"/cameras/{last}/chart?from={args.days}d", "/timelines", "/alerts", "/rules",
            "/models", "/system", "/api/v1/cameras",
            f"/api/v1/timelines?{span}&bucket=1h&camera={last}",
            f"/api/v1/timelines?{span}&bucket=15m&camera={last}",
        ):  # fmt: skip
            answer = client.get(path)
            assert answer.status_code == 200, (path, answer.text)
            sent = int(answer.headers["content-length"])
            half, most, cpu = measure(lambda path=path: client.get(path), args.times)  # type: ignore[misc]
            print(
                f"{path.replace(span, '…'):50} p50 {half * 1000:6.0f} ms  p95 {most * 1000:6.0f} ms"
                f"  processor {cpu * 1000:6.0f} ms  {len(answer.content):9,} bytes, {sent:7,} sent"
            )
        site.database.dispose()


if __name__ == "__main__":
    main()

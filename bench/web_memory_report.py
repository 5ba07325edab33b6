"""How much the dashboard's process grows with openings of its pages, and with hours of open ones.

    python bench/web_memory_report.py [--openings 500] [--hours 8] [--cameras 200 --days 7]

Serves the dashboard from a process of its own and asks it, without a browser, for every page in
turn, as often as ``--openings`` says; then for the parts that the fleet's and a camera's open page
ask for, as often as in so many hours, one right after the other. Prints the resident memory of the
process at the beginning and after each tenth; the first tenth fills caches. What is private would
mislead: pages that the process was forked with become its own when the other one writes to them.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable
from itertools import chain, cycle, islice

import httpx
import psutil
from web_material import Place, options, served

from surveil.measuring.servers import lend_database
from surveil.web.wiring import COOKIE

PAGES = ("/", "/timelines", "/alerts", "/rules", "/models", "/system")
_POLLED = re.compile(r'hx-get="([^"]+)" hx-trigger="every (\d+)s')


def resident_mb(pid: int) -> float:
    """Return the memory of a process, in MB."""
    return float(psutil.Process(pid).memory_info().rss) / 1e6


def polls(client: httpx.Client, pages: Iterable[str], hours: float) -> list[str]:
    """Return what open pages ask for in so many hours, in turn."""
    every = [
        (path.replace("&amp;", "&"), float(seconds))
        for page in pages
        for path, seconds in _POLLED.findall(client.get(page).text)
    ]
    assert len(every) >= 4, every
    due = sorted(
        (number * seconds, path)
        for path, seconds in every
        for number in range(round(hours * 3600 / seconds))
    )
    return [path for _, path in due]


def ask(client: httpx.Client, place: Place, paths: list[str], what: str) -> None:
    """Ask for all, and print how the server's memory goes."""
    start_mb, began_s = resident_mb(place.pid), time.monotonic()
    print(f"{what}: {start_mb:.1f} MB before, load {os.getloadavg()[0]:.0f}", flush=True)
    for number, path in enumerate(paths, 1):
        client.get(path).raise_for_status()
        if number % max(len(paths) // 10, 1) == 0:
            now_mb = resident_mb(place.pid)
            print(
                f"  after {number:6,}: {now_mb:.1f} MB, {now_mb - start_mb:+.1f} MB"
                f" in {time.monotonic() - began_s:.0f} s",
                flush=True,
            )


def main() -> None:
    """Serve, ask, print."""
    parser = options(__doc__)
    parser.add_argument("--openings", type=int, default=500)
    parser.add_argument("--hours", type=float, default=8.0)
    args = parser.parse_args()
    cameras = [f"cam-{i:03}" for i in range(args.cameras)]
    with (
        lend_database(args.database) as url,
        served(url, cameras, args.days) as place,
        httpx.Client(base_url=place.url, cookies={COOKIE: place.key}, timeout=60) as client,
    ):
        own = ([f"/cameras/{one}", f"/cameras/{one}/chart"] for one in cameras[:10])
        pages = (*PAGES, *chain.from_iterable(own))
        ask(client, place, list(islice(cycle(pages), args.openings)), "openings")
        asked = polls(client, ("/", f"/cameras/{cameras[0]}"), args.hours)
        ask(client, place, asked, f"{args.hours:g} hours of two open pages")


if __name__ == "__main__":
    main()

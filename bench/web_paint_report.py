"""How soon pages are seen in a browser, with many cameras and days of data.

    python bench/web_paint_report.py --cameras 200 --days 7 [--database postgres] [--times 20]

Serves the dashboard from a process of its own and opens each page in a Chromium that has nothing of
it: from the start of the navigation until something is painted (first-contentful-paint), and until
all is loaded, by the browser's own clock (PerformancePaintTiming, PerformanceNavigationTiming).
"""

from __future__ import annotations

import os
import statistics

import psutil
from kit.browsing import FLAGS
from playwright.sync_api import Browser, sync_playwright
from web_material import Place, options, served

from surveil.measuring.servers import lend_database
from surveil.web.wiring import COOKIE

TIMES_MS = """() => [
  performance.getEntriesByName("first-contentful-paint")[0].startTime,
  performance.getEntriesByType("navigation")[0].loadEventEnd,
]"""


def open_page(browser: Browser, place: Place, path: str) -> tuple[float, float]:
    """Return when a page was painted first and when it was loaded, in ms."""
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        context.add_cookies([{"name": COOKIE, "value": place.key, "url": place.url}])
        page = context.new_page()
        page.goto(place.url + path, wait_until="load")
        page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
        painted_ms, loaded_ms = page.evaluate(TIMES_MS)
        return painted_ms, loaded_ms


def main() -> None:
    """Serve, open, print."""
    parser = options(__doc__)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--browser", default="/usr/bin/chromium")
    args = parser.parse_args()
    cameras = [f"cam-{i:03}" for i in range(args.cameras)]
    with (
        lend_database(args.database) as url,
        served(url, cameras, args.days) as place,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=args.browser, args=list(FLAGS))
        process = psutil.Process(place.pid)
        for path in (
            "/", f"/cameras/{cameras[-1]}", "/timelines", "/alerts", "/rules", "/models", "/system",
        ):  # fmt: skip
            open_page(browser, place, path)
            before_s = sum(process.cpu_times()[:2])
            took = [open_page(browser, place, path) for _ in range(args.times)]
            cpu_ms = (sum(process.cpu_times()[:2]) - before_s) / args.times * 1000
            painted, loaded = (sorted(column) for column in zip(*took, strict=True))
            print(
                f"{path:18} painted p50 {statistics.median(painted):6.0f} ms"
                f"  p95 {painted[int(args.times * 0.95) - 1]:6.0f} ms"
                f"  loaded p95 {loaded[int(args.times * 0.95) - 1]:6.0f} ms"
                f"  server {cpu_ms:4.0f} ms of processor  load {os.getloadavg()[0]:.0f}"
            )
        browser.close()


if __name__ == "__main__":
    main()

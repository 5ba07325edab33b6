"""How much the dashboard's process grows when its pages are opened again and again.

    python bench/web_memory_report.py http://localhost:8808/open/KEY PID [OPENINGS]

Opens every page in turn without a browser, as one viewer; prints the private memory of the process
before, after a tenth (which fills caches), and at the end.
"""

from __future__ import annotations

import sys
from itertools import cycle, islice
from urllib.parse import urlsplit

import httpx
import psutil

PAGES = ("/", "/fleet/tiles", "/timelines", "/alerts", "/rules", "/models", "/system")


def private_mb(pid: int) -> float:
    """Return the memory that a process shares with nobody, in MB."""
    return float(psutil.Process(pid).memory_full_info().uss) / 1e6


def main() -> None:
    """Open pages and print what they cost."""
    link, pid = sys.argv[1], int(sys.argv[2])
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 500
    parts = urlsplit(link)
    base = f"{parts.scheme}://{parts.netloc}"
    with httpx.Client(base_url=base, headers={"origin": base}, timeout=60) as client:
        client.post(parts.path)  # answers with a redirection and the cookie
        tiles = client.get("/").text
        cameras = sorted({part.split('"')[0] for part in tiles.split('href="/cameras/')[1:]})
        own = [f"/cameras/{one}{part}" for one in cameras for part in ("", "/chart", "/present")]
        print(f"before                {private_mb(pid):7.1f} MB")
        for number, path in enumerate(islice(cycle((*PAGES, *own)), count), 1):
            client.get(path).raise_for_status()
            if number in (count // 10, count):
                print(f"after {number:5d} openings  {private_mb(pid):7.1f} MB")


if __name__ == "__main__":
    main()

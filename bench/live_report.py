"""What somebody who watches a camera costs the dashboard, and how old the picture is that they see.

    python bench/live_report.py [--view blurred] [--seconds 20] [--fps 15] [--browser PATH]

Plays a clip in 720p into the memory that capture and inference would fill, faces 100 ms after their
picture, and serves it from a process of its own: its processor time while nobody, one and two watch
over HTTP. Then a Chromium opens the camera's page. The upper edge of each picture holds the instant
of its capture as black and white fields, which a script reads off the screen with each frame that
the browser paints: what is measured is the time from capture to paint.
"""

from __future__ import annotations

import argparse
import os
import statistics
import threading
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path

import av
import httpx
import numpy as np
import psutil
from kit.browsing import FLAGS
from numpy.typing import NDArray
from playwright.sync_api import sync_playwright
from web_material import Place, served

from surveil.domain import EMOTIONS, Box, Detection
from surveil.intervals.readings import FaceReading, FrameReading
from surveil.live import ReadingsRing
from surveil.live.frames import LiveCamera, LiveViews
from surveil.measuring.servers import lend_database
from surveil.policy import LiveView
from surveil.sources.planar import Colour, PlanarFrame, split
from surveil.sources.ring import FrameRing
from surveil.web.wiring import COOKIE

CAMERA = "lobby"
WIDTH, HEIGHT = 1280, 720
BITS, FIELD_PX = 20, 48
CLIP = Path(__file__).parents[1] / "surveil" / "simulate" / "media" / "lounge.mp4"
BOXES = (Box(360, 200, 470, 350), Box(800, 240, 900, 370))
WATCH = f"""() => {{
  const canvas = new OffscreenCanvas({BITS}, 1);
  const at = canvas.getContext("2d", {{ willReadFrequently: true }});
  window.ages = [];
  let last = -1;
  const look = () => {{
    requestAnimationFrame(look);
    const image = document.querySelector(".picture img");
    if (!image.naturalWidth) return;
    const y = {FIELD_PX} / 4;
    at.drawImage(image, 0, y, {BITS * FIELD_PX}, y, 0, 0, {BITS}, 1);
    const pixels = at.getImageData(0, 0, {BITS}, 1).data;
    let value = 0;
    for (let i = 0; i < {BITS}; i++) value = value * 2 + (pixels[4 * i] > 127 ? 1 : 0);
    if (value !== last) window.ages.push((Date.now() - value) & {(1 << BITS) - 1});
    last = value;
  }};
  look();
}}"""


def pictures(path: Path, count: int = 30) -> list[NDArray[np.uint8]]:
    """Return pictures of a clip with a sensor's noise, I420 packed."""
    chance = np.random.default_rng(7)
    found = []
    with av.open(str(path)) as clip:
        for frame in clip.decode(video=0):
            packed = frame.reformat(WIDTH, HEIGHT, "yuv420p").to_ndarray().astype(np.int16)
            packed[:HEIGHT] += chance.normal(0, 3, (HEIGHT, WIDTH)).astype(np.int16)
            found.append(np.clip(packed, 16, 235).astype(np.uint8))
            if len(found) == count:
                break
    return found


class Player:
    """Fills the rings from a thread, as capture and inference would."""

    def __init__(self, frames: FrameRing, readings: ReadingsRing, fps: float) -> None:
        self._frames, self._readings, self._fps = frames, readings, fps
        self._images = pictures(CLIP)
        self.ending = threading.Event()

    def play(self) -> None:
        """Play until ``ending``."""
        run, owed = "01JD0000000000000000000000", []
        self._frames.begin_run(run, datetime.now(UTC))
        due_s = time.monotonic()
        for index, image in enumerate(cycle(self._images), 1):
            due_s += 1 / self._fps
            time.sleep(max(due_s - time.monotonic(), 0))
            if self.ending.is_set():
                return
            at = datetime.now(UTC)
            planes = split(image.copy())
            stamp = int(at.timestamp() * 1000) & ((1 << BITS) - 1)
            for bit in range(BITS):
                is_set = stamp >> (BITS - 1 - bit) & 1
                planes[0][:FIELD_PX, bit * FIELD_PX : (bit + 1) * FIELD_PX] = 235 if is_set else 16
            frame = PlanarFrame(CAMERA, run, index, at, time.monotonic(), planes, Colour.BT709)
            self._frames.put(frame)
            owed.append(frame)
            while owed and time.monotonic() - owed[0].captured_mono_s >= 0.1:
                self._read(owed.pop(0))

    def _read(self, frame: PlanarFrame) -> None:
        scores = (0.1, 0.1, 0.1, 0.4, 0.1, 0.1, 0.1)
        nowhere = np.zeros((5, 2), np.float32)
        faces = tuple(
            FaceReading(number, Detection(box, 0.9, nowhere), scores, EMOTIONS[3])
            for number, box in enumerate(BOXES, 1)
        )
        self._readings.put(FrameReading(frame, faces))


def watch(place: Place, ending: threading.Event, counts: list[int]) -> None:
    """Read the camera's pictures as a browser would; add their number to ``counts``."""
    cookies = {COOKIE: place.key}
    url = f"{place.url}/cameras/{CAMERA}/live"
    with httpx.stream("GET", url, cookies=cookies, timeout=30) as answer:
        seen = 0
        for part in answer.iter_raw():
            seen += part.count(b"content-type: image/jpeg")
            if ending.is_set():
                break
    counts.append(seen)


def cost(place: Place, watching: int, seconds: float) -> tuple[float, float]:
    """Return the part of a core that the server takes, and pictures a second of each viewer."""
    process = psutil.Process(place.pid)
    ending, counts = threading.Event(), list[int]()
    threads = [
        threading.Thread(target=watch, args=(place, ending, counts)) for _ in range(watching)
    ]
    for thread in threads:
        thread.start()
    time.sleep(3)
    before_s, began_s = sum(process.cpu_times()[:2]), time.monotonic()
    time.sleep(seconds)
    took_s = time.monotonic() - began_s
    part = (sum(process.cpu_times()[:2]) - before_s) / took_s
    ending.set()
    for thread in threads:
        thread.join()
    return part, sum(counts) / max(watching, 1) / (took_s + 3)


def ages(place: Place, browser_path: str, seconds: float) -> list[float]:
    """Return how old pictures are when a browser paints them, in ms."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=list(FLAGS))
        with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
            context.add_cookies([{"name": COOKIE, "value": place.key, "url": place.url}])
            page = context.new_page()
            page.goto(f"{place.url}/cameras/{CAMERA}", wait_until="domcontentloaded")
            page.wait_for_timeout(3000)
            page.evaluate(WATCH)
            page.wait_for_timeout(seconds * 1000)
            found: list[float] = page.evaluate("window.ages.slice(1)")
        browser.close()
    return sorted(found)


def main() -> None:
    """Play, watch, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--view", type=LiveView, default=LiveView.CLEAR)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--fps", type=float, default=15)
    parser.add_argument("--browser", default="/usr/bin/chromium")
    args = parser.parse_args()
    frames, readings = FrameRing.create(), ReadingsRing.create()

    def live() -> LiveViews:
        rings = FrameRing.attach(frames.fd), ReadingsRing.attach(readings.fd)
        return LiveViews({CAMERA: args.view}, [LiveCamera(CAMERA, args.view, *rings)])

    with ExitStack() as stack:
        url = stack.enter_context(lend_database("sqlite"))
        place = stack.enter_context(served(url, [CAMERA], 0, live))
        player = Player(frames, readings, args.fps)
        thread = threading.Thread(target=player.play)
        thread.start()
        stack.callback(thread.join)
        stack.callback(player.ending.set)
        for watching in (0, 1, 2):
            part, fps = cost(place, watching, args.seconds)
            load = os.getloadavg()[0]
            print(f"{watching} watch: {part:.2%} of a core, {fps:.1f} pictures/s, load {load:.0f}")
        found = ages(place, args.browser, args.seconds)
        print(
            f"{len(found)} pictures painted in {args.seconds:.0f} s, from capture to paint"
            f" p50 {statistics.median(found):.0f} ms, p95 {found[int(len(found) * 0.95)]:.0f} ms,"
            f" most {found[-1]:.0f} ms, load {os.getloadavg()[0]:.0f}"
        )


if __name__ == "__main__":
    main()

"""What one camera's capture process takes: processor time a second, and memory.

    python bench/capture_report.py [CLIP.mp4] [--seconds 30] [--cameras 2] [--size 1280x720]

Serves the clip over RTSP (default: one that comes with the simulator, enlarged, with a sensor's
noise, H.264 at 25 fps and 2 Mbit/s) and starts captures of it as the supervisor does, sampled at
5 fps. Nobody reads the rings, so what inference takes is not in it. `core%` is processor time of
the capture process over wall time; `private` is what would be free without it, `pss` its share of
everything, both without the ring, which is told apart.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import av
import numpy as np

from surveil.config import load_fleet
from surveil.sources.ring import FrameRing
from surveil.workers.host.assignments import LogOptions, assign
from surveil.workers.host.process import WorkerProcess, WorkerSpec
from surveil.workers.host.processor_time import processor_time_s

MEDIA = Path(__file__).parents[1] / "surveil" / "simulate" / "media" / "lounge.mp4"
RING = "memfd:surveil-frames"
SETTLE_S = 5.0


def write_clip(path: Path, source: Path, width: int, height: int, pictures: int = 250) -> Path:
    """Encode a source's pictures, enlarged and with noise, as a camera would send them."""
    dice = np.random.default_rng(1)
    with av.open(str(source)) as container, av.open(str(path), "w") as out:
        options = {"preset": "veryfast", "tune": "zerolatency"}
        stream = out.add_stream("libx264", rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.bit_rate, stream.gop_size = 2_000_000, 50
        for _, picture in zip(range(pictures), container.decode(video=0), strict=False):
            image = picture.to_ndarray(width=width, height=height, format="rgb24")
            noise = dice.integers(-2, 3, image.shape, np.int16)
            noisy = np.clip(image.astype(np.int16) + noise, 0, 255).astype(np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(noisy)))
        out.mux(stream.encode())
    return path


@contextlib.contextmanager
def serve(clip: Path) -> Iterator[str]:
    """Serve the clip from a process of its own; gives the address."""
    command = [sys.executable, "-m", "surveil.cli.main", "simulate", str(clip), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if found := re.search(r"rtsp://\S+", line):
                    yield found[0]
                    return
            raise SystemExit("the simulator did not start")
        finally:
            process.terminate()


def memory_mb(pid: int) -> dict[str, float]:
    """Return private and proportional memory in MB, and what of the ring is resident."""
    totals = {"private": 0.0, "pss": 0.0, "ring": 0.0}
    is_ring = False
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        name, _, rest = line.partition(" ")
        if not name.endswith(":"):
            is_ring = RING in line
            continue
        value = int(rest.split()[0]) / 1024 if rest.split()[0].isdecimal() else 0.0
        if is_ring:
            totals["ring"] += value * (name == "Rss:")
        elif name in ("Private_Clean:", "Private_Dirty:"):
            totals["private"] += value
        elif name == "Pss:":
            totals["pss"] += value
    return totals


def measure(url: str, cameras: int, seconds: float, more: str, folder: Path) -> None:
    """Start captures of one address and print a row for each."""
    names = [f"cam{i}" for i in range(cameras)]
    text = "version: 1\ndata_dir: var\ncameras:\n"
    text += "".join(f"  {name}: {{source: '{url}'{more}}}\n" for name in names)
    path = folder / "fleet.yaml"
    path.write_text(text)
    fleet = load_fleet(path)
    with ExitStack() as stack:
        workers = []
        for name in names:
            ring = FrameRing.create()
            stack.callback(ring.close)
            rings = {name: ring.fd}
            assignment = partial(assign, "capture", fleet, [name], LogOptions("warning"))
            spec = WorkerSpec(
                *(f"capture:{name}", "capture", partial(assignment, rings=rings)),
                pass_fds=(ring.fd,),
            )
            worker = WorkerProcess(spec)
            stack.callback(worker.kill)
            worker.start()
            workers.append((worker, ring))
        while any((tally := ring.tally()) is None or tally.sampled < 1 for _, ring in workers):
            tend(workers, 0.2)
        tend(workers, SETTLE_S)
        began = [look(worker, ring) for worker, ring in workers]
        tend(workers, seconds)
        for (worker, ring), (at_s, cpu_s, captured, sampled) in zip(workers, began, strict=True):
            now_s, now_cpu_s, now_captured, now_sampled = look(worker, ring)
            wall_s = now_s - at_s
            assert worker.pid is not None
            memory = memory_mb(worker.pid)
            print(
                f"{worker.spec.name:>14} {100 * (now_cpu_s - cpu_s) / wall_s:6.2f} core%"
                f" {(now_captured - captured) / wall_s:6.1f} captured/s"
                f" {(now_sampled - sampled) / wall_s:5.2f} sampled/s"
                f" {memory['private']:6.1f} MB private {memory['pss']:6.1f} MB pss"
                f" {memory['ring']:5.1f} MB ring   {now_cpu_s:5.2f} s in all"
            )


def tend(workers: list[tuple[WorkerProcess, FrameRing]], seconds: float) -> None:
    """Let workers run, and answer them as the supervisor does."""
    until = time.monotonic() + seconds
    while (now := time.monotonic()) < until:
        for worker, _ in workers:
            worker.listen(now)
            worker.ping(now)
        time.sleep(0.1)


def look(worker: WorkerProcess, ring: FrameRing) -> tuple[float, float, int, int]:
    tally = ring.tally()
    assert worker.pid is not None
    assert tally is not None
    return (
        time.monotonic(), processor_time_s(worker.pid) or 0.0, tally.captured, tally.sampled
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("clip", nargs="?", type=Path)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--cameras", type=int, default=2)
    parser.add_argument("--size", default="1280x720")
    parser.add_argument("--set", default="", help="more of a camera, such as 'sample_fps: 2'")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        width, height = map(int, args.size.split("x"))
        clip = args.clip or write_clip(folder / "clip.mp4", MEDIA, width, height)
        with serve(clip) as url:
            more = f", {args.set}" if args.set else ""
            measure(url, args.cameras, args.seconds, more, folder)


if __name__ == "__main__":
    main()

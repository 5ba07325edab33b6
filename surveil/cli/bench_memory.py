"""``surveil bench memory``."""

from __future__ import annotations

from pathlib import Path

import click

from surveil.cli.measured import measurement, with_clips
from surveil.measuring.fleet import FleetLoad
from surveil.measuring.memory import MemoryLoad, measure_memory
from surveil.measuring.report import Report


@click.command("memory")
@click.option("--cameras", default=4, show_default=True, type=click.IntRange(1, 200))
@click.option("--frames", default=20_000, show_default=True, type=click.IntRange(10, 10_000_000))
@click.option("--fps", default=5.0, show_default=True, type=click.FloatRange(0.1, 120))
@with_clips
@measurement
def command(cameras: int, frames: int, fps: float, clips: tuple[Path, ...]) -> Report:
    """What a daemon holds, and whether it grows, over many frames.

    A real daemon with all its roles, dashboard included, on simulated RTSP cameras; in real time,
    so that 20,000 frames of four cameras take 17 minutes.
    """
    fleet = FleetLoad(
        cameras, clips=clips, sample_fps=fps, settings={"web.enabled": True, "web.port": 0}
    )
    return measure_memory(MemoryLoad(fleet, frames))

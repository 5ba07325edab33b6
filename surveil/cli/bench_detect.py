"""``surveil bench detect``."""

from __future__ import annotations

from pathlib import Path

import click

from surveil.cli.measured import measurement, with_clips
from surveil.measuring.detect import DetectLoad, measure_detect
from surveil.measuring.report import Report


@click.command("detect")
@with_clips
@click.option("--pictures", default=40, show_default=True, type=click.IntRange(1, 1000))
@click.option("--fps", default=2.0, show_default=True, type=click.FloatRange(0.1, 120))
@click.option("--min-face-px", default=40, show_default=True, type=click.IntRange(12, 1000))
@click.option("--rounds", default=5, show_default=True, type=click.IntRange(1, 100))
@click.option(
    "--peer", "--peers", is_flag=True, help="facenet-pytorch, too, by one thread of PyTorch."
)
@measurement
def command(
    clips: tuple[Path, ...], pictures: int, fps: float, min_face_px: int, rounds: int, peer: bool
) -> Report:
    """Milliseconds a picture to find its faces, by mode, on one thread."""
    return measure_detect(DetectLoad(clips, pictures, fps, min_face_px, peer), rounds)

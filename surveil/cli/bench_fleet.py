"""``surveil bench fleet``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import yaml

from surveil.cli.measured import measurement, with_clips
from surveil.errors import ConfigError
from surveil.measuring.fleet import FleetLoad, measure_fleet
from surveil.measuring.report import Report


@click.command("fleet")
@click.option("--cameras", default=4, show_default=True, type=click.IntRange(1, 200))
@click.option("--seconds", default=30.0, show_default=True, type=click.FloatRange(1, 3600))
@click.option("--fps", default=5.0, show_default=True, type=click.FloatRange(0.1, 120))
@with_clips
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="PATH=VALUE",
    help="A further setting of the fleet, such as inference.workers=1; may be repeated.",
)
@measurement
def command(
    cameras: int, seconds: float, fps: float, clips: tuple[Path, ...], settings: tuple[str, ...]
) -> Report:
    """What a daemon loses and costs on simulated RTSP cameras.

    It also tells how late decisions are. A real daemon with embedded Redis and SQLite in a
    temporary folder, watched from outside once every camera has been analysed.
    """
    return measure_fleet(
        FleetLoad(cameras, seconds, clips, fps, dict(_setting(text) for text in settings))
    )


def _setting(text: str) -> tuple[str, Any]:
    path, given, value = text.partition("=")
    if not given or not path:
        raise ConfigError(f"--set {text}: give PATH=VALUE, such as inference.workers=1")
    try:
        return path, yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise ConfigError(f"--set {text}: {' '.join(str(error).split())}") from error

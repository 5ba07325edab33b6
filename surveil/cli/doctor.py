"""``surveil doctor``: what this host carries of a fleet."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from surveil.cli.measured import measurement, with_clips
from surveil.cli.options import with_fleet_file
from surveil.config import load_fleet
from surveil.measuring.doctor import examine
from surveil.measuring.report import Report


@click.command("doctor")
@with_fleet_file
@partial(with_clips, default="a scene of 1280x720 at 25 fps")
@click.option("--seconds", default=15.0, show_default=True, type=click.FloatRange(1, 600))
@measurement
def command(fleet_file: Path, clips: tuple[Path, ...], seconds: float) -> Report:
    """Say how many cameras of FLEET.yaml this host carries.

    A daemon with its settings runs on simulated cameras for about half a minute; yours are not
    opened. It tells what limits the host and which setting would help.

    Exit codes: 0 it is told, whatever it is, 2 configuration, 3 model, 5 nothing was analysed.
    """
    return examine(load_fleet(fleet_file), clips, seconds)

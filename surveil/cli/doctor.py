"""``surveil doctor``: what this host carries of a fleet."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import click

from surveil.cli.measured import measurement, with_clips
from surveil.cli.options import with_fleet_file
from surveil.config import load_fleet
from surveil.errors import UnavailableError
from surveil.measuring.doctor import examine
from surveil.measuring.report import Report
from surveil.workers.host.capacity import save_capacity
from surveil.workers.host.placement import usable_cores


@click.command("doctor")
@with_fleet_file
@partial(with_clips, default="a scene of 1280x720 at 25 fps")
@click.option("--seconds", default=15.0, show_default=True, type=click.FloatRange(1, 600))
@click.option(
    "--save",
    is_flag=True,
    help="Keep it below data_dir, for the placement of cameras on several hosts.",
)
@measurement
def command(fleet_file: Path, clips: tuple[Path, ...], seconds: float, save: bool) -> Report:
    """Say how many cameras of FLEET.yaml this host carries.

    A daemon with its settings runs on simulated cameras for about half a minute; yours are not
    opened. It tells what limits the host and which setting would help.

    Exit codes: 0 it is told, whatever it is, 2 configuration, 3 model, 5 nothing was analysed.
    """
    fleet = load_fleet(fleet_file)
    report = examine(fleet, clips, seconds)
    if not save:
        return report
    carried_fps = report.settings["carries"] * report.settings["sample_fps"]
    if carried_fps <= 0:
        raise UnavailableError("this host carries no such camera: there is nothing to keep")
    path = save_capacity(fleet.data_dir, carried_fps, usable_cores())
    note = f"{path} says so: {carried_fps:g} sampled frames a second, for `surveil run --host`."
    return replace(report, notes=(*report.notes, note))

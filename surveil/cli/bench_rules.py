"""``surveil bench rules``."""

from __future__ import annotations

import click

from surveil.cli.measured import measurement
from surveil.measuring.report import Report
from surveil.measuring.rules import RulesLoad, measure_rules


@click.command("rules")
@click.option("--cameras", default=1000, show_default=True, type=click.IntRange(1, 20_000))
@click.option("--rules", default=500, show_default=True, type=click.IntRange(1, 5000))
@click.option("--cameras-each", default=2, show_default=True, type=click.IntRange(1, 1000))
@click.option("--seconds", default=60, show_default=True, type=click.IntRange(2, 3600))
@measurement
def command(cameras: int, rules: int, cameras_each: int, seconds: int) -> Report:
    """Microseconds an event to evaluate rules over many cameras.

    Each camera tells an event a second with two faces; it is the engine that is measured, without
    Redis and SQL.
    """
    return measure_rules(RulesLoad(cameras, rules, min(cameras_each, cameras), seconds))

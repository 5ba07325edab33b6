"""``surveil bench operations``."""

from __future__ import annotations

import click

from surveil.cli.measured import measurement
from surveil.measuring.operations import count_operations
from surveil.measuring.report import Report


@click.command("operations")
@measurement
def command() -> Report:
    """Operations of detection, classification and the store, counted.

    The counts of a version are kept in tests/operations.json; a test fails where they grow.
    """
    return count_operations()

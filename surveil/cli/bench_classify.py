"""``surveil bench classify``."""

from __future__ import annotations

import click

from surveil.cli.measured import measurement
from surveil.measuring.classify import measure_classify
from surveil.measuring.report import Report


@click.command("classify")
@click.option("--model", default="emotion-resnet18", show_default=True, help="Name or folder.")
@click.option(
    "--batch",
    "batches",
    multiple=True,
    type=click.IntRange(1, 64),
    default=(1, 4, 16),
    show_default=True,
    help="Faces at once; may be repeated.",
)
@click.option("--rounds", default=9, show_default=True, type=click.IntRange(1, 100))
@measurement
def command(model: str, batches: tuple[int, ...], rounds: int) -> Report:
    """Milliseconds a face to classify it, by precision, on one thread."""
    return measure_classify(model, batches, rounds)

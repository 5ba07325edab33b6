"""``surveil privacy``: what people are told, what is assessed, and what is erased."""

from __future__ import annotations

import click

from surveil.cli.lazy import LazyGroup

COMMANDS = {
    "erase": "surveil.cli.privacy_erase",
}

SUMMARIES = {
    "erase": "Erase what a camera saw of people from one instant to another.",
}
"""What ``surveil privacy --help`` says of each without importing it; equal to their first lines."""


@click.group("privacy", cls=LazyGroup, modules=COMMANDS, summaries=SUMMARIES)
def command() -> None:
    """Tell people what is done, assess it, and erase what was seen."""

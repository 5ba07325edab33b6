"""``surveil privacy``: what people are told, what is assessed, and what is erased."""

from __future__ import annotations

import click

from surveil.cli.lazy import LazyGroup

COMMANDS = {
    "notice": "surveil.cli.privacy_notice",
    "dpia": "surveil.cli.privacy_dpia",
    "erase": "surveil.cli.privacy_erase",
}

SUMMARIES = {
    "notice": "Write a notice for the people whom the cameras of FLEET.yaml see.",
    "dpia": "Write a draft of the impact assessment of FLEET.yaml.",
    "erase": "Erase what a camera saw of people from one instant to another.",
}
"""What ``surveil privacy --help`` says of each without importing it; equal to their first lines."""


@click.group("privacy", cls=LazyGroup, modules=COMMANDS, summaries=SUMMARIES)
def command() -> None:
    """Tell people what is done, assess it, and erase what was seen."""

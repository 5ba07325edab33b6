"""``surveil rules``: say what alert rules mean, and try them before they wake anybody."""

from __future__ import annotations

import click

from surveil.cli.lazy import LazyGroup

COMMANDS = {
    "explain": "surveil.cli.rules_explain",
    "check": "surveil.cli.rules_check",
    "test": "surveil.cli.rules_test",
    "backtest": "surveil.cli.rules_backtest",
}

SUMMARIES = {
    "explain": "Say in plain words what the rules NAME mean; without one, all.",
    "check": "Find rules that can never fire, always do, or send storms.",
    "test": "Play scenes to rules, and compare what alerts do with what is expected.",
    "backtest": "Say what the rules would have done with the history in SQL.",
}
"""What ``surveil rules --help`` says of each without importing it; equal to their first lines."""


@click.group("rules", cls=LazyGroup, modules=COMMANDS, summaries=SUMMARIES)
def command() -> None:
    """Say what alert rules mean, and try them before they wake anybody."""

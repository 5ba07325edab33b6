"""``surveil rules explain``."""

from __future__ import annotations

import click

from surveil.cli.rule_options import pick_rules, with_rulebook
from surveil.cli.saying import say
from surveil.config.rulebook import Rulebook
from surveil.rules.words import in_words


@click.command("explain")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@with_rulebook
def command(rulebook: Rulebook, names: tuple[str, ...]) -> None:
    """Say in plain words what the rules NAME mean; without one, all.

    Exit codes: 0 said, 2 errors in the files, or no such rule.
    """
    rules = pick_rules(rulebook, names)
    say("\n\n".join("\n".join(in_words(rule)) for rule in rules) or "This fleet has no rules.")

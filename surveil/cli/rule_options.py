"""What the commands on rules share."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from surveil.cli.options import find_fleet
from surveil.config.problems import did_you_mean
from surveil.config.rulebook import Rulebook, read_rulebook
from surveil.errors import ConfigError
from surveil.rules.model import Rule


def with_rulebook(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--fleet``; the command gets ``rulebook: Rulebook``."""

    @click.option(
        "--fleet",
        "--config",
        "fleet",
        metavar="FLEET.yaml",
        type=click.Path(path_type=Path),
        help="Whose rules.  [default: $SURVEIL_FLEET, or fleet.yaml]",
    )
    @functools.wraps(function)
    def wrapper(*args: Any, fleet: Path | None, **options: Any) -> Any:
        path = find_fleet(fleet, way="give --fleet FLEET.yaml")
        return function(*args, rulebook=read_rulebook(path), **options)

    return wrapper


def pick_rules(rulebook: Rulebook, names: tuple[str, ...]) -> list[Rule]:
    """Return the rules of these names, or all without names.

    Raises:
        ConfigError: There is no such rule.
    """
    known = {rule.name: rule for rule in rulebook.rules}
    for name in names:
        if name not in known:
            raise ConfigError(f"there is no rule {name!r}{did_you_mean(name, known)}")
    return [known[name] for name in dict.fromkeys(names)] if names else list(known.values())

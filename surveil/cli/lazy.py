"""A group of commands that imports each at its first use, so that ``--help`` is quick."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import click


class LazyGroup(click.Group):
    """A group whose subcommands are modules.

    Args:
        modules: Command name to the module that defines a click command called ``command``.
        summaries: What the help says of each without importing it.
        settings: As for :class:`click.Group`.
    """

    def __init__(
        self, *, modules: Mapping[str, str], summaries: Mapping[str, str], **settings: Any
    ) -> None:
        super().__init__(**settings)
        self._modules = modules
        self._summaries = summaries

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._modules:
            return None
        command = importlib.import_module(self._modules[cmd_name]).command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(self._summaries.items()))

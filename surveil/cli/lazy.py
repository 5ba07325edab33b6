"""A group of commands that imports each at its first use, so that ``--help`` is quick."""

from __future__ import annotations

import difflib
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

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the first word names; one that is not known gets a hint."""
        near = difflib.get_close_matches(args[0].lower(), self._modules, n=1, cutoff=0.7)
        if near and args[0] not in self._modules:
            ctx.fail(f"No such command {args[0]!r}; did you mean {near[0]!r}?")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(self._summaries.items()))

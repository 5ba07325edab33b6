"""Print a line of a command: what it repeats of names and texts is shown, never obeyed."""

from __future__ import annotations

import click

from surveil.plaintext import escape


def say(line: object, *, err: bool = False) -> None:
    """Print a line, or several, without control characters."""
    click.echo(escape(str(line), keep_lines=True), err=err)

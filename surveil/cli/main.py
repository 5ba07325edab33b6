"""The ``surveil`` command. Each subcommand is a module, imported only when it is called."""

from __future__ import annotations

import importlib
import sys
import traceback
from types import TracebackType
from typing import NoReturn

import click

from surveil.errors import ConfigError, SurveilError
from surveil.plaintext import escape

COMMANDS = {
    "run": "surveil.cli.run",
    "check": "surveil.cli.check",
    "schema": "surveil.cli.schema",
    "demo": "surveil.cli.demo",
    "analyze": "surveil.cli.analyze",
    "timeline": "surveil.cli.timeline",
    "alerts": "surveil.cli.alerts",
    "sql": "surveil.cli.sql",
    "db": "surveil.cli.db",
    "simulate": "surveil.cli.simulate",
    "train": "surveil.cli.train",
    "evaluate": "surveil.cli.evaluate",
    "compare": "surveil.cli.compare",
    "dataset": "surveil.cli.dataset",
    "export": "surveil.cli.export",
}
"""Command name to the module that defines a click command called ``command``."""


TRAIN_MODULES = frozenset(
    (
        "imagehash",
        "jinja2",
        "matplotlib",
        "onnx",
        "onnxscript",
        "pandas",
        "sklearn",
        "tensorboard",
        "torchmetrics",
    )
)
"""Modules of the extra ``train``."""


class LazyGroup(click.Group):
    """A group that imports a subcommand's module at its first use, so that ``--help`` is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(COMMANDS[cmd_name]).command
        assert isinstance(command, click.Command)
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="surveil")
def cli() -> None:
    """Emotion timelines and alerts from a fleet of cameras."""


def main() -> None:
    """Run the command line; an error raised on purpose ends with its own exit code."""
    sys.excepthook = _print_redacted
    try:
        cli(standalone_mode=True)
    except SurveilError as error:
        _fail(error)
    except ModuleNotFoundError as error:
        top = str(error.name).partition(".")[0]
        if top not in TRAIN_MODULES:
            raise
        _fail(ConfigError(f"{top} is not installed; this needs: pip install 'surveil[train]'"))


def _fail(error: SurveilError) -> NoReturn:
    click.echo(_shown(error.report()), err=True)
    sys.exit(error.exit_code)


def _print_redacted(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Print the traceback of an error nobody foresaw, without the secrets of its texts."""
    click.echo(_shown("".join(traceback.format_exception(kind, error, trace))), err=True)


def _shown(text: str) -> str:
    # Where the module was never imported, no secret was ever read.
    redaction = sys.modules.get("surveil.redaction")
    text = str(redaction.redact(text)) if redaction is not None else text
    return escape(text, keep_lines=True)


if __name__ == "__main__":
    main()

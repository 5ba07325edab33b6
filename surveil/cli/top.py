"""``surveil top``: a running daemon on the terminal, once a second."""

from __future__ import annotations

import os
import select
import signal
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from surveil.cli.asking import ask, look_back
from surveil.cli.options import with_fleet_file
from surveil.cli.status import exit_code_of
from surveil.cli.status_tables import draw_absent, draw_status
from surveil.errors import NOT_RUNNING_EXIT_CODE, ConfigError, UnavailableError

EVERY_S = 1.0
_ENDING = b"qQ\x03"


@click.command("top")
@with_fleet_file
@click.option("--once", is_flag=True, help="Print one screen, and end as `surveil status` does.")
def command(fleet_file: Path, once: bool) -> None:
    """Watch the daemon of FLEET.yaml on this terminal; q ends it.

    Cameras in trouble come first where not all have room.
    """
    console = Console()
    if once:
        screen, code = _screen(console, fleet_file)
        console.print(screen, end="")
        sys.exit(code)
    if not (console.is_terminal and sys.stdin.isatty()):
        raise ConfigError("surveil top draws on a terminal; elsewhere use --once, or status")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    live = Live(console=console, screen=True, auto_refresh=False, vertical_overflow="crop")
    try:
        with _keys() as keys, live:
            while True:
                live.update(_screen(console, fleet_file)[0], refresh=True)
                if _asked_to_end(keys):
                    return
    except KeyboardInterrupt:
        return


def _screen(console: Console, fleet_file: Path) -> tuple[RenderableType, int]:
    """Return what fills the screen now, and the exit code that says it."""
    try:
        status = ask(fleet_file)
    except UnavailableError as error:
        absent = look_back(fleet_file, str(error))
        with console.capture() as drawn:
            draw_absent(console, absent, datetime.now(UTC))
        return Text.from_ansi(drawn.get()), NOT_RUNNING_EXIT_CODE
    with console.capture() as drawn:
        draw_status(console, status, most_lines=console.height)
    return Text.from_ansi(drawn.get()), exit_code_of(status)


@contextmanager
def _keys() -> Iterator[int]:
    """Let keys arrive one by one, unseen; the terminal is as before afterwards."""
    fd = sys.stdin.fileno()
    before = termios.tcgetattr(fd)
    try:
        tty.setcbreak(fd)
        yield fd
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, before)


def _asked_to_end(fd: int) -> bool:
    """Wait for a key until the next reading; return whether it is one that ends, or none can come.

    A window that changes its size interrupts the wait and is drawn anew.
    """
    ready, _, _ = select.select([fd], [], [], EVERY_S)
    if not ready:
        return False
    pressed = os.read(fd, 64)
    return not pressed or any(key in _ENDING for key in pressed)

"""``surveil demo``: the whole of surveil in half a minute, without a camera."""

from __future__ import annotations

import contextlib
import shlex
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import click
from rich.console import Console
from rich.live import Live

from surveil.cli.saying import say
from surveil.config import Fleet
from surveil.demo.dashboard import Link, free_port
from surveil.demo.feed import DemoFeed
from surveil.demo.fleet import (
    USERNAME,
    DemoCamera,
    DemoFolder,
    make_password,
    prepare_folder,
    write_fleet,
    write_password,
)
from surveil.demo.report import DemoReport, since_begin
from surveil.demo.running import failures, real_camera, simulate, watch
from surveil.demo.screen import draw_live, draw_report, line_of
from surveil.demo.view import FleetView
from surveil.simulate import RtspServer
from surveil.simulate.examples import CLIPS
from surveil.workers.host.detached import run_detached

_LINE_EVERY_S = 5.0
"""Between two lines where there is no terminal to draw on."""


@click.command("demo")
@click.option(
    "--seconds",
    type=click.FloatRange(25, 3600),
    default=30,
    show_default=True,
    help="How long to watch, from the first analysed frames on.",
)
@click.option(
    "--camera", metavar="SOURCE", help="Watch usb:0 or rtsp://… instead of simulated cameras."
)
@click.option(
    "--keep",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("var/demo"),
    show_default=True,
    help="Where to keep the fleet file and the data; an earlier demo there is replaced.",
)
@click.option(
    "--model",
    default=Fleet.model_fields["model"].default,
    show_default=True,
    help="Name or folder.",
)
@click.option("--stay", is_flag=True, help="Keep the fleet and its dashboard until Ctrl-C.")
def command(seconds: float, camera: str | None, keep: Path, model: str, stay: bool) -> None:
    """Show surveil at work: two cameras, faces, expressions, alerts, an outage, and the SQL.

    Exit code 0: events are in SQL, an alert fired and resolved, the outage is stored as a gap.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder = prepare_folder(keep)
    console = Console()
    with ExitStack() as stack:
        server: RtspServer | None = None
        if camera is None:
            password = make_password()
            server = simulate(stack, password)
            cameras = [DemoCamera(name, server.url(name), USERNAME) for name in server.streams]
            write_password(folder, password)
        else:
            cameras = [real_camera(camera, folder)]
        port = free_port()
        write_fleet(folder, cameras, model=model, again=_again(folder, server), port=port)
        view = FleetView(one.id for one in cameras)
        feed = DemoFeed(folder.data_dir, view)
        stack.callback(feed.close)
        with (
            run_detached(folder.fleet_file, folder.log_file, log_format="human") as process,
            _Screen(console, Link(folder.data_dir, port, _tell)) as screen,
        ):
            watch(screen, process, folder, view, feed, server, seconds)
            if stay:
                _stay(screen, process)
        report = feed.report(list(view.cameras))
    console.print(draw_report(report))
    _finish(console, folder, report, process.returncode, is_simulated=camera is None)


class _Screen:
    """A live table on a terminal, a line now and then elsewhere."""

    def __init__(self, console: Console, link: Link) -> None:
        self._console = console
        self._link = link
        self._live = (
            Live(console=console, auto_refresh=False, transient=False)
            if console.is_terminal
            else None
        )
        self._printed_s = 0.0

    def __enter__(self) -> _Screen:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Draw no more; what was drawn last stays."""
        if self._live is not None:
            self._live.stop()

    def show(self, view: FleetView, firing: list[tuple[str, str]], caption: str) -> None:
        self._link.offer()
        if self._live is not None:
            self._live.update(draw_live(view, firing, caption), refresh=True)
        elif time.monotonic() - self._printed_s >= _LINE_EVERY_S:
            self._printed_s = time.monotonic()
            say(line_of(view, firing, caption))


def _tell(address: str) -> None:
    say(f"dashboard: {address} (opens once)")


def _stay(screen: _Screen, process: subprocess.Popen[bytes]) -> None:
    """Wait until somebody has seen enough, or the fleet ends by itself."""
    screen.end()
    say("The fleet and its dashboard stay; Ctrl-C ends them.")
    with contextlib.suppress(KeyboardInterrupt):
        process.wait()


def _finish(
    console: Console, folder: DemoFolder, report: DemoReport, code: int, *, is_simulated: bool
) -> None:
    failed = failures(report, is_simulated=is_simulated)
    if code != 0:
        failed.append(f"`surveil run` ended with {code}, see {folder.log_file}")
    seqs = "every run without a hole or a duplicate" if not report.uneven_runs else "see below"
    say(
        f"\nIn SQL: {report.events} events of {report.runs} runs ({seqs}), "
        f"{report.observations} observations of faces."
    )
    say(f"Kept in {_shown(folder.path)}; to look further:\n")
    for line in _further(folder, since_begin(report)):
        say(f"  {line}")
    if failed:
        say("\nThe demo did not show all it should:", err=True)
        for failure in failed:
            say(f"  {failure}", err=True)
        sys.exit(1)


def _program() -> str:
    """Return how this user calls surveil: uv need not be on their PATH, nor .venv/bin."""
    script = Path(sys.argv[0])
    return _shown(script) if script.name == "surveil" else "surveil"


def _shown(path: Path) -> str:
    """Return a path as short as the working directory allows, quoted for a shell."""
    here = Path.cwd()
    return shlex.quote(str(path.relative_to(here) if path.is_relative_to(here) else path))


def _further(folder: DemoFolder, report: DemoReport) -> list[str]:
    """Return commands over what was kept; with instants, so that they work tomorrow as well."""
    fleet = f"--fleet {_shown(folder.fleet_file)}"
    camera, seconds = next(iter(report.timelines.items()))
    span = ""
    if seconds:
        first, last = seconds[0].at, seconds[-1].at + timedelta(seconds=1)
        span = f" --since {first:%Y-%m-%dT%H:%M:%SZ} --until {last:%Y-%m-%dT%H:%M:%SZ}"
    queries = (
        "select camera, emotion, sum(votes) as votes from v_timeline where votes > 0 group by 1, 2",
        "select camera, bucket_at, coverage, reason from v_coverage",
        "select rule, key, fired_at, resolved_at, summary from v_alerts",
    )
    return [
        f"{_program()} timeline {fleet} --camera {camera}{span} --bucket 5s",
        f"{_program()} alerts {fleet}",
        *(f'{_program()} sql {fleet} "{query}"' for query in queries),
    ]


def _again(folder: DemoFolder, server: RtspServer | None) -> list[str]:
    run = f"{_program()} run {_shown(folder.fleet_file)}"
    if server is None:
        return [run]
    clips = " ".join(_shown(path) for path in CLIPS.values())
    return [
        f"{_program()} simulate {clips} --port {server.port} --user {USERNAME}"
        f" --password-file {_shown(folder.password_file)}   # in another terminal",
        run,
    ]

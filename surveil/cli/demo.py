"""``surveil demo``: the whole of surveil in half a minute, without a camera."""

from __future__ import annotations

import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

import click
from rich.console import Console
from rich.live import Live

from surveil.config import Fleet
from surveil.credentials import split_credentials
from surveil.demo.feed import DemoFeed
from surveil.demo.fleet import (
    BLIND_RULE,
    CLIPS,
    HAPPY_RULE,
    USERNAME,
    DemoCamera,
    DemoFolder,
    make_password,
    prepare_folder,
    write_fleet,
    write_password,
)
from surveil.demo.report import DemoReport, find_failures, since_begin
from surveil.demo.screen import draw_live, draw_report, line_of
from surveil.demo.view import FleetView
from surveil.errors import InUseError, SurveilError, UnavailableError
from surveil.events.lifetime import die_with_parent
from surveil.secrets import Secret
from surveil.simulate import Fault, RtspServer

PORT = 8554
START_LIMIT_S = 120.0
"""Until every camera has been analysed; loading a model on a busy machine takes a while."""
GRACE_S = 20.0
"""How much longer than asked the demo goes on until its alerts have resolved."""
STOP_LIMIT_S = 20.0
OUTAGE_S = 5.0
BLIND_CAMERA = "lounge"
_REFRESH_S = 0.25
_LINE_EVERY_S = 5.0
_LOG_TAIL = 15


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
def command(seconds: float, camera: str | None, keep: Path, model: str) -> None:
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
            server = _simulate(stack, password)
            cameras = [DemoCamera(name, server.url(name), USERNAME) for name in server.streams]
            write_password(folder, password)
        else:
            cameras = [_real_camera(camera, folder)]
        write_fleet(folder, cameras, model=model, again=_again(folder, server))
        view = FleetView(one.id for one in cameras)
        feed = DemoFeed(folder.data_dir, view)
        stack.callback(feed.close)
        with _daemon(folder) as process:
            _watch(console, process, folder, view, feed, server, seconds)
        report = feed.report(list(view.cameras))
    console.print(draw_report(report))
    _finish(console, folder, report, process.returncode, is_simulated=camera is None)


def _simulate(stack: ExitStack, password: Secret) -> RtspServer:
    """Start the simulator on its usual port, or on a free one if that is taken."""
    try:
        server = RtspServer(CLIPS, port=PORT, username=USERNAME, password=password)
        return stack.enter_context(server)
    except InUseError:
        server = RtspServer(CLIPS, username=USERNAME, password=password)
        return stack.enter_context(server)


def _real_camera(source: str, folder: DemoFolder) -> DemoCamera:
    """Take credentials out of a camera's URL, so that the fleet file holds no password."""
    url, username, password = split_credentials(source)
    if username is None and password is None:
        return DemoCamera("camera", url)
    write_password(folder, Secret(password or ""))
    return DemoCamera("camera", url, username or "")


@contextmanager
def _daemon(folder: DemoFolder) -> Iterator[subprocess.Popen[bytes]]:
    """Run the fleet as ``surveil run`` does, and end it in order."""
    arguments = ["run", str(folder.fleet_file), "--log-format", "human"]
    with folder.log_file.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "surveil.cli.main", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C is for the demo, which then ends the fleet in order
            preexec_fn=die_with_parent(signal.SIGTERM),
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _watch(
    console: Console,
    process: subprocess.Popen[bytes],
    folder: DemoFolder,
    view: FleetView,
    feed: DemoFeed,
    server: RtspServer | None,
    seconds: float,
) -> None:
    """Show the fleet for a while, and stage the outage of a simulated camera."""
    screen = _Screen(console)
    began_s: float | None = None
    outage_s: float | None = None
    started_s = time.monotonic()
    with screen:
        while True:
            if process.poll() is not None:
                _fail_start(folder, process.returncode)
            feed.refresh()
            now_s = time.monotonic()
            if began_s is None:
                caption = f"starting, {now_s - started_s:.0f} s"
                if view.has_begun:
                    began_s = now_s
                    view.begin()
                elif now_s - started_s > START_LIMIT_S:
                    raise UnavailableError(
                        f"no camera was analysed within {START_LIMIT_S:.0f} s; "
                        f"see {folder.log_file}"
                    )
            else:
                gone_s = now_s - began_s
                caption = f"{gone_s:.0f} s of {seconds:.0f} s"
                if server is not None and outage_s is None and gone_s > seconds / 3:
                    server.fault(BLIND_CAMERA, Fault.REFUSE, OUTAGE_S)
                    outage_s = now_s
                if outage_s is not None and now_s - outage_s < OUTAGE_S:
                    caption += f"; outage: {BLIND_CAMERA} refuses connections"
                if gone_s > seconds and _is_complete(feed, view, server, gone_s - seconds):
                    return
            screen.show(view, feed.firing, caption)
            time.sleep(_REFRESH_S)


class _Screen:
    """A live table on a terminal, a line now and then elsewhere."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = (
            Live(console=console, auto_refresh=False, transient=False)
            if console.is_terminal
            else None
        )
        self._printed_s = 0.0

    def __enter__(self) -> None:
        if self._live is not None:
            self._live.start()

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, view: FleetView, firing: list[tuple[str, str]], caption: str) -> None:
        if self._live is not None:
            self._live.update(draw_live(view, firing, caption), refresh=True)
        elif time.monotonic() - self._printed_s >= _LINE_EVERY_S:
            self._printed_s = time.monotonic()
            click.echo(line_of(view, firing, caption))


def _is_complete(
    feed: DemoFeed, view: FleetView, server: RtspServer | None, overtime_s: float
) -> bool:
    if server is None or overtime_s > GRACE_S:
        return True
    return not _failures(feed.report(list(view.cameras)), is_simulated=True)


def _failures(report: DemoReport, *, is_simulated: bool) -> list[str]:
    return find_failures(
        report,
        blind_camera=BLIND_CAMERA if is_simulated else None,
        happy_rule=HAPPY_RULE,
        blind_rule=BLIND_RULE,
    )


def _fail_start(folder: DemoFolder, code: int) -> None:
    """End with the daemon's own exit code and the end of its log."""
    lines = folder.log_file.read_text(encoding="utf-8", errors="replace").splitlines()
    error = SurveilError(
        "\n".join([f"`surveil run` ended by itself ({code}); its log ends:", *lines[-_LOG_TAIL:]])
    )
    error.exit_code = code if 0 < code < 128 else 1
    raise error


def _finish(
    console: Console, folder: DemoFolder, report: DemoReport, code: int, *, is_simulated: bool
) -> None:
    failures = _failures(report, is_simulated=is_simulated)
    if code != 0:
        failures.append(f"`surveil run` ended with {code}, see {folder.log_file}")
    seqs = "every run without a hole or a duplicate" if not report.uneven_runs else "see below"
    click.echo(
        f"\nIn SQL: {report.events} events of {report.runs} runs ({seqs}), "
        f"{report.observations} observations of faces."
    )
    click.echo(f"Kept in {_shown(folder.path)}; to look further:\n")
    for line in _further(folder, since_begin(report)):
        click.echo(f"  {line}")
    if failures:
        click.echo("\nThe demo did not show all it should:", err=True)
        for failure in failures:
            click.echo(f"  {failure}", err=True)
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

"""``surveil simulate``: clips as RTSP cameras."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import click

from surveil.cli.saying import say
from surveil.errors import ConfigError, SurveilError
from surveil.plaintext import escape
from surveil.secrets import Secret
from surveil.simulate import DigestAlgorithm, Fault, RtspServer, parse_fault
from surveil.simulate.examples import CLIPS

_FAULT_HELP = (
    "STREAM:FAULT[=VALUE][@START][+DURATION][ every PERIOD] in seconds, such as "
    f"'lobby:stall@10+5 every 30s'; '*' means every stream. Faults: {', '.join(Fault)}. "
    "May be repeated."
)


class _ClipsOrFleet(click.Group):
    """What is no subcommand is a clip."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or args[0] not in (*self.commands, "-h", "--help"):
            args = ["clips", *args]
        return super().parse_args(ctx, args)


@click.group("simulate", cls=_ClipsOrFleet)
def command() -> None:
    """Serve clips as looped RTSP cameras, rtsp://HOST:PORT/NAME, until interrupted.

    `surveil simulate CLIP...` is short for `surveil simulate clips CLIP...`. Without a CLIP it
    shows two that come with surveil.
    """


@command.command("fleet")
@click.option("--cameras", default=1000, show_default=True, type=click.IntRange(1, 10_000))
@click.option("--nodes", default=20, show_default=True, type=click.IntRange(2, 200))
@click.option("--faces", default=2, show_default=True, type=click.IntRange(0, 20))
@click.option("--seconds", default=60.0, show_default=True, type=click.FloatRange(1, 3600))
@click.option(
    "--interval",
    "interval_s",
    default=1.0,
    show_default=True,
    type=click.FloatRange(0.2, 60),
    help="Seconds from one event of a camera to the next.",
)
@click.option("--partitions", default=4, show_default=True, type=click.IntRange(1, 256))
@click.option("--recorders", default=2, show_default=True, type=click.IntRange(1, 64))
@click.option("--lease", "ttl_s", default=10.0, show_default=True, type=click.FloatRange(3, 300))
@click.option(
    "--database",
    default="postgres",
    show_default=True,
    metavar="postgres|URL",
    help="A new server (for developers), or an empty PostgreSQL database.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def fleet(database: str, as_json: bool, **plan: float) -> None:
    """Measure a fleet of many nodes without video, and lose one of them.

    Placement, leases, spools, streams, recorders, alerter and SQL are the real ones; events, one an
    interval and camera, are made up. It tells what each stage costs and which bends first.

    Exit codes: 0 it is told, 1 something was lost, 2 configuration, 5 it did not come up.
    """
    # Here: it loads SQL, which serving clips does without.
    from surveil.cli.measured import print_report
    from surveil.logs import configure_logs
    from surveil.measuring.simulated_fleet import Simulation, simulate_fleet

    configure_logs("simulate", level="warning")
    print_report(simulate_fleet(database, Simulation(**plan)), as_json=as_json)  # type: ignore[arg-type]


@command.command("clips")
@click.argument("clips", metavar="[NAME=]CLIP...", nargs=-1)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8554, show_default=True, help="0: a free one."
)
@click.option("--user", help="Ask for this user and a password (digest authentication).")
@click.option("--password-env", metavar="NAME", help="Environment variable with the password.")
@click.option(
    "--password-file", type=click.Path(path_type=Path), help="File whose first line it is."
)
@click.option(
    "--digest",
    type=click.Choice([one.value for one in DigestAlgorithm]),
    default=DigestAlgorithm.MD5.value,
    show_default=True,
    help="Hash of the authentication; SHA-256 is unknown to many clients.",
)
@click.option("--fault", "faults", multiple=True, help=_FAULT_HELP)
@click.option(
    "--commands", is_flag=True, help="Read further faults, one per line, from standard input."
)
def serve_clips(
    clips: Sequence[str],
    host: str,
    port: int,
    user: str | None,
    password_env: str | None,
    password_file: Path | None,
    digest: str,
    faults: Sequence[str],
    commands: bool,
) -> None:
    """Serve clips as looped RTSP cameras, rtsp://HOST:PORT/NAME, until interrupted.

    NAME is the clip's file name without its ending where none is given. Without a CLIP there are
    two that come with surveil.
    """
    password = _read_password(user, password_env, password_file)
    stopping = threading.Event()
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, lambda *_: stopping.set())
    server = RtspServer(
        name_streams(clips) if clips else CLIPS,
        host=host,
        port=port,
        username=user,
        password=password,
        algorithm=DigestAlgorithm(digest),
        faults=[parse_fault(text) for text in faults],
    )
    with server:
        for name in server.streams:
            clip = server.clip(name)
            say(f"{server.url(name)}  {clip.codec} {clip.width}x{clip.height} {clip.fps:.3g} fps")
        if commands:
            threading.Thread(target=_read_commands, args=(server,), daemon=True).start()
        while not stopping.wait(0.5):
            pass  # wakes up now and then, so that signals are handled on every platform
        for line in describe_losses(server):
            say(line, err=True)


def describe_losses(server: RtspServer) -> list[str]:
    """Return what did not reach clients, other than by a fault, a line for each cause."""
    lines = []
    for name in server.streams:
        stats = server.stats(name)
        if stats.dropped or stats.late:
            lines.append(
                f"{escape(name)}: {stats.dropped} pictures dropped for slow viewers,"
                f" {stats.late} left out because this process was held up"
            )
    if server.lost_packets:
        lines.append(f"{server.lost_packets} UDP packets were not taken by the system")
    if server.turned_away:
        lines.append(f"{server.turned_away} clients were turned away: too many at once")
    return lines


def name_streams(clips: Sequence[str]) -> dict[str, Path]:
    """Return stream names and clips of ``[NAME=]CLIP`` arguments.

    Raises:
        ConfigError: Two clips have the same name.
    """
    streams: dict[str, Path] = {}
    for text in clips:
        name, equals, path = text.partition("=")
        if not equals or "/" in name:
            name, path = Path(text).stem, text
        if name in streams:
            raise ConfigError(f"two clips are called {name!r}; name them: OTHER={path}")
        streams[name] = Path(path)
    return streams


def _read_password(user: str | None, env: str | None, file: Path | None) -> Secret | None:
    if user is None:
        if env or file:
            raise ConfigError("a password without --user")
        return None
    if (env is None) == (file is None):
        raise ConfigError("--user needs either --password-env or --password-file")
    if env is not None:
        if env not in os.environ:
            raise ConfigError(f"environment variable {env} is not set")
        return Secret(os.environ[env])
    assert file is not None
    try:
        return Secret(file.read_text(encoding="utf-8").partition("\n")[0].rstrip("\r"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: cannot be read: {error}") from error


def _read_commands(server: RtspServer) -> None:
    for line in sys.stdin:
        if line.strip():
            try:
                server.command(line)
            except SurveilError as error:
                say(f"surveil: {error}", err=True)

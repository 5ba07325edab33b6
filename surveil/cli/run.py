"""``surveil run``: the daemon."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

import click

from surveil.cli.options import with_fleet_file
from surveil.config import load_fleet
from surveil.logs import configure_logs
from surveil.workers.host.assignments import LogOptions
from surveil.workers.host.daemon import ROLES, serve
from surveil.workers.host.membership import join
from surveil.workers.host.notify_socket import NotifySocket


@click.command("run")
@with_fleet_file
@click.option(
    "--roles",
    default=",".join(ROLES),
    show_default=True,
    help="What this host does, separated by commas; capture comes with inference.",
)
@click.option(
    "--shard",
    metavar="NUMBER/COUNT",
    help="Take one of COUNT stable parts of the cameras, NUMBER from 0: 3/8. With leases in SQL.",
)
@click.option(
    "--host",
    metavar="NAME",
    help="Name of this host among others. Without --shard it takes the cameras that"
    " `surveil fleet` places on it.",
)
@click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="KEY=VALUE",
    help="What this host is called by, for cameras with `on:`; may be repeated.",
)
@click.option(
    "--capacity",
    type=click.FloatRange(0, min_open=True),
    metavar="FPS",
    help="Sampled frames a second that this host carries.  [default: what `surveil doctor --save`"
    " measured here, else 20 for each core]",
)
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="info",
    show_default=True,
)
@click.option(
    "--log-format",
    type=click.Choice(["auto", "human", "json"]),
    default="auto",
    show_default=True,
    help="auto: for people on a terminal, JSON otherwise.",
)
def command(
    fleet_file: Path,
    roles: str,
    shard: str | None,
    host: str | None,
    labels: tuple[str, ...],
    capacity: float | None,
    log_level: str,
    log_format: str,
) -> None:
    """Watch the cameras of FLEET.yaml until SIGTERM or Ctrl-C.

    Rules and receivers are read again when their files change, and on SIGHUP; those that are wrong
    then change nothing.

    Exit codes: 0 ended as asked, 2 configuration, 3 model, 4 port, socket or data_dir in use.
    """
    chosen = [role.strip() for role in roles.split(",") if role.strip()]
    if "inference" in chosen:  # frames stay on the host that captured them
        chosen = [role for role in chosen if role != "capture"]
    unknown = sorted(set(chosen) - set(ROLES))
    if unknown or not chosen:
        raise click.BadParameter(
            f"unknown role {', '.join(unknown) or '(none)'}; choose from {', '.join(ROLES)}",
            param_hint="--roles",
        )
    as_json = log_format == "json" or (log_format == "auto" and not sys.stderr.isatty())
    configure_logs(role="supervisor", level=log_level, json=as_json)
    fleet = load_fleet(fleet_file)
    membership = None
    if shard is not None or host is not None:
        membership = join(fleet, shard=shard, host=host, labels=labels, capacity_fps=capacity)
    settle = membership.settle if membership is not None else lambda fleet: fleet
    logs = LogOptions(level=log_level, json=as_json)
    with contextlib.closing(NotifySocket.from_environment(os.environ)) as manager:
        code = serve(
            settle(fleet),
            roles=chosen,
            logs=logs,
            membership=membership,
            manager=manager,
            read=lambda: settle(load_fleet(fleet_file)),
            fleet_file=fleet_file,
        )
    sys.exit(code)

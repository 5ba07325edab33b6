"""``surveil init``: the files of a first fleet."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

import click

from surveil.cli.saying import say
from surveil.config.loading import read_fleet
from surveil.config.starter import (
    ENVIRONMENT,
    FLEET,
    RULES,
    StarterCamera,
    read_camera,
    variables_of,
    write_files,
)
from surveil.errors import ConfigError
from surveil.secrets import Secret


@click.command("init")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path())
@click.option(
    "--camera",
    "addresses",
    multiple=True,
    metavar="[NAME=]ADDRESS",
    help="rtsp://…, usb:0 or file:…; may be repeated. A password is better given when asked.",
)
@click.option("--yes", is_flag=True, help="Ask nothing; without --camera, write two examples.")
def command(folder: Path, addresses: tuple[str, ...], yes: bool) -> None:
    """Write fleet.yaml, rules/first.yaml and .env into FOLDER, after a few questions.

    Passwords go into .env alone, which only its owner can read. Nothing is overwritten.
    """
    paths = {name: folder / name for name in (FLEET, RULES, ENVIRONMENT)}
    there = [str(path) for path in paths.values() if os.path.lexists(path)]
    if there:
        raise ConfigError(f"{', '.join(there)} is there already; move it away, or give a FOLDER")
    asks = not yes and not addresses and sys.stdin.isatty()
    if not (asks or yes or addresses):
        raise ConfigError("nobody to ask here: give --camera ADDRESS, or --yes for an example")
    cameras: list[StarterCamera] = []
    for address in addresses or (() if asks else ("lobby=rtsp://10.0.0.5/stream2", "desk=usb:0")):
        cameras.append(read_camera(address, cameras))
    webhook = None
    if asks:
        cameras = _ask_cameras()
        webhook = click.prompt("Post alerts to which URL (empty: into the log)", default="") or None
    key = Secret(secrets.token_urlsafe(24)) if webhook else None
    files = write_files(cameras, Secret(webhook) if webhook else None, key)
    _write(folder, files)
    # What it says is what `surveil check` will; a fault is told at its line, and can be mended.
    read_fleet(paths[FLEET], environment={**os.environ, **variables_of(files)})
    _tell(folder, cameras)


def _ask_cameras() -> list[StarterCamera]:
    cameras: list[StarterCamera] = []
    while True:
        more = "" if not cameras else " (empty: no more)"
        address = click.prompt(
            f"Address of camera {len(cameras) + 1}: rtsp://…, usb:0{more}",
            default="" if cameras else None,
            show_default=False,
        )
        if not address:
            return cameras
        name = click.prompt("Its name", default=f"camera-{len(cameras) + 1}")
        try:
            camera = read_camera(address, cameras, name=name)
        except ConfigError as error:
            say(f"{error}; once more:", err=True)
            continue
        if camera.source.startswith("rtsp") and camera.password is None:
            user = click.prompt("User (empty: none)", default="", show_default=False)
            password = user and click.prompt("Password", hide_input=True, default="")
            camera = StarterCamera(
                camera.id,
                camera.source,
                Secret(user) if user else None,
                Secret(password) if password else None,
            )
        cameras.append(camera)


def _write(folder: Path, files: dict[str, str]) -> None:
    """Write new files; the environment's is its owner's alone from its first byte on.

    Raises:
        ConfigError: One cannot be made, or appeared meanwhile.
    """
    for name, text in files.items():
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            mode = 0o600 if name == ENVIRONMENT else 0o644
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            with os.fdopen(fd, "w", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise ConfigError(f"{path}: {error.strerror}; choose another FOLDER") from error


def _tell(folder: Path, cameras: list[StarterCamera]) -> None:
    number = f"{len(cameras)} camera{'s' if len(cameras) > 1 else ''}"
    say(f"{folder / FLEET}, {folder / RULES} and {folder / ENVIRONMENT}: {number}\n")
    steps = [] if folder == Path() else [f"cd {folder}"]
    steps += [
        f"set -a; . ./{ENVIRONMENT}; set +a    # the passwords, for this shell",
        "surveil check --probe       # opens each camera, and says why one is blind",
        "surveil run                 # the daemon; Ctrl-C ends it",
        "surveil top                 # in another terminal: how each camera does",
    ]
    for step in steps:
        say(f"  {step}")

"""``surveil view``: one camera in the browser, in one command."""

from __future__ import annotations

import contextlib
import signal
import time
import webbrowser
from pathlib import Path

import click

from surveil.cli.saying import say
from surveil.config import Fleet
from surveil.config.schema import Http
from surveil.demo.dashboard import Link, free_port
from surveil.demo.fleet import DemoFolder, prepare_folder, write_fleet
from surveil.demo.running import fail_start, real_camera
from surveil.domain import Reason
from surveil.errors import ConfigError, UnavailableError
from surveil.live.standing import ask
from surveil.plaintext import escape
from surveil.workers.host.detached import run_detached


@click.command("view")
@click.argument("source")
@click.option(
    "--keep",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("var/view"),
    show_default=True,
    help="Where to keep the fleet file and the data; an earlier view there is replaced.",
)
@click.option(
    "--model",
    default=Fleet.model_fields["model"].default,
    show_default=True,
    help="Name or folder.",
)
@click.option("--no-browser", is_flag=True, help="Print the address and open nothing.")
def command(source: str, keep: Path, model: str, no_browser: bool) -> None:
    """Watch SOURCE in the browser: usb:0, rtsp://… or a video file.

    Starts a fleet of one camera, whose picture the dashboard of this machine shows as it is, until
    Ctrl-C.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if Path(source).is_file():
        source = f"file:{source}"
    folder = prepare_folder(keep)
    camera = real_camera(source, folder)
    path = camera.source.removeprefix("file:")
    is_file = path != camera.source
    if is_file and not Path(path).is_file():
        raise ConfigError(f"{path}: no such file")
    port = free_port()
    write_fleet(folder, [camera], model=model, port=port, is_seen=True, is_looped=is_file)

    def tell(address: str) -> None:
        say(f"dashboard: {address} (opens once)")
        if not no_browser:
            webbrowser.open(address)

    link = Link(folder.data_dir, port, tell, page="/cameras/camera")
    with (
        contextlib.suppress(KeyboardInterrupt),
        run_detached(folder.fleet_file, folder.log_file, log_format="human") as process,
    ):
        say("Starting; Ctrl-C ends it.")
        said = ""
        while process.poll() is None:
            link.offer()
            said = _tell_state(folder, said)
            time.sleep(1)
        fail_start(folder, process.returncode)


def _tell_state(folder: DemoFolder, said: str) -> str:
    """Say how the camera stands where that has changed; return what was said last."""
    try:
        (camera,) = ask(Http(port=0), folder.data_dir).cameras
    except (UnavailableError, ValueError):  # before it has begun, after it has ended
        return said
    words = [camera.state.value]
    if camera.reason is not Reason.NONE:
        words += [f"({camera.reason.value})", escape(camera.detail)]
    now = " ".join(words).strip()
    if now != said:
        say(f"camera: {now}")
    return now

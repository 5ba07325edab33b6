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
from surveil.demo.dashboard import Link, free_port
from surveil.demo.fleet import DemoCamera, prepare_folder, write_fleet
from surveil.demo.running import fail_start, real_camera
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
    path = Path(source)
    is_file = path.is_file()
    folder = prepare_folder(keep)
    camera = (
        DemoCamera("camera", f"file:{path.resolve()}") if is_file else real_camera(source, folder)
    )
    port = free_port()
    write_fleet(folder, [camera], model=model, port=port, is_seen=True, is_looped=is_file)

    def tell(address: str) -> None:
        say(f"dashboard: {address} (opens once; the camera's page is behind its tile)")
        if not no_browser:
            webbrowser.open(address)

    link = Link(folder.data_dir, port, tell)
    with (
        contextlib.suppress(KeyboardInterrupt),
        run_detached(folder.fleet_file, folder.log_file, log_format="human") as process,
    ):
        say("Starting; Ctrl-C ends it.")
        while process.poll() is None:
            link.offer()
            time.sleep(0.5)
        fail_start(folder, process.returncode)

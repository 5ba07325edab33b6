"""The run of a demonstration: a fleet in a process of its own, an outage, and somebody watching."""

from __future__ import annotations

import subprocess
import time
from contextlib import ExitStack
from typing import NoReturn, Protocol

from surveil.config.urls import read_source
from surveil.credentials import split_credentials
from surveil.demo.feed import DemoFeed
from surveil.demo.fleet import (
    BLIND_RULE,
    HAPPY_RULE,
    USERNAME,
    DemoCamera,
    DemoFolder,
    write_password,
)
from surveil.demo.report import DemoReport, find_failures
from surveil.demo.view import FleetView
from surveil.errors import InUseError, SurveilError, UnavailableError
from surveil.secrets import Secret
from surveil.simulate import Fault, RtspServer
from surveil.simulate.examples import CLIPS

PORT = 8554
START_LIMIT_S = 120.0
"""Until every camera has been analysed; loading a model on a busy machine takes a while."""
GRACE_S = 20.0
"""How much longer than asked the demo goes on until its alerts have resolved."""
OUTAGE_S = 5.0
BLIND_CAMERA = "lounge"
_REFRESH_S = 0.25
_LOG_TAIL = 15


class Screen(Protocol):
    """Where the fleet is shown."""

    def show(self, view: FleetView, firing: list[tuple[str, str]], caption: str) -> None:
        """Show how things stand, a few times a second."""


def simulate(stack: ExitStack, password: Secret) -> RtspServer:
    """Start the simulator on its usual port, or on a free one if that is taken."""
    try:
        server = RtspServer(CLIPS, port=PORT, username=USERNAME, password=password)
        return stack.enter_context(server)
    except InUseError:
        server = RtspServer(CLIPS, username=USERNAME, password=password)
        return stack.enter_context(server)


def real_camera(source: str, folder: DemoFolder) -> DemoCamera:
    """Take credentials out of a camera's URL, so that the fleet file holds no password.

    Raises:
        ConfigError: It is no address of a camera; the message does not repeat it.
    """
    url = read_source(source)
    _, username, password = split_credentials(source)
    if username is None and password is None:
        return DemoCamera("camera", url)
    write_password(folder, Secret(password or ""))
    return DemoCamera("camera", url, username or "")


def watch(
    screen: Screen,
    process: subprocess.Popen[bytes],
    folder: DemoFolder,
    view: FleetView,
    feed: DemoFeed,
    server: RtspServer | None,
    seconds: float,
) -> None:
    """Show the fleet for a while, and stage the outage of a simulated camera.

    Raises:
        SurveilError: The fleet ended by itself; with its exit code, and the end of its log.
        UnavailableError: No camera was analysed within ``START_LIMIT_S``.
    """
    began_s: float | None = None
    outage_s: float | None = None
    started_s = time.monotonic()
    while True:
        if process.poll() is not None:
            fail_start(folder, process.returncode)
        feed.refresh()
        now_s = time.monotonic()
        if began_s is None:
            caption = f"starting, {now_s - started_s:.0f} s"
            if view.has_begun:
                began_s = now_s
                view.begin()
            elif now_s - started_s > START_LIMIT_S:
                raise UnavailableError(
                    f"no camera was analysed within {START_LIMIT_S:.0f} s; see {folder.log_file}"
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


def _is_complete(
    feed: DemoFeed, view: FleetView, server: RtspServer | None, overtime_s: float
) -> bool:
    if server is None or overtime_s > GRACE_S:
        return True
    return not failures(feed.report(list(view.cameras)), is_simulated=True)


def failures(report: DemoReport, *, is_simulated: bool) -> list[str]:
    """Return in words what the demonstration should have done and did not."""
    return find_failures(
        report,
        blind_camera=BLIND_CAMERA if is_simulated else None,
        happy_rule=HAPPY_RULE,
        blind_rule=BLIND_RULE,
    )


def fail_start(folder: DemoFolder, code: int) -> NoReturn:
    """End with the daemon's own exit code and the end of its log.

    Raises:
        SurveilError: Always.
    """
    lines = folder.log_file.read_text(encoding="utf-8", errors="replace").splitlines()
    error = SurveilError(
        "\n".join([f"`surveil run` ended by itself ({code}); its log ends:", *lines[-_LOG_TAIL:]])
    )
    error.exit_code = code if 0 < code < 128 else 1
    raise error

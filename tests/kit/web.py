"""A dashboard for tests: of a fleet of two cameras, on a database of their own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
import uvicorn
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from kit.events import CameraLife, after, make_vote
from kit.statuses import camera, daemon
from surveil.config.schema import Fleet, Http
from surveil.domain import CameraState, Event, Reason
from surveil.live.status import DaemonStatus
from surveil.store.access import KeyKind, Role, UserRow, make_key, put_user
from surveil.store.alerts import AlertBatch, AlertStep, OutboxMessage, commit_alerts
from surveil.store.engine import writing
from surveil.store.ingest import write_batch
from surveil.store.silences import add_silence
from surveil.web.app import create_app
from surveil.web.guard import Guard
from surveil.web.serving import listen, serve
from surveil.web.site import Site
from surveil.web.wiring import COOKIE

ADDRESS = "http://localhost:8808"
MINE, OTHER = "lobby", "vault"
RULE = {"name": "joy", "when": [{"share": {"emotion": "happy", "over": "10s"}, "above": 0.5}]}


@dataclass
class Dashboard:
    """An application with its clock and its daemon's status in a test's hands."""

    database: sa.Engine
    site: Site
    guard: Guard
    now: datetime = datetime(2026, 3, 1, 12, tzinfo=UTC)
    mono_s: float = 1000.0
    status: DaemonStatus | Exception = field(
        default_factory=lambda: daemon(camera(MINE), camera(OTHER))
    )

    def client(self, key: str = "", **more: object) -> TestClient:
        """Return a browser; with a session's key it is logged in."""
        app = create_app(self.site, self.guard)
        client = TestClient(app, base_url=ADDRESS, raise_server_exceptions=False)
        client.headers["origin"] = ADDRESS
        if key:
            client.cookies.set(COOKIE, key)
        return client

    def key(
        self,
        role: Role = Role.ADMIN,
        cameras: tuple[str, ...] = ("*",),
        *,
        kind: KeyKind = KeyKind.SESSION,
        name: str = "ann",
        lifetime: timedelta = timedelta(hours=1),
    ) -> str:
        """Add a user and return a new key of theirs."""
        with writing(self.database) as connection:
            put_user(connection, UserRow(name, "", role, cameras, self.now))
            return make_key(
                connection,
                kind,
                name,
                role=role,
                cameras=("*",),
                label="test",
                now=self.now,
                lifetime=lifetime,
            )

    def _ask(self, http: Http, data_dir: Path) -> DaemonStatus:
        if isinstance(self.status, Exception):
            raise self.status
        return self.status


def dashboard_of(
    database: sa.Engine, cameras: Sequence[str] = (MINE, OTHER), **web: object
) -> Dashboard:
    """Return a dashboard of a fleet whose results are in ``database``."""
    fleet = Fleet.model_validate(
        {
            "data_dir": "/nonexistent",
            "database": database.url.render_as_string(hide_password=False),
            "cameras": {name: {"source": "rtsp://127.0.0.1/x"} for name in cameras},
            "web": web,
            "rules": [RULE],
        },
        context={"base": Path("/")},
    )
    site = Site(fleet, database)
    board = Dashboard(database, site, Guard(site))
    site.now = lambda: board.now
    site.ask_daemon = board._ask
    board.guard = Guard(site, mono_s=lambda: board.mono_s)
    return board


@pytest.fixture
def dashboard(database: sa.Engine) -> Dashboard:
    """A dashboard on each kind of database in turn."""
    return dashboard_of(database)


@pytest.fixture
def sqlite_dashboard(sqlite_database: sa.Engine) -> Dashboard:
    """A dashboard on SQLite alone."""
    return dashboard_of(sqlite_database)


@contextmanager
def serving(board: Dashboard) -> Iterator[int]:
    """Serve a dashboard on a port of this machine, in a thread; give the port."""
    ended = threading.Event()

    async def until_ended(server: uvicorn.Server) -> None:
        while not ended.is_set():
            await asyncio.sleep(0.02)
        server.should_exit = True

    web = board.site.fleet.web.model_copy(update={"port": 0})
    app = create_app(board.site, board.guard)
    with listen(web) as sock:
        thread = threading.Thread(target=serve, args=(app, web, sock, until_ended))
        thread.start()
        try:
            yield sock.getsockname()[1]
        finally:
            ended.set()
            thread.join(60)


def fill(
    database: sa.Engine, cameras: Sequence[str] = (MINE, OTHER), *, with_site: bool = True
) -> None:
    """Store a minute of cameras, with an alert and a silence of each and of the site.

    What belongs to the other camera alone says so: its note and comment name it.
    """
    with writing(database) as connection:
        for camera in cameras:
            write_batch(connection, _life(camera, f"01{camera.upper()}"))
        keys: list[tuple[str, str | None]] = [(camera, camera) for camera in cameras]
        keys += [("site", None)] if with_site else []
        steps = [
            AlertStep("joy", key, about, "inactive", "firing", after(10), after(10), 0.7, {}, {},
                      "", (OutboxMessage(f"msg-{key}", "ops", {"key": key}),))
            for key, about in keys
        ]  # fmt: skip
        commit_alerts(connection, AlertBatch(steps=steps), number=1, now_at=after(40))
        for key, about in keys:
            add_silence(
                connection, rule="*", camera=about or "*", labels={}, starts_at=after(40),
                ends_at=datetime(2026, 3, 2, tzinfo=UTC), by="night", comment=f"about {key}",
                now=after(40),
            )  # fmt: skip


def _life(camera: str, run: str) -> list[Event]:
    life = CameraLife(camera, run).says(0, CameraState.LIVE)
    for second in range(60):
        life.sees(second, second + 1, make_vote(1))
    return life.says(60, CameraState.STALLED, Reason.TIMEOUT).events


def routes_of(client: TestClient) -> list[APIRoute]:
    """Return every route of an application, also of the routers that it includes."""
    found, todo = [], list(client.app.routes)  # type: ignore[attr-defined]
    while todo:
        route = todo.pop(0)
        if isinstance(route, APIRoute):
            found.append(route)
        included = getattr(route, "original_router", None)
        todo += included.routes if included is not None else []
    assert len(found) > 20
    return found

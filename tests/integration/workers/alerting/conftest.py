"""An alerter on real servers: a fleet file, events on the streams, a webhook that counts."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import redis
import sqlalchemy as sa
import yaml
from kit.stream import publish
from kit.waiting import until
from ulid import ULID

from surveil.config import Fleet, load_fleet
from surveil.domain import (
    EMOTIONS,
    Box,
    CameraEvent,
    CameraState,
    Emotion,
    Event,
    FrameCounts,
    IntervalEvent,
    Reason,
    TrackVote,
)
from surveil.events.streams import stream_key
from surveil.secrets import SecretUrl
from surveil.store.engine import connect, reading
from surveil.wallclock import WatchedClock
from surveil.workers.alerting import alerter
from surveil.workers.host.lifeline import LocalLifeline, LocalTelemetry

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
EXPRESSIONS = {"h": Emotion.HAPPY, "n": Emotion.NEUTRAL, "a": Emotion.ANGRY}


class Script:
    """A camera's events, a character a second: ``h n a`` a face, ``.`` nobody.

    They begin a moment ago and reach into the future, so that the clock plays no part in them.
    """

    def __init__(self, camera: str = "lobby") -> None:
        self.camera = camera
        self.run = str(ULID())
        self.start_at = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=2)
        self.seq = 0
        self.second = 0

    def play(self, marks: str) -> list[Event]:
        """Return the next seconds' events."""
        events: list[Event] = []
        for mark in marks:
            self.seq += 1
            from_at = self.start_at + timedelta(seconds=self.second)
            self.second += 1
            votes = (self._vote(EXPRESSIONS[mark]),) if mark in EXPRESSIONS else ()
            events.append(
                IntervalEvent(
                    camera=self.camera,
                    run=self.run,
                    seq=self.seq,
                    from_at=from_at,
                    to_at=from_at + timedelta(seconds=1),
                    frames=FrameCounts(captured=25, sampled=5, analysed=5),
                    tracks=votes,
                    model="test@000000",
                )
            )
        return events

    @property
    def passed_s(self) -> float:
        """Seconds since the script began, by the clock."""
        return (datetime.now(UTC) - self.start_at).total_seconds()

    def jump_ahead(self) -> None:
        """Go on no sooner than in 10 s, so that the clock does not overtake the events."""
        self.second = max(self.second, int(self.passed_s) + 10)

    def goes_offline(self) -> Event:
        self.seq += 1
        at = self.start_at + timedelta(seconds=self.second)
        return CameraEvent(self.camera, self.run, self.seq, at, CameraState.OFFLINE, Reason.TIMEOUT)

    @staticmethod
    def _vote(emotion: Emotion) -> TrackVote:
        scores = tuple(0.7 if each is emotion else 0.05 for each in EMOTIONS)
        return TrackVote(1, 5, Box(0.1, 0.1, 0.2, 0.3), 0.99, 80, emotion, 0.7, scores)


@dataclass
class Hook:
    """A webhook: counts what it accepts; refuses the first attempt of every ``refuses``-th id."""

    url: str = ""
    refuses: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    accepted: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    @property
    def ids(self) -> list[str]:
        return [id_ for id_, _, _ in self.accepted]

    @property
    def types(self) -> list[str]:
        return [json.loads(body)["type"] for _, _, body in self.accepted]

    def take(self, headers: dict[str, str], body: bytes) -> int:
        """Return the status to answer."""
        id_ = headers["webhook-id"]
        with self.lock:
            number = len({*self.refused, *self.ids})
            if self.refuses and id_ not in self.refused and number % self.refuses == 0:
                self.refused.append(id_)
                return 500
            self.accepted.append((id_, headers, body))
            return 204


@pytest.fixture
def hook() -> Iterator[Hook]:
    hook = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            body = self.rfile.read(length)
            if len(body) < length:
                return  # killed while it sent
            headers = {name.lower(): value for name, value in self.headers.items()}
            try:
                self.send_response(hook.take(headers, body))
                self.end_headers()
            except OSError:
                return  # killed while it waited for the answer

        def log_message(self, *args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    hook.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield hook
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Site:
    """A fleet file and the servers it names."""

    path: Path
    client: redis.Redis
    database: sa.Engine
    database_url: str
    hook: Hook

    def configure(self, redis_url: str, **fields: Any) -> Fleet:
        """Write the fleet file; ``fields`` are its cameras' names and its rules.

        ``more`` are further receivers, by name: at the same hook, with what stands beside it.
        """
        hook = {"webhook": {"url": self.hook.url, "secret": SECRET}}
        more = {name: {**hook, **options} for name, options in fields.get("more", {}).items()}
        text = {
            "data_dir": str(self.path.parent / "var"),
            "redis": redis_url,
            "cameras": {
                name: {"source": "rtsp://127.0.0.1:9/"} for name in fields.get("cameras", ["lobby"])
            },
            "receivers": {"ops": hook, **more},
            "rules": fields["rules"],
        }
        self.path.write_text(yaml.safe_dump(text))
        return load_fleet(self.path).model_copy(update={"database": SecretUrl(self.database_url)})

    def publish(self, events: list[Event]) -> None:
        publish(self.client, events)

    def rows(self, query: str) -> list[Any]:
        with reading(self.database) as connection:
            return list(connection.execute(sa.text(query)))

    def start(self) -> subprocess.Popen[bytes]:
        """Start an alerter in a process of its own, to be killed."""
        script = Path(__file__).parent / "alerter_process.py"
        return subprocess.Popen([sys.executable, script, self.path, self.database_url])

    @property
    def is_settled(self) -> bool:
        """Whether all entries were acknowledged and all messages delivered."""
        groups: Any = self.client.xinfo_groups(stream_key(0))
        last: Any = self.client.xinfo_stream(stream_key(0))
        read = all(
            not group["pending"] and group["last-delivered-id"] == last["last-generated-id"]
            for group in groups
        )
        return bool(groups) and read and not self.rows("select 1 from outbox where state='pending'")


class Running:
    """An alerter in a thread of the test."""

    def __init__(self, fleet: Fleet) -> None:
        self.lifeline = LocalLifeline()
        self.code: int | None = None
        self._clock_set_by = timedelta(0)
        self._thread = threading.Thread(target=self._run, args=(fleet,), daemon=True)
        self._thread.start()

    def _run(self, fleet: Fleet) -> None:
        clock = WatchedClock(now=lambda: datetime.now(UTC) + self._clock_set_by)
        self.code = alerter.run(fleet, self.lifeline, clock=clock)

    def set_clock(self, by: timedelta) -> None:
        """Set the alerter's wall clock."""
        self._clock_set_by += by

    @property
    def samples(self) -> dict[Any, float]:
        assert isinstance(self.lifeline.telemetry, LocalTelemetry)
        return dict(self.lifeline.telemetry.samples)

    def stop(self) -> int | None:
        self.lifeline.stopping.set()
        self._thread.join(20)
        assert not self._thread.is_alive()
        return self.code


@pytest.fixture
def site(
    tmp_path: Path, redis_client: redis.Redis, database_url: str, hook: Hook
) -> Iterator[Site]:
    database = connect(database_url)
    yield Site(tmp_path / "fleet.yaml", redis_client, database, database_url, hook)
    database.dispose()


class Kit:
    """For test modules, which cannot import each other."""

    script = Script
    running = Running
    until = staticmethod(until)
    secret = SECRET


@pytest.fixture(scope="session")
def kit() -> type[Kit]:
    return Kit

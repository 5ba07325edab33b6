"""A fleet of many cameras and nodes without video: what it costs, and where it bends first.

Placement, leases, spools, streams, recorders, the alerter and SQL are the real ones; nodes are
threads of this process, which make events up. One node is then lost, and its spool comes back.
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import yaml

from surveil.config import Fleet
from surveil.config.loading import read_fleet
from surveil.errors import SurveilError, UnavailableError
from surveil.events.adoption import Adopter
from surveil.events.connection import open_client
from surveil.events.embedded import EmbeddedRedis
from surveil.events.streams import stream_key
from surveil.measuring.processes import Usages, inspect_daemon
from surveil.measuring.report import Figure, Report
from surveil.measuring.servers import lend_database
from surveil.measuring.simulated_node import Servers, SimulatedNode
from surveil.store import migrate
from surveil.store.engine import Database, connect, reading
from surveil.store.hosts import load_hosts
from surveil.store.load import Stored, measure_store, seen_since
from surveil.workers.cluster.placing import Need
from surveil.workers.cluster.replanning import replan
from surveil.workers.host.assignments import LogOptions, assign
from surveil.workers.host.process import WorkerSpec
from surveil.workers.host.supervisor import Supervisor

SETTLE_S = 5.0
LIMIT_S = 600.0
FIGURES = (
    Figure("stage", "stage"),
    Figure("processes", "processes", 0),
    Figure("cpu_us", "us/event", 0),
    Figure("core_percent", "% of a core each", 1),
    Figure("carries_per_s", "events/s each carries", 0),
)


@dataclass(frozen=True, slots=True)
class Simulation:
    """What is simulated; a camera tells an event every ``interval_s``."""

    cameras: int = 1000
    nodes: int = 20
    faces: int = 2
    seconds: float = 60.0
    interval_s: float = 1.0
    partitions: int = 4
    recorders: int = 2
    ttl_s: float = 10.0


@dataclass
class Outcome:
    """What was seen; times in seconds from the loss of a node."""

    told_per_s: float = 0.0
    stored_per_s: float = 0.0
    window_s: float = 0.0
    stream_entries: int = 0
    redis_bytes: int = 0
    late_s: float = 0.0
    pending: int = 0
    failover_s: tuple[float, float, float] = (0.0, 0.0, 0.0)
    moved: int = 0
    before: Stored = field(default_factory=Stored)
    after: Stored = field(default_factory=Stored)
    usage: Usages = field(default_factory=Usages)
    postgres_s: float = 0.0


def simulate_fleet(which: str, plan: Simulation) -> Report:
    """Run a simulated fleet, lose a node of it, and prove that nothing is lost.

    Args:
        which: Database as for :func:`surveil.measuring.servers.lend_database`; PostgreSQL.
        plan: What is simulated.

    Raises:
        SurveilError: Something is missing in SQL, or is there twice.
        UnavailableError: It did not come up, or did not recover, in time.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="surveil-fleet-")))
        url = stack.enter_context(lend_database(which))
        database = connect(url, statement_timeout_s=None)
        stack.callback(database.dispose)
        migrate.upgrade(database)
        redis = EmbeddedRedis(folder, maxmemory_bytes=2**31)
        redis.start()
        stack.callback(redis.stop)
        fleet = _make_fleet(folder, url, redis.url, plan)
        outcome = _Run(folder, fleet, url, redis.url, database, plan).work()
    return _report(plan, outcome)


def _make_fleet(folder: Path, url: str, redis_url: str, plan: Simulation) -> Fleet:
    source = {"source": "rtsp://127.0.0.1/simulated", "sample_fps": 5}
    fleet = {
        "version": 1,
        "data_dir": str(folder / "consumers"),
        "redis": redis_url,
        "database": "${env:SURVEIL_BENCH_DATABASE}",
        "partitions": plan.partitions,
        "interval_s": plan.interval_s,
        "leases": {"ttl_s": plan.ttl_s},
        "cameras": {f"cam-{number:05}": source for number in range(plan.cameras)},
        "rules": [
            {
                "name": "anger",
                "by": "camera",
                "when": [{"share": {"emotion": "angry", "over": "30s"}, "above": 0.9}],
            }
        ],
    }
    path = folder / "fleet.yaml"
    path.write_text(yaml.safe_dump(fleet), encoding="utf-8")
    return read_fleet(path, environment={"SURVEIL_BENCH_DATABASE": url}).fleet


class _Run:
    """One simulation, from its start to its end."""

    def __init__(
        self,
        folder: Path,
        fleet: Fleet,
        url: str,
        redis_url: str,
        database: Database,
        plan: Simulation,
    ) -> None:
        self._plan = plan
        self._fleet = fleet
        self._redis_url = redis_url
        self._database = database
        self._needs = {camera: Need(5.0) for camera in fleet.cameras}
        servers = Servers(url, redis_url, plan.partitions, plan.ttl_s, plan.interval_s)
        capacity_fps = 2 * 5.0 * plan.cameras / plan.nodes
        self._nodes = [
            SimulatedNode(
                name, servers, folder / name, list(fleet.cameras), capacity_fps, plan.faces
            )
            for name in (f"node-{number:03}" for number in range(plan.nodes))
        ]
        self._client: Any = open_client(redis_url)

    def work(self) -> Outcome:
        outcome = Outcome(before=self._store())
        with _consumers(self._fleet, self._plan.recorders), ExitStack() as ends:
            for node in self._nodes:
                node.start()
                ends.callback(node.end)
            self._gather()
            self._await(lambda: self._holding() == self._plan.cameras, "every camera held")
            self._hold_for(SETTLE_S)
            self._measure(outcome)
            dead = max(self._nodes, key=lambda node: len(node.keeper.standing.held))
            self._nodes.remove(dead)
            self._lose(dead, outcome)
            for node in self._nodes:
                node.quiet()
            self._return(dead)
            self._await(lambda: not any(node.pending for node in self._nodes), "all in SQL")
        outcome.after = self._store()
        self._client.close()
        if outcome.after.lost or outcome.after.twice:
            raise SurveilError(f"{outcome.after.lost} events lost, {outcome.after.twice} twice")
        return outcome

    def _gather(self) -> None:
        """Wait until SQL knows all nodes: the first plan is for all of them, as the driver's is."""
        deadline = time.monotonic() + LIMIT_S
        while self._known() < len(self._nodes):
            if time.monotonic() > deadline:
                raise UnavailableError(f"not within {LIMIT_S:g} s: every node in SQL")
            time.sleep(0.1)

    def _known(self) -> int:
        with reading(self._database) as connection:
            return len(load_hosts(connection))

    def _measure(self, outcome: Outcome) -> None:
        told, stored = self._told(), self._store()
        usage, postgres_s = inspect_daemon(os.getpid()), self._postgres_s(stored)
        began = time.monotonic()
        self._hold_for(self._plan.seconds)
        outcome.window_s = time.monotonic() - began
        after = self._store()
        outcome.told_per_s = (self._told() - told) / outcome.window_s
        outcome.stored_per_s = (after.events - stored.events) / outcome.window_s
        outcome.usage = inspect_daemon(os.getpid()).since(usage)
        outcome.postgres_s = self._postgres_s(after) - postgres_s
        outcome.stream_entries = sum(
            self._client.xlen(stream_key(p)) for p in range(self._plan.partitions)
        )
        outcome.redis_bytes = self._client.info("memory")["used_memory"]
        outcome.late_s = max(node.latest_s for node in self._nodes)
        outcome.pending = sum(node.pending for node in self._nodes)

    def _lose(self, dead: SimulatedNode, outcome: Outcome) -> None:
        """Let a node die; find out when each of its cameras was in SQL again."""
        tokens = {camera: one.token for camera, one in dead.keeper.standing.held.items()}
        dead.die()
        died = time.monotonic()
        seen: dict[str, float] = {}

        def is_back() -> bool:
            with reading(self._database) as connection:
                newer = seen_since(connection, tokens)
            for camera in newer - seen.keys():
                seen[camera] = time.monotonic() - died
            return len(seen) == len(tokens)

        self._await(is_back, "the lost node's cameras elsewhere")
        times = sorted(seen.values()) or [0.0]
        outcome.moved = len(seen)
        outcome.failover_s = (times[0], times[len(times) // 2], times[-1])

    def _return(self, dead: SimulatedNode) -> None:
        """Publish what the lost node's disk still holds, as another host's adopter does."""
        adopter = Adopter(dead.folder, (), self._redis_url, self._plan.partitions)
        adopter.adopt(dead.spool_path)

    def _holding(self) -> int:
        return sum(len(node.keeper.standing.held) for node in self._nodes)

    def _told(self) -> int:
        return sum(node.told for node in self._nodes)

    def _store(self) -> Stored:
        with reading(self._database) as connection:
            return measure_store(connection)

    @staticmethod
    def _postgres_s(stored: Stored) -> float:
        if not stored.server_pid:
            return 0.0
        return sum(one.cpu_s for one in inspect_daemon(stored.server_pid).by_role.values())

    def _hold_for(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        self._await(lambda: time.monotonic() >= until, "the measured time", seconds + LIMIT_S)

    def _await(self, condition: Callable[[], bool], what: str, limit_s: float = LIMIT_S) -> None:
        """Drive the placement until a condition holds."""
        deadline = time.monotonic() + limit_s
        next_mono_s = 0.0
        while not condition():
            if time.monotonic() > deadline:
                raise UnavailableError(f"not within {limit_s:g} s: {what}")
            if time.monotonic() >= next_mono_s:
                next_mono_s = time.monotonic() + 1.0
                replan(self._database, self._needs, self._plan.ttl_s)
            time.sleep(0.1)


@contextmanager
def _consumers(fleet: Fleet, recorders: int) -> Iterator[None]:
    """Run recorders, each as on a host of its own, and an alerter."""
    logs = LogOptions(level="warning")
    specs = []
    for name in [*(f"recorder-{number}" for number in range(recorders)), "alerter"]:
        own = fleet.model_copy(update={"data_dir": fleet.data_dir / name})
        role = name.partition("-")[0]
        specs.append(WorkerSpec(name, role, _assigning(role, own, logs)))
    supervisor = Supervisor(specs)
    stopping = threading.Event()

    def turn() -> None:
        while not stopping.wait(0.1):
            supervisor.turn(time.monotonic())

    thread = threading.Thread(target=turn, name="supervisor", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()
        supervisor.end_workers()


def _assigning(role: str, fleet: Fleet, logs: LogOptions) -> Callable[[], dict[str, Any]]:
    return lambda: assign(role, fleet, fleet.cameras, logs)


def _report(plan: Simulation, seen: Outcome) -> Report:
    rate = max(seen.stored_per_s, 1e-9)
    used = {
        "nodes, all": (1, seen.usage.by_role["supervisor"].cpu_s),
        "redis": (1, seen.usage.by_role["redis"].cpu_s),
        "recorder": (plan.recorders, seen.usage.by_role["recorder"].cpu_s),
        "alerter": (1, seen.usage.by_role["alerter"].cpu_s),
        "postgres, all": (1, seen.postgres_s),
    }
    rows = [
        {
            "stage": stage,
            "processes": count,
            "cpu_us": 1e6 * cpu_s / seen.window_s / rate,
            "core_percent": 100 * cpu_s / seen.window_s / count,
            "carries_per_s": rate * seen.window_s * count / max(cpu_s, 1e-9) / count,
        }
        for stage, (count, cpu_s) in used.items()
    ]
    shared = [row for row in rows if row["stage"] in ("redis", "recorder", "alerter")]
    first = max(shared, key=lambda row: float(str(row["core_percent"])))
    stored = seen.after.events or 1
    event_bytes = (seen.after.bytes - seen.before.bytes) / stored
    day_bytes = event_bytes * 86_400 * plan.cameras / plan.interval_s
    failover = " / ".join(f"{one:.1f}" for one in seen.failover_s)
    notes = (
        f"{seen.told_per_s:,.0f} events/s told, {seen.stored_per_s:,.0f} stored; at the end of "
        f"{seen.window_s:.0f} s {seen.pending:,} not yet known to be stored, a second's events "
        f"at most {max(0.0, seen.late_s):.1f} s late.",
        f"Streams: {seen.stream_entries:,} entries, Redis {seen.redis_bytes / 2**20:,.0f} MiB. "
        f"SQL: {event_bytes:,.0f} bytes an event, {day_bytes / 1e9:,.1f} GB a day.",
        f"A node with {seen.moved} cameras lost: first, middle, last of them in SQL again after "
        f"{failover} s; {seen.after.fenced} events fenced, 0 of {stored:,} lost, 0 twice.",
        f"Bends first: {first['stage']}, at about {first['carries_per_s']:,.0f} events/s each.",
    )
    return Report("fleet simulation", asdict(plan), FIGURES, rows, notes)

"""Three nodes of a Ray cluster on this machine, six simulated cameras, and what is done to them.

``python bench/cluster_report.py`` prints a table: the driver is killed, a raylet with its children
alone, then a host with its raylet; a node is drained, a host is suspended and returns, another has
no way to SQL, and at last the head is lost and a new one comes. Each time: seconds until it is
known and until the cameras are live elsewhere, gaps, and whether anything is missing or stored
twice. The health checks of Ray itself do not matter for it: heartbeats in SQL are sooner.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import psycopg
import yaml

from surveil.events.embedded import EmbeddedRedis
from surveil.measuring.servers import lend_database
from surveil.simulate import RtspServer
from surveil.store import connect, migrate

MEDIA = Path(__file__).parents[1] / "surveil" / "simulate" / "media"
HOSTS = ("north", "middle", "south")
LIMIT_S = 240.0
DATABASE = "SURVEIL_CLUSTER_DATABASE"
"""Environment variable with the database's URL: each host has a role of its own, to be cut off."""

IDENTITY = """
SELECT coalesce(sum(last_seq - stored), 0), coalesce(sum(stored - different), 0) FROM (
    SELECT run_id, max(seq) AS last_seq, count(*) AS stored, count(DISTINCT seq) AS different
    FROM (
        SELECT run_id, seq FROM "interval" UNION ALL SELECT run_id, seq FROM camera_event
        UNION ALL SELECT run_id, seq FROM dead_letter WHERE run_id IS NOT NULL
    ) AS e GROUP BY run_id
) AS r"""
TWICE = """
SELECT count(*) FROM "interval" AS a JOIN run AS r ON r.id = a.run_id
JOIN lease AS l ON l.subject = a.camera_id AND l.token > r.token AND l.started_at <= a.from_at"""


class Bench:
    """The servers, the cluster and the driver, with questions to SQL."""

    def __init__(self, folder: Path, cameras: int, ttl_s: float) -> None:
        self.folder = folder
        self.stack = contextlib.ExitStack()
        # In a folder of its own: one that PostgreSQL's user can reach, whoever runs this.
        self.url = migrated(self.stack.enter_context(lend_database("postgres")))
        self.sql = psycopg.connect(self.url, autocommit=True)
        redis = EmbeddedRedis(folder / "redis")
        redis.start()
        self.stack.callback(redis.stop)
        clips = sorted(MEDIA.glob("*.mp4"))
        names = [f"cam-{number}" for number in range(cameras)]
        rtsp = self.stack.enter_context(
            RtspServer({name: clips[n % len(clips)] for n, name in enumerate(names)})
        )
        fleet = {
            "version": 1,
            "data_dir": str(folder / "hosts"),
            "redis": redis.url,
            "database": f"${{env:{DATABASE}}}",
            "http": {"port": 0},
            "web": {"enabled": False},
            "leases": {"ttl_s": ttl_s},
            "defaults": {"sample_fps": 1},
            "cameras": {name: {"source": rtsp.url(name)} for name in names},
        }
        self.fleet_file = folder / "fleet.yaml"
        self.fleet_file.write_text(yaml.safe_dump(fleet), encoding="utf-8")
        for host in HOSTS:
            self.sql.execute(f"CREATE ROLE {host} SUPERUSER LOGIN".encode())
        os.environ[DATABASE] = self.url.replace("postgresql://", "postgresql+psycopg://")
        self.cluster = self.start_cluster()
        self.driver = self.start_driver()

    def start_cluster(self) -> Any:
        from ray.cluster_utils import Cluster

        health = {"health_check_period_ms": 1000, "health_check_failure_threshold": 3}
        cluster = Cluster(
            initialize_head=True,
            head_node_args={"num_cpus": 1, "_system_config": health, "include_dashboard": False},
        )
        self.stack.callback(cluster.shutdown)
        self.nodes = {name: self.add_node(cluster, name) for name in HOSTS}
        return cluster

    def add_node(self, cluster: Any, name: str) -> Any:
        """Add a node that is to be a host."""
        parts = urlsplit(os.environ[DATABASE])
        url = parts._replace(netloc=f"{name}@{parts.netloc.rpartition('@')[2]}").geturl()
        return cluster.add_node(
            num_cpus=1,
            resources={"surveil": 1},
            labels={"surveil-host": name, "site": name},
            object_store_memory=80 << 20,
            env_vars={DATABASE: url},
        )

    def lose_head(self) -> None:
        """Kill all of Ray, the head first; the hosts are no children of it."""
        self.driver.kill()
        self.driver.wait()
        self.cluster.remove_node(self.cluster.head_node, allow_graceful=False)
        for node in list(self.cluster.worker_nodes):
            self.cluster.remove_node(node, allow_graceful=False)

    def cut_off(self, host: str, is_cut: bool = True) -> None:
        """Let a host have no way to SQL, or have one again."""
        self.sql.execute(f"ALTER ROLE {host} {'NOLOGIN' if is_cut else 'LOGIN'}".encode())
        if is_cut:
            self.ask(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", host
            )

    def spools(self, host: str) -> set[str]:
        """Return the names of the spools on a host's disk."""
        return {path.name for path in (self.folder / "hosts" / host / "spool").glob("*.db")}

    def start_driver(self) -> subprocess.Popen[bytes]:
        log = (self.folder / "driver.log").open("ab")
        command = [sys.executable, "-m", "surveil.cli.main", "fleet", "up", str(self.fleet_file)]
        return subprocess.Popen(
            [*command, "--address", self.cluster.address], stdout=log, stderr=log
        )

    def fleet(self, *words: str) -> str:
        command = [sys.executable, "-m", "surveil.cli.main", "fleet", *words]
        return subprocess.run(
            [*command, "--fleet", str(self.fleet_file)], check=True, capture_output=True, text=True
        ).stdout

    def ask(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        return self.sql.execute(query.encode(), values or None).fetchall()

    def live_since(self, at: Any, cameras: list[str]) -> bool:
        """Return whether each camera has an analysed interval that began after an instant."""
        query = (
            'SELECT count(DISTINCT camera_id) FROM "interval"'
            " WHERE analysed > 0 AND from_at > %s AND camera_id = ANY(%s)"
        )
        return bool(self.ask(query, at, cameras)[0][0] == len(cameras))

    def now(self) -> Any:
        return self.ask("SELECT clock_timestamp()")[0][0]

    def on(self, host: str) -> list[str]:
        query = (
            "SELECT subject FROM lease WHERE holder = %s AND released_at IS NULL"
            " AND expires_at > clock_timestamp() AND subject NOT LIKE '%%:%%'"
        )
        return sorted(row[0] for row in self.ask(query, host))

    def gaps(self, cameras: list[str], since: Any) -> str:
        """Return how many gaps of which reasons cameras have had."""
        query = (
            "SELECT reason, count(*) FROM gap WHERE camera_id = ANY(%s) AND to_at > %s"
            " GROUP BY reason"
        )
        found = self.ask(query, cameras, since)
        return ", ".join(f"{reason} {count}" for reason, count in found) or "none"

    def grants(self) -> int:
        """Return how often a camera was given to a host."""
        return int(self.ask("SELECT count(*) FROM lease WHERE subject NOT LIKE '%%:%%'")[0][0])

    def log_bytes(self) -> int:
        """Return how much the drivers have told."""
        return (self.folder / "driver.log").stat().st_size

    def tells(self, after: int, event: str, host: str) -> bool:
        """Return whether a driver told something of a host since its log had so many bytes."""
        lines = (self.folder / "driver.log").read_bytes()[after:].decode().splitlines()
        return any(f'"event": "{event}"' in line and f'"{host}"' in line for line in lines)

    def pids(self, host: str) -> list[int]:
        """Return the processes of a host: the session that its supervisor leads."""
        lock = self.folder / "hosts" / host / "surveil.lock"
        leader = int(lock.read_text(encoding="ascii"))
        found = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError, ValueError):
                session = int(stat.read_text().rsplit(")", 1)[1].split()[3])
                if session == leader:
                    found.append(int(stat.parent.name))
        return found

    def close(self) -> None:
        for host in HOSTS:
            with contextlib.suppress(OSError, ValueError):
                for pid in self.pids(host):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGCONT)
                        os.kill(pid, signal.SIGKILL)
        self.driver.kill()
        self.driver.wait()
        self.sql.close()
        self.stack.close()


def migrated(url: str) -> str:
    """Bring a database up to date; return its URL as psycopg takes it."""
    engine = connect(url)
    migrate.upgrade(engine)
    engine.dispose()
    return url.replace("postgresql+psycopg://", "postgresql://")


def until(condition: Callable[[], Any], what: str) -> float:
    """Return the seconds until a condition is true."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > LIMIT_S:
            raise SystemExit(f"not in time: {what}")
        time.sleep(0.1)
    return time.monotonic() - began


def move(bench: Bench, what: str, act: Callable[[], None], host: str) -> list[str]:
    """Do something to a host, and return a row: until its cameras move, and are seen again."""
    cameras = bench.on(host)
    before = bench.now()
    act()
    holders = (
        "SELECT count(DISTINCT subject) FROM lease WHERE subject = ANY(%s) AND holder <> %s"
        " AND started_at > %s"
    )
    known_s = until(
        lambda: bench.ask(holders, cameras, host, before)[0][0] == len(cameras), f"{what}: leases"
    )
    taken = bench.ask("SELECT max(started_at) FROM lease WHERE subject = ANY(%s)", cameras)[0][0]
    live_s = known_s + until(lambda: bench.live_since(taken, cameras), f"{what}: live")
    gaps = bench.gaps(cameras, before)
    return [what, str(len(cameras)), f"{known_s:.1f}", f"{live_s - known_s:.1f}", gaps]


def kill_host(bench: Bench, host: str) -> None:
    """Kill a node whole: its raylet, what Ray runs there, and the host."""
    for pid in bench.pids(host):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    bench.cluster.remove_node(bench.nodes[host], allow_graceful=False)


def kill_raylet(bench: Bench, host: str) -> list[str]:
    """Kill a raylet and its children alone; return a row. The host is none of them and goes on."""
    cameras, grants, before = bench.on(host), bench.grants(), bench.now()
    told = bench.log_bytes()
    node = bench.nodes[host]
    raylet = psutil.Process(node.all_processes["raylet"][0].process.pid)
    for process in [raylet, *raylet.children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    known_s = until(lambda: bench.tells(told, "node.lost", host), "a lost node")
    at = bench.now()
    live_s = until(lambda: bench.live_since(at, cameras), "live without a raylet")
    bench.cluster.remove_node(node, allow_graceful=False)
    bench.nodes[host] = bench.add_node(bench.cluster, host)
    until(lambda: bench.tells(told, "node.found", host), "the node again")
    moved = bench.grants() - grants
    gaps = bench.gaps(cameras, before)
    told_s = f"{known_s:.1f} to the driver's word"
    return [
        "raylet killed alone",
        str(len(cameras)),
        told_s,
        f"{live_s:.1f}",
        f"{gaps}; {moved} moved",
    ]


def suspend(bench: Bench, host: str, signum: signal.Signals) -> None:
    for pid in bench.pids(host):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signum)


def run(bench: Bench) -> list[list[str]]:
    cameras = sorted(yaml.safe_load(bench.fleet_file.read_text())["cameras"])
    began = bench.now()
    start_s = until(lambda: bench.live_since(began, cameras), "all live")
    rows = [["start of all", str(len(cameras)), "", f"{start_s:.1f}", ""]]
    print(rows[-1], flush=True)

    bench.driver.kill()
    bench.driver.wait()
    at = bench.now()
    time.sleep(5)
    held = sum(len(bench.on(host)) for host in HOSTS)
    alone_s = until(lambda: bench.live_since(at, cameras), "alive without a driver")
    told = bench.log_bytes()
    bench.driver = bench.start_driver()
    rows.append(["driver killed", str(held), "", f"{alone_s:.1f}", "none: hosts go on"])
    print(rows[-1], flush=True)

    until(lambda: all(bench.tells(told, "node.found", host) for host in HOSTS), "driver again")
    rows.append(kill_raylet(bench, "south"))
    print(rows[-1], flush=True)
    rows.append(move(bench, "kill middle", lambda: kill_host(bench, "middle"), "middle"))
    print(rows[-1], flush=True)
    left = bench.spools("middle")
    bench.nodes["middle"] = bench.add_node(bench.cluster, "middle")
    adopted_s = until(lambda: left and not left & bench.spools("middle"), "spools adopted")
    rows.append(["middle returns", str(len(left)), "", f"{adopted_s:.1f}", "spools adopted"])
    print(rows[-1], flush=True)
    bench.fleet("rebalance")
    until(lambda: all(bench.on(host) for host in HOSTS), "balanced")
    at = bench.now()
    until(lambda: bench.live_since(at, cameras), "live after the balance")
    rows.append(move(bench, "drain north", lambda: _drain(bench, "north"), "north"))
    print(rows[-1], flush=True)
    rows.append(
        move(bench, "suspend south", lambda: suspend(bench, "south", signal.SIGSTOP), "south")
    )
    suspend(bench, "south", signal.SIGCONT)
    print(rows[-1], flush=True)
    at = bench.now()
    until(lambda: bench.live_since(at, cameras), "live after its return")
    rows.append(move(bench, "cut middle off", lambda: bench.cut_off("middle"), "middle"))
    print(rows[-1], flush=True)
    bench.cut_off("middle", False)
    rows.append(lose_head(bench, cameras))
    print(rows[-1], flush=True)
    bench.fleet("down")
    until(lambda: not any(bench.on(host) for host in HOSTS), "the end")
    lost, twice = bench.ask(IDENTITY)[0]
    fenced = bench.ask("SELECT count(*) FROM dead_letter WHERE reason LIKE 'fenced%%'")[0][0]
    both = bench.ask(TWICE)[0][0]
    rows.append(["all of it", f"lost {lost}", f"twice {twice}", f"fenced {fenced}", f"both {both}"])
    return rows


def lose_head(bench: Bench, cameras: list[str]) -> list[str]:
    """Lose the head and all of Ray, then start it anew; return a row."""
    granted = bench.grants()
    bench.lose_head()
    time.sleep(15)  # longer than a lease lives
    alone_s = until(lambda: bench.live_since(bench.now() - timedelta(seconds=4), cameras), "alone")
    told = bench.log_bytes()
    bench.cluster = bench.start_cluster()
    bench.driver = bench.start_driver()
    until(lambda: all(bench.tells(told, "node.found", host) for host in HOSTS), "found")
    at = bench.now()
    until(lambda: bench.live_since(at, cameras), "live with a new head")
    changed = bench.grants() - granted
    return ["head lost", str(len(cameras)), "", f"{alone_s:.1f}", f"{changed} cameras moved"]


def _drain(bench: Bench, host: str) -> None:
    print(bench.fleet("drain", host).strip(), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cameras", type=int, default=6)
    parser.add_argument("--ttl-s", type=float, default=10.0)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="surveil-cluster-") as name:
        folder = options.folder or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        bench = Bench(folder, options.cameras, options.ttl_s)
        try:
            rows = run(bench)
        finally:
            bench.close()
    print("| what | cameras | s to leases elsewhere | s from there to live | gaps |")
    print("|---|---|---|---|---|")
    for row in rows:
        print(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    main()

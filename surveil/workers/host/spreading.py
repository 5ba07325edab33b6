"""Watch those cameras of a spread fleet whose leases this host holds; all else as on one host.

Cameras that come together are a cell: inference workers with their captures, begun anew, so that
cameras that stay are not disturbed. A camera leaves its cell when its lease nears its end without
being prolonged, when it is wanted elsewhere, or when this host is to end; its lease is given back
once nothing here speaks for it any more. A cell that has lost all its cameras ends, and what its
spool still holds is adopted. Where cameras that may be watched live come or go, the dashboard is
renewed, which inherits their memory. Everything but the keeper and the adopter, which have threads
of their own, runs in the supervisor's loop.
"""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

from ulid import ULID

from surveil.config import Camera, Fleet
from surveil.events.adoption import Adopter
from surveil.logs import get_logger
from surveil.store.engine import Connection
from surveil.store.hosts import beat, placed_on
from surveil.workers.host.assignments import LogOptions
from surveil.workers.host.lease_board import LeaseBoard, boot_s
from surveil.workers.host.leasing import Held, LeaseKeeper, Standing, Wish
from surveil.workers.host.membership import Membership
from surveil.workers.host.placement import place, threads_each, usable_cores, workers_for
from surveil.workers.host.shares import (
    LiveRings,
    Share,
    capture_spec,
    doorbell,
    inference_spec,
    shared_ring,
)
from surveil.workers.host.supervisor import Supervisor

MARGIN = 0.35
"""Part of a lease's life before its end at which its camera is let go, if nobody prolonged it."""

GUARD = 0.1
"""Part of it before its end at which a worker stops by itself, whatever its supervisor does."""

_log = get_logger("leases")


@dataclass
class Cell:
    """An inference worker that came with some cameras; ``left`` are those not asked to end."""

    name: str
    spool: str
    tokens: dict[str, int]
    board: LeaseBoard
    stack: ExitStack
    left: set[str]
    given_back: set[str]


def capture_name(camera: str) -> str:
    """Return the name of a camera's capture process."""
    return f"capture:{camera}"


class Cells:
    """The cameras of this host, by the leases that it holds.

    Args:
        fleet: The configuration.
        supervisor: Runs the workers.
        keeper: Holds the leases.
        logs: How the workers log.
        owned: Kept up to date with the names of the spools whose workers live.
        counted: What the adopter counts, by name.
        live: Kept up to date with what may be watched here.
    """

    def __init__(
        self,
        fleet: Fleet,
        supervisor: Supervisor,
        keeper: LeaseKeeper,
        logs: LogOptions,
        owned: set[str],
        counted: Counter[str],
        live: LiveRings,
    ) -> None:
        self._live = live
        self._shown = live.changes
        self._fleet = fleet
        self._supervisor = supervisor
        self._keeper = keeper
        self._logs = logs
        self._owned = owned
        self._counted = counted
        self._cells: list[Cell] = []
        self._cameras = {id_: one for id_, one in fleet.cameras.items() if one.enabled}

    def tend(self, now: float) -> None:
        """Look after leases and cells once; called in each turn of the supervisor's loop."""
        standing = self._keeper.standing
        if standing.is_stopping:
            self._supervisor.request_stop(signal.SIGTERM)
        present_s = boot_s()
        for cell in self._cells:
            self._prolong(cell, standing, present_s)
        self._cells = [cell for cell in self._cells if not self._has_ended(cell)]
        taken = {camera for cell in self._cells for camera in cell.tokens}
        new = {
            camera: held
            for camera, held in standing.held.items()
            if camera in standing.wanted
            and camera in self._cameras
            and camera not in taken
            and not self._is_lapsing(held, present_s)
        }
        if new:
            self._begin(new)
        self._show(now)
        adopted: list[tuple[str, dict[str, str], float]] = [
            (name, {}, float(n)) for name, n in dict(self._counted).items()
        ]
        self._supervisor.board.put("leases", [*_samples(standing), *adopted])

    def close(self) -> None:
        """Let go of all memory; the workers have ended."""
        for cell in self._cells:
            cell.stack.close()

    def _prolong(self, cell: Cell, standing: Standing, present_s: float) -> None:
        """Write down until when the cell may speak for its cameras, and let those go that left."""
        leaving = set()
        for camera in cell.left:
            held = standing.held.get(camera)
            if held is not None and held.token == cell.tokens[camera]:
                cell.board.put(camera, held.until_s - GUARD * self._keeper.ttl_s)
                if camera in standing.wanted and not self._is_lapsing(held, present_s):
                    continue
            leaving.add(camera)
        if leaving:
            _log.info("cameras.leaving", cameras=sorted(leaving), worker=cell.name)
            cell.left -= leaving
            self._supervisor.retire({capture_name(camera) for camera in leaving})
            if not cell.left:
                self._supervisor.retire({cell.name})

    def _has_ended(self, cell: Cell) -> bool:
        """Give back what has ended; return whether all of the cell has."""
        is_over = not cell.left and not self._supervisor.employs(cell.name)
        for camera in set(cell.tokens) - cell.left - cell.given_back:
            # While the cell's worker lives, it may still tell what it has of the camera.
            if not self._supervisor.employs(capture_name(camera)):
                cell.given_back.add(camera)
                self._live.remove(camera)
                cell.board.put(camera, 0.0)
                self._keeper.let_go(camera, cell.tokens[camera])
        if is_over and len(cell.given_back) == len(cell.tokens):
            cell.stack.close()
            self._owned.discard(cell.spool)
            return True
        return False

    def _show(self, now: float) -> None:
        """Renew the dashboard where it has not what may be watched; one that starts has it."""
        if self._live.changes == self._shown:
            return
        self._shown = self._live.changes
        for worker in self._supervisor.workers:
            if worker.spec.role == "web" and worker.is_running and not worker.is_renewing:
                worker.renew(now)

    def _is_lapsing(self, held: Held, present_s: float) -> bool:
        return present_s >= held.until_s - MARGIN * self._keeper.ttl_s

    def _begin(self, new: dict[str, Held]) -> None:
        cameras = [self._cameras[camera] for camera in sorted(new)]
        cores = usable_cores()
        workers = workers_for(self._fleet, cameras, cores)
        threads = threads_each(workers, cores)
        used = {cell.name for cell in self._cells}
        free = (name for n in range(10_000) if (name := f"inference-{n}") not in used)
        for own in place(cameras, workers):
            self._begin_cell(next(free), own, new, threads)

    def _begin_cell(
        self, name: str, cameras: Sequence[Camera], new: dict[str, Held], threads: int
    ) -> None:
        stack = ExitStack()
        rings = {one.id: stack.enter_context(shared_ring()) for one in cameras}
        listen_fd, ring_fd = doorbell(stack)
        for shown in cameras:
            self._live.add(shown, rings[shown.id], stack)
        readings = {id_: ring for id_, ring in self._live.readings.items() if id_ in rings}
        board = LeaseBoard.create([one.id for one in cameras])
        stack.callback(board.close)
        held = {one.id: new[one.id] for one in cameras}
        for camera, one in held.items():
            board.put(camera, one.until_s - GUARD * self._keeper.ttl_s)
        tokens = {camera: one.token for camera, one in held.items()}
        lost = [camera for camera, one in held.items() if one.is_host_lost]
        spool = f"{name}-{str(ULID()).lower()}"  # runs are never continued in an older one
        self._owned.add(spool)
        share = Share(name, rings, listen_fd, None, threads, board, tokens, lost, spool, readings)
        specs = [inference_spec(self._fleet, share, self._logs)]
        specs += [
            capture_spec(self._fleet, one, rings[one.id], ring_fd, self._logs) for one in cameras
        ]
        self._supervisor.add(specs)
        self._cells.append(Cell(name, spool, tokens, board, stack, set(tokens), set()))
        _log.info("cell.begun", worker=name, cameras=sorted(tokens), host_lost=sorted(lost))


def _samples(standing: Standing) -> list[tuple[str, dict[str, str], float]]:
    return [
        ("leases_held", {}, float(len(standing.held))),
        ("leases_wanted", {}, float(len(standing.wanted))),
        ("lease_errors_total", {}, float(standing.errors)),
        ("lease_losses_total", {}, float(standing.losses)),
    ]


def wish_of(membership: Membership, cameras: Collection[str]) -> Callable[[Connection], Wish]:
    """Return what reads a host's wish: its shard, or where a placement in SQL puts cameras."""
    if membership.shard is not None:
        return partial(_same, Wish(frozenset(membership.of(cameras))))
    is_new = [True]

    def read(connection: Connection) -> Wish:
        state = beat(
            connection,
            membership.host,
            membership.labels,
            membership.capacity_fps,
            is_new=is_new[0],
        )
        is_new[0] = False
        return Wish(placed_on(connection, membership.host), state == "stopping")

    return read


def _same(wish: Wish, connection: Connection) -> Wish:
    return wish


def spread(
    fleet: Fleet,
    membership: Membership,
    supervisor: Supervisor,
    logs: LogOptions,
    stack: ExitStack,
    live: LiveRings,
) -> Callable[[float], None]:
    """Begin to hold leases; return what the supervisor's loop is to call.

    Args:
        fleet: The configuration.
        membership: This host.
        supervisor: Of this host.
        logs: How its workers log.
        stack: Ends all of it, once the workers have ended.
        live: Kept up to date with what may be watched here.
    """
    watched = [id_ for id_, one in fleet.cameras.items() if one.enabled]
    owned: set[str] = set()
    keeper = LeaseKeeper(
        *(fleet.database.reveal(), membership.host, fleet.leases.ttl_s),
        wish_of(membership, watched),
        partial(placed_on, host_id=membership.host) if membership.shard is None else None,
    )
    counted: Counter[str] = Counter()
    cells = Cells(fleet, supervisor, keeper, logs, owned, counted, live)
    stack.callback(cells.close)
    assert fleet.redis != "embedded"
    adopter = Adopter(
        *(fleet.data_dir, owned, fleet.redis.reveal(), fleet.partitions),
        count=lambda name: counted.update([name]),
    )
    stack.callback(adopter.stop)
    stack.callback(keeper.stop)
    keeper.start()
    adopter.start()
    _log.info(
        "host.joined",
        host=membership.host,
        ttl_s=fleet.leases.ttl_s,
        capacity_fps=membership.capacity_fps,
    )
    return cells.tend

"""The driver of ``surveil fleet up``: an actor on each node that offers ``surveil``, and the plan.

It holds nothing that is not in SQL: killed at any point, the next one finds the hosts, their leases
and the placement there. Which hosts live is what SQL says (heartbeats), not what Ray says: a host
outlives its raylet. The only module that imports Ray, and only once it is asked to.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from surveil.config import Fleet
from surveil.errors import ConfigError, SurveilError, UnavailableError
from surveil.hosts import split_host
from surveil.logs import get_logger
from surveil.reminders import Reminder
from surveil.store.engine import Database, reading, writing
from surveil.store.hosts import load_hosts, load_placement, set_state
from surveil.workers.cluster.node import HostOrder, NodeHost, digest_of
from surveil.workers.cluster.placing import Plan
from surveil.workers.cluster.replanning import needs_of, replan

RESOURCE = "surveil"
"""What a node offers to be a host: ``ray start --resources '{"surveil": 1}'``; a greater amount is
the sampled frames a second that it carries, as ``surveil doctor`` measures them."""

HOST_LABEL = "surveil-host"
"""Label that names a node's host; by default its machine's name does."""

TURN_S = 1.0
SOONEST_S = 0.05
"""A turn comes sooner than ``TURN_S`` where a host's lease ends before that."""
GATHER_S = 45.0
"""For so long a driver that finds no plan waits for the hosts of all nodes before its first."""
ENSURE_EVERY_S = 5.0
ANSWER_S = 90.0
LISTENS_S = 5.0
"""For so long a wrong address is tried."""

_log = get_logger("fleet")


@dataclass
class NodeCall:
    """The actor of a node, and the call to it that is under way."""

    actor: Any
    order: HostOrder
    pending: Any = None
    asked_mono_s: float = 0.0
    trouble: Reminder = field(default_factory=Reminder)


class Driver:
    """Keeps a host running on each node, and every camera on a host.

    Args:
        fleet_file: At this path on all nodes.
        fleet: What stands in it.
        database: Shared by all hosts.
        address: Of the Ray cluster; ``auto`` finds the one of this machine, None starts one.

    Raises:
        UnavailableError: There is no such cluster.
    """

    def __init__(
        self, fleet_file: Path, fleet: Fleet, database: Database, address: str | None
    ) -> None:
        self._file = fleet_file.resolve()
        self._digest = digest_of(self._file)
        self._fleet = fleet
        self._database = database
        self._needs = needs_of(fleet)
        self._nodes: dict[str, NodeCall] = {}
        self._complaint = Reminder()
        self._homeless: frozenset[str] = frozenset()
        self._began_mono_s = time.monotonic()
        self._pause_s = TURN_S
        self._ray = _connect(address)

    def run(self, stopping: threading.Event) -> None:
        """Drive until told to stop; the hosts go on without."""
        self._wake_hosts()
        while not stopping.wait(self._pause_s):
            self._pause_s = TURN_S
            try:
                self.turn()
                self._complaint.end()
            except SurveilError as error:
                self._complain(str(error))
            except Exception as error:  # noqa: BLE001  (Ray's are many; hosts go on meanwhile)
                self._complain(f"{type(error).__name__}: {error}".splitlines()[0][:300])

    def turn(self) -> Plan | None:
        """Look after nodes and cameras once."""
        stopping, heard, is_placed = self._look()
        self._tend_nodes(stopping)
        missing = {call.order.host for call in self._nodes.values()} - heard - stopping
        is_early = time.monotonic() - self._began_mono_s < GATHER_S
        if is_early and not is_placed and (missing or not self._nodes):
            return None  # the first plan is for all of them: who comes later is given nothing
        plan = replan(self._database, self._needs, self._fleet.leases.ttl_s)
        if plan.moved:
            _log.info("cameras.placed", moved=plan.moved)
        if plan.homeless != self._homeless:
            self._homeless = plan.homeless
            log = _log.warning if plan.homeless else _log.info
            log("cameras.homeless", cameras=sorted(plan.homeless))
        return plan

    def close(self) -> None:
        """Leave the cluster; its actors and the hosts stay."""
        self._ray.shutdown()

    def _wake_hosts(self) -> None:
        """Let hosts start that an earlier ``fleet down`` has stopped."""
        try:
            with writing(self._database) as connection:
                for one in load_hosts(connection):
                    if one.state == "stopping":
                        set_state(connection, one.id, "active")
        except UnavailableError as error:
            self._complain(str(error))

    def _look(self) -> tuple[set[str], set[str], bool]:
        """Return the hosts that are to end, those that live, and whether any camera has a place."""
        with reading(self._database) as connection:
            hosts = load_hosts(connection)
            is_placed = bool(load_placement(connection))
        ttl_s = self._fleet.leases.ttl_s
        self._pause_s = pause_s([one.silent_s for one in hosts], ttl_s)
        return (
            {one.id for one in hosts if one.state == "stopping"},
            {one.id for one in hosts if one.silent_s < ttl_s},
            is_placed,
        )

    def _tend_nodes(self, stopping: set[str]) -> None:
        alive: set[str] = set()
        hosts: set[str] = set()
        for node in self._ray.nodes():
            amount = float(node.get("Resources", {}).get(RESOURCE, 0.0))
            order = self._order(node, amount)
            if not node.get("Alive") or amount <= 0 or order.host in hosts:
                continue
            node_id = str(node["NodeID"])
            alive.add(node_id)
            hosts.add(order.host)
            if order.host not in stopping:
                self._tend_node(node_id, order)
        for node_id in self._nodes.keys() - alive:
            _log.warning("node.lost", host=self._nodes.pop(node_id).order.host, node=node_id)

    def _order(self, node: dict[str, Any], amount: float) -> HostOrder:
        labels = {k: v for k, v in (node.get("Labels") or {}).items() if "/" not in k}
        name = labels.pop(HOST_LABEL, None) or str(node.get("NodeManagerHostname"))
        capacity_fps = amount if amount > 1 else None
        data_dir = str(self._fleet.data_dir)
        return HostOrder(str(self._file), self._digest, data_dir, name, labels, capacity_fps)

    def _tend_node(self, node_id: str, order: HostOrder) -> None:
        now = time.monotonic()
        call = self._nodes.get(node_id)
        if call is None:
            call = self._nodes[node_id] = NodeCall(self._actor(node_id, order), order)
            _log.info("node.found", host=order.host, node=node_id)
        if call.pending is not None:
            self._hear(node_id, call, now)
        elif now - call.asked_mono_s >= ENSURE_EVERY_S:
            call.asked_mono_s = now
            call.pending = call.actor.ensure.remote(order)

    def _hear(self, node_id: str, call: NodeCall, now: float) -> None:
        """Take the answer of a node, if there is one."""
        done, _ = self._ray.wait([call.pending], timeout=0)
        if not done:
            if now - call.asked_mono_s > ANSWER_S:
                self._nodes.pop(node_id)  # asked anew by the next turn
            return
        pending, call.pending = call.pending, None
        try:
            is_started = self._ray.get(pending)
        except Exception as error:  # noqa: BLE001  (told; the node is asked again)
            if call.trouble.is_due():
                words = str(error).strip().splitlines()[-1][:300]
                _log.error("host.not_started", host=call.order.host, reason=words)
            if "Actor" in type(error).__name__:
                self._nodes.pop(node_id)
            return
        call.trouble.end()
        if is_started:
            _log.info("host.started", host=call.order.host, node=node_id)

    def _actor(self, node_id: str, order: HostOrder) -> Any:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        actor = self._ray.remote(NodeHost)
        return actor.options(
            name=f"surveil-host:{order.host}:{node_id[:12]}",
            get_if_exists=True,
            lifetime="detached",
            num_cpus=0,
            max_restarts=-1,
            scheduling_strategy=NodeAffinitySchedulingStrategy(node_id, soft=False),
        ).remote()

    def _complain(self, reason: str) -> None:
        if self._complaint.is_due():
            _log.error("fleet.not_driven", reason=reason)


def pause_s(silent_s: Iterable[float], ttl_s: float) -> float:
    """Return how long to wait for the next turn, by how long each host was silent."""
    left_s = min((ttl_s - one for one in silent_s if one < ttl_s), default=TURN_S)
    return min(TURN_S, max(SOONEST_S, left_s))


def _connect(address: str | None) -> Any:
    """Join a cluster, or start one; return the module ``ray``."""
    # Else Ray sends the working directory, with whatever lies in it, to all nodes under `uv run`.
    os.environ["RAY_ENABLE_UV_RUN_RUNTIME_ENV"] = "0"
    import ray

    if address:
        _check_listens(address)
    more: dict[str, Any] = {"address": address} if address else {"resources": {RESOURCE: 1}}
    try:
        ray.init(namespace="surveil", log_to_driver=False, logging_level=logging.WARNING, **more)
    except ConnectionError as error:
        raise _absent(str(address), str(error).splitlines()[0]) from None
    except ValueError as error:
        raise ConfigError(f"--address {address}: {str(error).splitlines()[0]}") from None
    return ray


def _check_listens(address: str) -> None:
    """Refuse a HOST:PORT at which nobody listens: Ray would ask there for a minute and more.

    Raises:
        UnavailableError: Nobody listens.
    """
    try:
        host, port = split_host(f"//{address}")
    except ValueError:
        return  # Ray says what an address is
    if port is None:
        return
    try:
        socket.create_connection((host, port), timeout=LISTENS_S).close()
    except OSError as error:
        raise _absent(address, error.strerror or str(error)) from None


def _absent(address: str, reason: str) -> UnavailableError:
    begin = """`ray start --head --resources '{"surveil": 1}'` begins one"""
    return UnavailableError(f"no Ray cluster at {address}: {reason.rstrip('.')}; {begin}")

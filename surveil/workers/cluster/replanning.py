"""Place cameras by what SQL knows of hosts, and write the plan down; whoever does, alone."""

from __future__ import annotations

from collections.abc import Mapping

from surveil.config import Fleet
from surveil.store.engine import Database, writing
from surveil.store.hosts import load_hosts, load_placement, save_placement
from surveil.workers.cluster.placing import Need, Offer, Plan, plan_cameras


def needs_of(fleet: Fleet) -> dict[str, Need]:
    """Return what the enabled cameras of a fleet ask for."""
    return {
        id_: Need(camera.sample_fps, camera.on)
        for id_, camera in fleet.cameras.items()
        if camera.enabled
    }


def replan(
    database: Database, needs: Mapping[str, Need], silent_s: float, *, evenly: bool = False
) -> Plan:
    """Place cameras anew in one transaction.

    A host that was not heard of for ``silent_s``, which is a lease's life, holds no camera any
    more: its heartbeat and its leases are prolonged together.

    Raises:
        UnavailableError: SQL is away; nothing changes.
    """
    with writing(database) as connection:
        offers = {
            one.id: Offer(
                one.capacity_fps, one.labels, one.state == "active" and one.silent_s < silent_s
            )
            for one in load_hosts(connection, lock=True)
        }
        plan = plan_cameras(needs, offers, load_placement(connection), evenly=evenly)
        if plan.moved or plan.gone:
            save_placement(connection, plan.moved, plan.gone)
    return plan

"""Hosts of a fleet that is spread, and the cameras that each is to take."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa

from surveil.store.leases import database_now
from surveil.store.tables import host, lease, placement
from surveil.store.upsert import upsert

PLACING_LOCK = 0x73757276
"""Key of PostgreSQL's advisory lock that whoever places cameras holds."""

HostState = Literal["active", "draining", "stopping"]


@dataclass(frozen=True, slots=True)
class HostRow:
    """A host as SQL knows it; ``silent_s`` is since its last heartbeat, by the database's clock."""

    id: str
    state: str
    labels: Mapping[str, str]
    capacity_fps: float
    started_at: datetime
    silent_s: float


@dataclass(frozen=True, slots=True)
class Holding:
    """A lease that is held now."""

    holder: str
    token: int
    left_s: float


def beat(
    connection: sa.Connection,
    host_id: str,
    labels: Mapping[str, str],
    capacity_fps: float,
    *,
    is_new: bool,
) -> str:
    """Write down that a host lives; return its state. A new one is active again."""
    now = database_now(connection)
    row = {
        "id": host_id,
        "state": "active",
        "labels": dict(labels),
        "capacity_fps": capacity_fps,
        "started_at": now,
        "heartbeat_at": now,
    }
    changed = [
        "labels",
        "capacity_fps",
        "heartbeat_at",
        *(["started_at", "state"] if is_new else []),
    ]
    upsert(connection, host, [row], replace=changed)
    query = sa.select(host.c.state).where(host.c.id == host_id)
    return str(connection.execute(query).scalar_one())


def placed_on(connection: sa.Connection, host_id: str) -> set[str]:
    """Return the cameras that a host is to take."""
    query = sa.select(placement.c.camera_id).where(placement.c.host_id == host_id)
    return set(connection.scalars(query))


def load_hosts(connection: sa.Connection, *, lock: bool = False) -> list[HostRow]:
    """Return all hosts; with ``lock`` nobody else places cameras until the transaction ends.

    The rows are not locked: hosts write their heartbeats into them, and would all wait for the
    slowest of them, until leases end.
    """
    if lock and connection.dialect.name == "postgresql":  # SQLite has one writer at a time
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(PLACING_LOCK)))
    rows = connection.execute(sa.select(host).order_by(host.c.id)).all()
    now = database_now(connection)
    return [
        HostRow(
            row.id,
            row.state,
            row.labels,
            row.capacity_fps,
            row.started_at,
            (now - row.heartbeat_at).total_seconds(),
        )
        for row in rows
    ]


def load_placement(connection: sa.Connection) -> dict[str, str]:
    """Return which host each camera is to be on."""
    query = sa.select(placement.c.camera_id, placement.c.host_id)
    return {row.camera_id: row.host_id for row in connection.execute(query)}


def save_placement(
    connection: sa.Connection, placed: Mapping[str, str], gone: Collection[str] = ()
) -> None:
    """Say where cameras are to be; those of ``gone`` are to be nowhere."""
    now = database_now(connection)
    rows = [
        {"camera_id": camera, "host_id": host_id, "placed_at": now}
        for camera, host_id in sorted(placed.items())
    ]
    upsert(connection, placement, rows, replace=("host_id", "placed_at"))
    if gone:
        connection.execute(sa.delete(placement).where(placement.c.camera_id.in_(sorted(gone))))


def set_state(connection: sa.Connection, host_id: str, state: HostState) -> bool:
    """Say what is to become of a host; return whether there is one of that name."""
    statement = sa.update(host).where(host.c.id == host_id).values(state=state)
    return connection.execute(statement).rowcount > 0


def load_holdings(connection: sa.Connection) -> dict[str, Holding]:
    """Return the leases that are held now, by subject."""
    now = database_now(connection)
    query = sa.select(lease).where(lease.c.released_at.is_(None), lease.c.expires_at > now)
    return {
        row.subject: Holding(row.holder, row.token, (row.expires_at - now).total_seconds())
        for row in connection.execute(query)
    }

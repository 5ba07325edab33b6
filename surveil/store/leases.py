"""Leases: who may speak for a camera (or do a role) among hosts that share a database.

A row of ``lease`` is one grant. Its token is one more than that of the subject's grant before, so
a greater token is a later holder. All instants are by the database's clock, read once the rows are
locked; a lease that has ended is never renewed, so two hosts never hold one subject at a time.

Who holds a lease counts its end by a clock of its own, from before it asked; see
:mod:`surveil.workers.host.leasing`. That a host which was suspended, or whose clock stands still,
may yet speak too late is what the tokens are for: :func:`find_fenced`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from surveil.domain import Event
from surveil.store.rows import span
from surveil.store.tables import lease
from surveil.store.upsert import insert_new

KEEP_DAYS = 400
"""Grants that ended longer ago fence nothing: so old an event is a dead letter already."""


Clock = Callable[[sa.Connection], datetime]


@dataclass(frozen=True, slots=True)
class Grant:
    """A lease that was granted now.

    Attributes:
        subject: Camera id, or a role.
        token: Greater than that of every grant before.
        lost_by: The host whose lease of it ended without being released, None where there was none.
    """

    subject: str
    token: int
    lost_by: str | None


def database_now(connection: sa.Connection) -> datetime:
    """Return the present by the database's clock, not that of the transaction's beginning."""
    if connection.dialect.name == "postgresql":
        now: datetime = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
        return now.astimezone(UTC)
    text = connection.execute(sa.select(sa.func.strftime("%Y-%m-%d %H:%M:%f", "now"))).scalar_one()
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def acquire(
    connection: sa.Connection,
    holder: str,
    subjects: Collection[str],
    ttl_s: float,
    *,
    clock: Clock = database_now,
) -> list[Grant]:
    """Take those subjects that nobody else holds; a holder's own old grants are replaced.

    Args:
        connection: In a transaction begun with :func:`surveil.store.engine.writing`.
        holder: The host.
        subjects: Camera ids or roles.
        ttl_s: How long each is held unless it is renewed.
        clock: The clock of leases; asked once the rows are locked.

    Returns:
        What was granted, if the caller commits.
    """
    newest = _lock_newest(connection, subjects)
    now = clock(connection)
    rows: list[dict[str, Any]] = []
    lost_by: dict[str, str | None] = {}
    for subject in sorted(set(subjects)):
        before = newest.get(subject)
        if before is not None:
            is_over = before.released_at is not None or before.expires_at <= now
            if not is_over and before.holder != holder:
                continue
            lost_by[subject] = before.holder if before.released_at is None else None
        rows.append(
            {
                "subject": subject,
                "token": before.token + 1 if before is not None else 1,
                "holder": holder,
                "started_at": now,
                "expires_at": now + timedelta(seconds=ttl_s),
            }
        )
    insert_new(connection, lease, rows)  # of two that ask at once for a new one, one gets it
    given = {(row["subject"], row["token"]) for row in rows}
    query = sa.select(lease.c.subject, lease.c.token).where(
        lease.c.holder == holder,
        lease.c.subject.in_([row["subject"] for row in rows]),
        lease.c.started_at == now,
    )
    return [
        Grant(row.subject, row.token, lost_by.get(row.subject))
        for row in connection.execute(query)
        if (row.subject, row.token) in given
    ]


def find_free(connection: sa.Connection, subjects: Collection[str]) -> set[str]:
    """Return those subjects that nobody holds; locks nothing, so it may change at once."""
    if not subjects:
        return set()
    held = (
        sa.select(lease.c.subject)
        .where(lease.c.subject.in_(sorted(set(subjects))), lease.c.released_at.is_(None))
        .where(lease.c.expires_at > database_now(connection))
    )
    return set(subjects) - set(connection.scalars(held))


def renew(
    connection: sa.Connection,
    holder: str,
    held: Mapping[str, int],
    ttl_s: float,
    *,
    clock: Clock = database_now,
) -> set[str]:
    """Prolong leases, by subject and token; return the subjects of those that are still held."""
    rows = _lock(connection, lease.c.holder == holder, held)
    now = clock(connection)
    alive = {
        row.subject
        for row in rows
        if held[row.subject] == row.token and row.released_at is None and row.expires_at > now
    }
    # Where another has a newer grant, this one had ended before that was given.
    if alive:
        tokens = [held[subject] for subject in alive]
        connection.execute(
            sa.update(lease)
            .where(lease.c.holder == holder, lease.c.subject.in_(alive))
            .where(lease.c.token.in_(set(tokens)), lease.c.released_at.is_(None))
            .where(lease.c.expires_at > now)
            .values(expires_at=now + timedelta(seconds=ttl_s))
        )
    return alive


def release(
    connection: sa.Connection,
    holder: str,
    held: Mapping[str, int],
    *,
    clock: Clock = database_now,
) -> None:
    """Give leases back, so that another host need not wait for their end."""
    now = clock(connection)
    for subject, token in sorted(held.items()):
        connection.execute(
            sa.update(lease)
            .where(lease.c.subject == subject, lease.c.token == token, lease.c.holder == holder)
            .where(lease.c.released_at.is_(None), lease.c.expires_at > now)
            .values(released_at=now)
        )


def is_any(connection: sa.Connection) -> bool:
    """Return whether any lease was ever granted here, and is remembered."""
    return connection.execute(sa.select(lease.c.token).limit(1)).first() is not None


def forget_leases(connection: sa.Connection, before_at: datetime) -> None:
    """Delete grants that ended before an instant, but the newest of each subject."""
    newer = lease.alias()
    has_newer = sa.exists().where(newer.c.subject == lease.c.subject, newer.c.token > lease.c.token)
    connection.execute(sa.delete(lease).where(lease.c.expires_at < before_at, has_newer))


def find_fenced(connection: sa.Connection, events: Sequence[Event]) -> dict[tuple[str, int], str]:
    """Return why some events must not be stored, by ``(run, seq)``.

    An event is refused when a grant newer than its token began at or before its first instant:
    another host spoke for the camera then. What lies before a handover is kept, whoever sends it
    and however late. An event without a token is refused while somebody holds the camera.

    Args:
        connection: In the transaction that stores the others.
        events: At least one.
    """
    grants: dict[str, list[sa.Row[Any]]] = {}
    for row in _newer_grants(connection, events):
        grants.setdefault(row.subject, []).append(row)
    fenced: dict[tuple[str, int], str] = {}
    for event in events:
        at = span(event)[0]
        for grant in grants.get(event.camera, ()):
            is_newer = grant.token > event.token and grant.started_at <= at
            if is_newer and (event.token or at < (grant.released_at or grant.expires_at)):
                fenced[event.run, event.seq] = (
                    f"token {event.token} is older than {grant.token}, "
                    f"which {grant.holder} has since {grant.started_at:%Y-%m-%d %H:%M:%S} UTC"
                )
                break
    return fenced


def _newer_grants(
    connection: sa.Connection, events: Sequence[Event]
) -> Iterable[sa.Row[tuple[Any, ...]]]:
    """Return, ordered by token, the grants that may fence one of the events; there are few."""
    oldest: dict[tuple[str, bool], int] = {}
    for event in events:
        key = event.camera, event.token > 0
        oldest[key] = min(oldest.get(key, event.token), event.token)
    cameras: dict[int, list[str]] = {}
    for (camera, _), token in sorted(oldest.items()):
        cameras.setdefault(token, []).append(camera)
    instants = [span(event)[0] for event in events]
    # One without a token is fenced by what was held at its instant alone.
    is_held = sa.func.coalesce(lease.c.released_at, lease.c.expires_at) > min(instants)
    may_fence = [
        sa.and_(lease.c.subject.in_(some), lease.c.token > token if token else is_held)
        for token, some in cameras.items()
    ]
    query = sa.select(lease).where(lease.c.started_at <= max(instants), sa.or_(*may_fence))
    return connection.execute(query.order_by(lease.c.token))


def _lock_newest(connection: sa.Connection, subjects: Collection[str]) -> dict[str, sa.Row[Any]]:
    newer = lease.alias()
    has_newer = sa.exists().where(newer.c.subject == lease.c.subject, newer.c.token > lease.c.token)
    query = (
        sa.select(lease)
        .where(lease.c.subject.in_(sorted(set(subjects))), ~has_newer)
        # In order, so that two hosts never wait for each other crosswise.
        .order_by(lease.c.subject)
    )
    return {row.subject: row for row in connection.execute(query.with_for_update())}


def _lock(
    connection: sa.Connection, whose: sa.ColumnElement[bool], held: Mapping[str, int]
) -> list[sa.Row[Any]]:
    query = sa.select(lease).where(whose, lease.c.subject.in_(sorted(held)))
    query = query.where(lease.c.token.in_(sorted(set(held.values()))))
    return list(connection.execute(query.order_by(lease.c.subject).with_for_update()))

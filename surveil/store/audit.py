"""Who did what: rows of the audit log, written in the transaction of what they tell of.

The rows are a chain: each has the SHA-256 of its own content together with the hash of the row
before it, and ``audit_head`` has how many there were and the last hash. A row that is changed,
taken out, put in or moved breaks the chain at that row; rows that are cut off at the end do not fit
the head. What is too old is removed from the beginning alone: the head keeps the hash of the last
row that was removed, to which the first that is left is chained, and a row of the log says so.
Whoever may write to all of the database can make a new chain: what shows that is a hash that was
written down elsewhere (``surveil audit verify --expect``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import sqlalchemy as sa

from surveil.redaction import redact
from surveil.store.audit_tables import audit_head, audit_log
from surveil.store.cleaning import clean_text
from surveil.store.engine import writing
from surveil.store.upsert import insert_new

MOST_CHARS = 1000
"""Of one text; a longer one ends in ``…``."""
MOST_ITEMS = 50
"""Of one list or mapping; the rest is left out, and told of."""
MOST_DEPTH = 3
_CUT = "…"
_LOG = "audit log"
"""Subject of the rows that say what was removed."""
_BATCH_ROWS = 1000


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One row.

    Attributes:
        id: Its place in the chain, 1, 2, 3…
        at: When, by the clock of whoever wrote it.
        actor: Who: a user's name, a command, a role of the daemon.
        action: What was done, as in ``silence``.
        subject: To what, as in ``silence 01J…``.
        detail: JSON values.
        hash: SHA-256 of the row and of the hash before it, 64 hexadecimal digits.
    """

    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: Mapping[str, Any]
    hash: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found of a chain.

    Attributes:
        rows: How many rows are in order, from the first that is left.
        hash: Of the last of them; empty for none.
        cut: How many rows before them were removed.
        cut_hash: Of the last of those; empty for none.
        broken_id: The first row that is not as it was written, or is missing; None if all are.
        fault: What is wrong with it, in words.
    """

    rows: int
    hash: str
    cut: int = 0
    cut_hash: str = ""
    broken_id: int | None = None
    fault: str = ""


def record(
    target: sa.Connection | sa.Engine,
    actor: str,
    action: str,
    subject: str,
    details: Mapping[str, Any] | None = None,
    *,
    now: datetime | None = None,
) -> None:
    """Write down that ``actor`` did something to a subject: ``silence 01J…``, ``alert 01J…``.

    Whoever writes waits for other writers of the log until their transactions end: call it last in
    a transaction that takes other locks.

    Args:
        target: A connection in a transaction that may write, whose fate the row shares; or the
            database, for a transaction of its own.
        actor: Who; control characters are for whoever prints it to escape.
        action: A verb, with dashes.
        subject: What it was done to.
        details: JSON values; long ones are cut, and what is registered as a secret is masked.
        now: Wall clock; its own by default.

    Raises:
        UnavailableError: The database cannot be reached, where ``target`` is one.
    """
    if isinstance(target, sa.Engine):
        with writing(target) as connection:
            record(connection, actor, action, subject, details, now=now)
        return
    insert_new(target, audit_head, [{"id": 1, "rows": 0, "hash": ""}])
    # The lock of the chain, on both databases, until the transaction ends.
    head = target.execute(
        sa.update(audit_head)
        .where(audit_head.c.id == 1)
        .values(rows=audit_head.c.rows + 1)
        .returning(audit_head.c.rows, audit_head.c.hash)
    ).one()
    row = AuditRow(
        id=head.rows,
        at=(now or datetime.now(UTC)).astimezone(UTC),
        actor=_text(actor),
        action=_text(action),
        subject=_text(subject),
        detail=_bounded(dict(details or {}), MOST_DEPTH),
        hash="",
    )
    digest = digest_of(row, head.hash)
    values = {name: getattr(row, name) for name in AuditRow.__slots__} | {"hash": digest}
    target.execute(sa.insert(audit_log).values(values))
    target.execute(sa.update(audit_head).where(audit_head.c.id == 1).values(hash=digest))


def digest_of(row: AuditRow, before: str) -> str:
    """Return the hash of a row: of its canonical JSON, with the hash of the row before it.

    Version 1: ``[1, before, id, at, actor, action, subject, detail]`` without blanks, keys sorted,
    in ASCII, with ``at`` in microseconds of UTC.
    """
    at = row.at.astimezone(UTC).isoformat(timespec="microseconds")
    content = [1, before, row.id, at, row.actor, row.action, row.subject, row.detail]
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def verify(connection: sa.Connection, *, expect: str | None = None) -> Verdict:
    """Go along the chain from the first row that is left.

    Args:
        connection: In a transaction that sees one state of the database.
        expect: A hash that some row had earlier: the chain must still hold it.
    """
    head = connection.execute(sa.select(audit_head).where(audit_head.c.id == 1)).one_or_none()
    rows, end = (0, "") if head is None else (head.rows, head.hash)
    gone, anchor = (0, "") if head is None else (head.cut, head.cut_hash)
    count, before = gone, anchor
    is_seen, is_told = expect in (None, anchor), gone == 0

    def judge(broken_id: int | None = None, fault: str = "") -> Verdict:
        return Verdict(count - gone, before, gone, anchor, broken_id, fault)

    for row in _rows(connection):
        fault = _fault(row, count, before)
        if fault:
            return judge(count + 1, fault)
        count, before = row.id, row.hash
        is_seen = is_seen or before == expect
        is_told = is_told or (row.subject == _LOG and row.detail == _cut_detail(gone, anchor))
    if count < rows:
        return judge(count + 1, f"is missing, and all up to row {rows}")
    if (count, before) != (rows, end):
        return judge(count, "is not the one that was written last")
    if not is_told:
        return judge(gone, "is missing, and all before it: no row says that they were removed")
    if not is_seen:
        left = f" after the {gone} rows that were removed" if gone else ""
        return judge(gone + 1, f"begins another chain: none of its hashes{left} is {expect}")
    return judge()


def cut(engine: sa.Engine, before_at: datetime, *, actor: str, now: datetime) -> Iterator[int]:
    """Remove the oldest rows, up to the first that is not older than an instant.

    Yields after each short transaction how many it removed. Rows that are not as they were written
    are not removed, nor any after them: they are evidence.

    Args:
        engine: The database.
        before_at: An instant, UTC.
        actor: Who asked.
        now: Wall clock, UTC.

    Raises:
        UnavailableError: The database cannot be reached.
    """
    count = _BATCH_ROWS
    while count == _BATCH_ROWS:
        with writing(engine) as connection:
            count = _cut(connection, before_at, actor, now)
        if count:
            yield count


def _cut(connection: sa.Connection, before_at: datetime, actor: str, now: datetime) -> int:
    locked = sa.update(audit_head).where(audit_head.c.id == 1).values(rows=audit_head.c.rows)
    columns = (audit_head.c.cut, audit_head.c.cut_hash)
    head = connection.execute(locked.returning(*columns)).one_or_none()
    if head is None:
        return 0
    last, before = head.cut, head.cut_hash
    for row in islice(_rows(connection), _BATCH_ROWS):
        if row.at >= before_at or _fault(row, last, before):
            break
        last, before = row.id, row.hash
    if last > head.cut:
        connection.execute(sa.delete(audit_log).where(audit_log.c.id <= last))
        connection.execute(
            sa.update(audit_head).where(audit_head.c.id == 1).values(cut=last, cut_hash=before)
        )
        record(connection, actor, "prune", _LOG, _cut_detail(last, before), now=now)
    return int(last - head.cut)


def _cut_detail(last: int, hash_: str) -> dict[str, Any]:
    return {"up_to": last, "hash": hash_}


def _fault(row: AuditRow, last: int, before: str) -> str:
    """Return what is wrong with the row that follows another one; empty if nothing is."""
    if row.id != last + 1:
        return f"is missing: row {row.id} follows"
    if digest_of(row, before) != row.hash:
        return "is not what was written, or its place is not"
    return ""


def load_audit(
    connection: sa.Connection, *, limit: int, subject: str | None = None
) -> list[AuditRow]:
    """Return the newest rows, newest first; of one subject, or of all: for admins alone."""
    query = sa.select(audit_log).order_by(audit_log.c.id.desc()).limit(limit)
    if subject is not None:
        query = query.where(audit_log.c.subject == subject)
    return [AuditRow(**row._mapping) for row in connection.execute(query)]


def _rows(connection: sa.Connection) -> Iterator[AuditRow]:
    last = None
    while True:
        query = sa.select(audit_log).order_by(audit_log.c.id).limit(_BATCH_ROWS)
        if last is not None:
            query = query.where(audit_log.c.id > last)
        rows = connection.execute(query).all()
        for row in rows:
            yield AuditRow(**row._mapping)
        if len(rows) < _BATCH_ROWS:
            return
        last = rows[-1].id


def _bounded(value: Any, depth: int) -> Any:
    """Return a JSON value of bounded size that both databases give back as it was."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) < 2**53:
        return int(value)
    if isinstance(value, Mapping) and depth:
        items = list(value.items())
        kept = {_text(str(key)): _bounded(item, depth - 1) for key, item in items[:MOST_ITEMS]}
        more = len(items) - MOST_ITEMS
        return kept | {_CUT: f"{more} more"} if more > 0 else kept
    if isinstance(value, list | tuple | set | frozenset) and depth:
        listed = sorted(value, key=str) if isinstance(value, set | frozenset) else list(value)
        more = len(listed) - MOST_ITEMS
        cut = [_bounded(item, depth - 1) for item in listed[:MOST_ITEMS]]
        return [*cut, f"{_CUT} {more} more"] if more > 0 else cut
    # Floats too: as a number in JSON they come back from PostgreSQL in another spelling.
    return _text(str(value))


def _text(text: str) -> str:
    text = clean_text(redact(text))
    return text if len(text) <= MOST_CHARS else text[: MOST_CHARS - 1] + _CUT

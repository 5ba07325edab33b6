"""The chain of the audit log: what breaks it, who may write at once, and what a row can hold."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kit.rows import empty_tables
from kit.waiting import until

from surveil.errors import UnavailableError
from surveil.secrets import Secret
from surveil.store.audit import MOST_CHARS, MOST_ITEMS, cut, load_audit, record, verify
from surveil.store.engine import connect, reading, writing

AT = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


def judge(database: sa.Engine, expect: str | None = None) -> tuple[int, int | None]:
    with reading(database) as connection:
        found = verify(connection, expect=expect)
    return found.rows, found.broken_id


def change(database: sa.Engine, statement: str) -> None:
    with writing(database) as connection:
        connection.execute(sa.text(statement))


def write(database: sa.Engine, count: int) -> None:
    for number in range(count):
        record(database, "ana", "look", f"camera {number}", {"n": number}, now=AT)


def test_an_empty_chain_is_whole(database: sa.Engine) -> None:
    assert judge(database) == (0, None)


@pytest.mark.parametrize(
    ("statement", "first"),
    [
        ("update audit_log set actor = 'ben' where id = 3", 3),
        ("update audit_log set detail = '{\"n\": 7}' where id = 2", 2),
        ("update audit_log set at = '2026-03-01 12:00:00.123457+00:00' where id = 4", 4),
        ("update audit_log set hash = 'x' where id = 1", 1),
        ("delete from audit_log where id = 3", 3),
        ("delete from audit_log where id >= 4", 4),
        ("delete from audit_log", 1),
        ("update audit_log set id = 6 where id = 5", 5),
        ("update audit_head set hash = 'x'", 5),
        ("update audit_head set rows = 4", 5),
        ("delete from audit_head", 5),
    ],
)
def test_the_first_row_that_is_not_as_written_is_named(
    database: sa.Engine, statement: str, first: int
) -> None:
    write(database, 5)
    assert judge(database) == (5, None)
    if database.dialect.name == "sqlite":
        statement = statement.replace("+00:00", "")
    change(database, statement)
    assert judge(database)[1] == first


def test_a_whole_new_chain_lacks_the_hash_of_before(database: sa.Engine) -> None:
    write(database, 5)
    with reading(database) as connection:
        (kept,) = load_audit(connection, limit=1)
    assert judge(database, expect=kept.hash) == (5, None)
    empty_tables(database)
    write(database, 4)
    record(database, "ana", "look", "camera 9", now=AT)
    assert judge(database) == (5, None)
    assert judge(database, expect=kept.hash) == (5, 1)


def cut_at(database: sa.Engine, at: datetime) -> int:
    return sum(cut(database, at, actor="test", now=AT + timedelta(days=9)))


def days(database: sa.Engine, count: int) -> list[str]:
    """Write a row on each of so many days; return their hashes, oldest first."""
    for day in range(count):
        record(database, "ana", "look", "camera", {"n": day}, now=AT + timedelta(days=day))
    with reading(database) as connection:
        return [row.hash for row in load_audit(connection, limit=count)][::-1]


def test_what_is_too_old_goes_and_what_is_left_is_chained_to_it(database: sa.Engine) -> None:
    hashes = days(database, 5)
    assert cut_at(database, AT + timedelta(days=2)) == 2
    assert cut_at(database, AT + timedelta(days=2)) == 0
    with reading(database) as connection:
        found = verify(connection, expect=hashes[4])
        newest = load_audit(connection, limit=1)[0]
    assert (found.rows, found.broken_id) == (4, None)  # three, and the one that tells of the cut
    assert (found.cut, found.cut_hash) == (2, hashes[1])
    assert (newest.action, newest.subject) == ("prune", "audit log")
    assert newest.detail == {"up_to": 2, "hash": hashes[1]}
    assert judge(database, expect=hashes[1]) == (4, None)
    assert judge(database, expect=hashes[0]) == (4, 3)  # nobody can tell any more
    write(database, 1)
    assert cut_at(database, AT + timedelta(days=20)) == 5
    assert judge(database) == (1, None)


def test_rows_that_somebody_else_took_from_the_beginning_are_missed(database: sa.Engine) -> None:
    hashes = days(database, 5)
    cut_at(database, AT + timedelta(days=1))
    change(database, "delete from audit_log where id <= 3")
    assert judge(database)[1] == 2
    change(database, f"update audit_head set cut = 3, cut_hash = '{hashes[2]}'")
    with reading(database) as connection:
        found = verify(connection)
    assert (found.broken_id, "no row says" in found.fault) == (3, True)


def test_what_is_not_as_it_was_written_is_kept_as_evidence(database: sa.Engine) -> None:
    days(database, 5)
    change(database, "update audit_log set actor = 'ben' where id = 3")
    assert cut_at(database, AT + timedelta(days=5)) == 2
    assert cut_at(database, AT + timedelta(days=5)) == 0
    assert judge(database) == (0, 3)


def test_a_row_shares_the_fate_of_its_transaction(database: sa.Engine) -> None:
    write(database, 1)
    with pytest.raises(UnavailableError):
        write_in_vain(database)
    write(database, 1)
    assert judge(database) == (2, None)


def write_in_vain(database: sa.Engine) -> None:
    with writing(database) as connection:
        record(connection, "ana", "look", "camera 7")
        raise UnavailableError


def test_many_writers_at_once_make_one_chain(database: sa.Engine) -> None:
    with ThreadPoolExecutor(8) as pool:
        jobs = [pool.submit(write_patiently, database, 10) for _ in range(8)]
        for job in jobs:
            job.result()
    assert judge(database) == (80, None)


def write_patiently(database: sa.Engine, count: int) -> None:
    while count:
        try:
            write(database, 1)
        except (UnavailableError, sa.exc.TimeoutError):
            continue  # a lock was waited for for too long, on a machine with much else to do
        count -= 1


def test_a_writer_that_is_killed_leaves_a_whole_chain(database_url: str) -> None:
    program = (
        "import sys; from surveil.store.engine import connect;"
        "from surveil.store.audit import record;"
        "database = connect(sys.argv[1])\n"
        "while True: record(database, 'ana', 'look', 'camera', {'a': 'b' * 900})"
    )
    database = connect(database_url)
    for _ in range(3):
        kill_while_writing(program, database, judge(database)[0])
    count, broken = judge(database)
    assert broken is None
    write_patiently(database, 1)
    assert judge(database) == (count + 1, None)
    database.dispose()


def kill_while_writing(program: str, database: sa.Engine, before: int) -> None:
    url = database.url.render_as_string(hide_password=False)
    writer = subprocess.Popen([sys.executable, "-c", program, url])
    try:
        until(lambda: judge(database)[0] > before + 2, "rows of the writer")
    finally:
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait()


texts = st.text(max_size=40)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    actor=texts,
    subject=texts,
    details=st.dictionaries(texts, values, max_size=5),
    later=st.timedeltas(timedelta(days=-300_000), timedelta(days=2_000_000)),
)
def test_whatever_was_written_comes_back_as_its_hash_says(
    database: sa.Engine, actor: str, subject: str, details: dict[str, Any], later: timedelta
) -> None:
    empty_tables(database)
    record(database, actor, "try", subject, details, now=AT + later)
    record(database, actor, "try", subject, details, now=AT + later)
    assert judge(database) == (2, None)


def test_details_are_bounded_and_hold_no_secret(database: sa.Engine) -> None:
    password = Secret("correct-horse-battery")
    details = {
        "password": password,
        "said": f"it is {password.reveal()}",
        "long": "x" * 10_000,
        "many": list(range(1000)),
        "deep": {"a": {"b": {"c": {"d": 1}}}},
        **{f"key {number}": number for number in range(100)},
    }
    record(database, "ana", "try", "it", details)
    with reading(database) as connection:
        (row,) = load_audit(connection, limit=9)
    assert "correct-horse-battery" not in str(row)
    assert len(row.detail["long"]) == MOST_CHARS
    assert row.detail["many"][-1] == f"… {1000 - MOST_ITEMS} more"
    assert row.detail["…"].endswith("more")
    assert len(row.detail) == MOST_ITEMS + 1
    assert judge(database) == (1, None)

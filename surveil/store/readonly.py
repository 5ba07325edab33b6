"""Run one statement of a user's own, which can change nothing and cannot run on for ever."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, cast

import psycopg
import sqlalchemy as sa

from surveil.errors import ConfigError, SurveilError, UnavailableError
from surveil.store.cleaning import clean_text
from surveil.store.engine import describe
from surveil.store.sqlite_file import uri_of

_FIRST_WORD = re.compile(r"^(?:\s|--[^\n]*(?:\n|$)|/\*.*?\*/|\()*([A-Za-z]+)", re.DOTALL)
_ALLOWED = frozenset({"select", "with", "values", "table", "explain"})
_STEPS = 10_000
"""SQLite looks at the clock once in so many steps of its machine: well below a millisecond."""
MAX_VALUE_BYTES = 16 * 2**20
"""Longest text a SQLite statement may build up."""
_READS = {
    sqlite3.SQLITE_SELECT,
    sqlite3.SQLITE_READ,
    sqlite3.SQLITE_RECURSIVE,
}
_TABLE_FUNCTIONS = ("json_each", "json_tree")
_UNSAFE_FUNCTIONS = frozenset({"load_extension", "readfile", "writefile", "edit"})


class QueryError(SurveilError):
    """The statement is wrong, took too long, or wants to change something."""


@dataclass(frozen=True, slots=True)
class Result:
    """Rows as the driver gives them; ``is_cut`` if there are more."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    is_cut: bool


def run_query(engine: sa.Engine, statement: str, *, limit: int, timeout_s: float) -> Result:
    """Run one reading statement.

    PostgreSQL runs it in a read-only transaction with a statement time-out, by the protocol that
    takes a single statement only. What the database's user may do by functions with side effects
    outside the database (a superuser's server files) stays the administrator's matter. SQLite opens
    the file read-only, and an authorizer refuses everything but reading.

    Args:
        engine: Tells where the database is; a connection of its own is opened.
        statement: One statement that begins with SELECT, WITH, VALUES, TABLE or EXPLAIN.
        limit: Rows returned at most.
        timeout_s: Time for all of it.

    Raises:
        ConfigError: It begins with something else.
        QueryError: The database refuses it, or it takes too long.
        UnavailableError: The database cannot be reached.
    """
    found = _FIRST_WORD.match(statement)
    word = found[1].lower() if found else ""
    if word not in _ALLOWED:
        raise ConfigError(
            "surveil sql only reads: the statement must begin with SELECT, WITH, VALUES or EXPLAIN"
        )
    if clean_text(statement) != statement:
        raise ConfigError("the statement holds NUL, or bytes that are not UTF-8")
    if engine.dialect.name == "sqlite":
        return _run_sqlite(engine, statement, limit, timeout_s)
    return _run_postgres(engine, statement, limit, timeout_s)


def _run_sqlite(engine: sa.Engine, statement: str, limit: int, timeout_s: float) -> Result:
    assert engine.url.database is not None
    path = uri_of(Path(engine.url.database), "ro")
    until = time.monotonic() + timeout_s
    try:
        with closing(sqlite3.connect(path, uri=True, timeout=min(timeout_s, 5.0))) as connection:
            connection.execute("PRAGMA query_only = ON")
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES)
            for name in _TABLE_FUNCTIONS:
                # SQLite writes such a table's columns down at its first use, which the authorizer
                # would refuse; so they are known before there is one.
                connection.execute(f"SELECT 1 FROM {name}('[]')").close()  # noqa: S608
            connection.set_progress_handler(lambda: time.monotonic() > until, _STEPS)
            connection.set_authorizer(_authorize)
            cursor = connection.execute(statement)
            columns = tuple(column[0] for column in cursor.description or ())
            rows = cursor.fetchmany(limit + 1)
    except (sqlite3.Error, sqlite3.Warning) as error:  # "one statement" is a Warning in Python 3.11
        raise _explain_sqlite(error, timeout_s) from None
    return Result(columns, rows[:limit], len(rows) > limit)


def _authorize(action: int, _first: str | None, second: str | None, *_: object) -> int:
    if action in _READS:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_FUNCTION and second not in _UNSAFE_FUNCTIONS:
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


def _explain_sqlite(error: Exception, timeout_s: float) -> SurveilError:
    words = str(error)
    if "interrupted" in words:
        return _too_long(timeout_s)
    if any(one in words for one in ("unable to open", "not a database", "malformed", "locked")):
        return UnavailableError(f"SQLite: {words}")
    if "one statement" in words:
        return QueryError("give one statement only")
    if "not authorized" in words or "prohibited" in words or "readonly" in words:
        return QueryError(f"surveil sql only reads ({words})")
    return QueryError(words)


def _run_postgres(engine: sa.Engine, statement: str, limit: int, timeout_s: float) -> Result:
    try:
        raw = engine.raw_connection()
    except psycopg.Error as error:  # of the driver, since the pool is asked for it alone
        raise UnavailableError(f"{describe(engine.url)}: {_words(error)}") from None
    try:
        connection = cast("psycopg.Connection[Any]", raw.driver_connection)
        connection.read_only = True
        milliseconds = max(1, int(timeout_s * 1000))
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(milliseconds)])
            # One row at a time: the server is told to stop once there are enough.
            found = cast("Generator[Any]", cursor.stream(statement.encode()))
            with closing(found):
                rows = list(islice(found, limit + 1))
            columns = tuple(column.name for column in cursor.description or ())
    except psycopg.errors.QueryCanceled:
        raise _too_long(timeout_s) from None
    except psycopg.errors.ReadOnlySqlTransaction as error:
        raise QueryError(f"surveil sql only reads ({error.diag.message_primary})") from None
    except psycopg.errors.SyntaxError as error:
        if "multiple commands" in str(error):
            raise QueryError("give one statement only") from None
        raise QueryError(_words(error)) from None
    except psycopg.Error as error:
        raise QueryError(_words(error)) from None
    finally:
        raw.invalidate()  # it is read-only now: not for the pool
    return Result(columns, rows[:limit], len(rows) > limit)


def _words(error: psycopg.Error) -> str:
    words = error.diag.message_primary or (str(error).splitlines() or [type(error).__name__])[0]
    return f"{words} ({error.diag.message_hint})" if error.diag.message_hint else words


def _too_long(timeout_s: float) -> QueryError:
    return QueryError(f"not done within {timeout_s:g} s; ask for less, or raise --timeout")

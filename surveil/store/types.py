"""Column types that mean the same on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from surveil.store.cleaning import clean_text


class CleanString(TypeDecorator[str]):
    """A name that may come from anywhere; see :func:`surveil.store.cleaning.clean_text`."""

    impl = sa.String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else clean_text(value)


class CleanText(CleanString):
    """A longer text that may come from anywhere."""

    impl = sa.Text
    cache_ok = True


class UtcDateTime(TypeDecorator[datetime]):
    """An instant in UTC: ``timestamptz`` on PostgreSQL, text on SQLite.

    SQLite has no type for instants. The text is ``YYYY-MM-DD HH:MM:SS.ffffff``, always 26
    characters: it sorts by time, every date function of SQLite reads it, and it compares rightly
    with what they return (``from_at >= datetime('now', '-1 hour')``), which a ``T`` or a ``Z``
    would break.

    Raises:
        ValueError: A naive ``datetime`` is bound; its instant would be a guess.
    """

    impl = sa.DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sa.String(26))
        return dialect.type_descriptor(sa.DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value!r}: instants are stored in UTC only")
        return format_sqlite(value) if dialect.name == "sqlite" else value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if isinstance(value, str):
            return datetime.fromisoformat(value).replace(tzinfo=UTC)
        assert isinstance(value, datetime)
        return value.astimezone(UTC)


def format_sqlite(value: datetime) -> str:
    """Return an aware instant as SQLite stores it; years before 1000 keep four digits."""
    if value.tzinfo is not UTC:
        value = value.astimezone(UTC)
    return value.isoformat(" ", "microseconds")[:26]  # without +00:00


Json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
"""A JSON value; ``column ->> 'key'`` reads it on both databases."""

RowId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""A counted key: SQLite counts only a column of type INTEGER."""

"""Rows by COPY are the rows that INSERT makes, and its errors are those of an INSERT."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from surveil.errors import SurveilError
from surveil.store.copying import LEAST_ROWS, insert_rows
from surveil.store.engine import Database, reading, writing
from surveil.store.tables import dead_letter

AT = datetime(2026, 1, 5, 12, tzinfo=UTC)


def letters(count: int, **changes: Any) -> list[dict[str, Any]]:
    return [
        {
            "consumer_group": "recorder",
            "stream": "surveil:events:0",
            "entry_id": f"{number}-0",
            "run_id": None if number % 2 else "01JD\t\\N",
            "seq": number,
            "fields": {"text": 'tab\t "quoted" \\ñ', "number": number / 3},
            "reason": "two\nlines\\.",
            "times_delivered": 1,
            "at": AT + timedelta(microseconds=number),
            **changes,
        }
        for number in range(count)
    ]


@pytest.mark.parametrize("count", [1, LEAST_ROWS, 200])
def test_what_was_given_is_there(database: Database, count: int) -> None:
    given = letters(count)
    with writing(database) as connection:
        insert_rows(connection, dead_letter, given)
    with reading(database) as connection:
        found = connection.execute(sa.select(dead_letter).order_by(dead_letter.c.seq)).mappings()
        assert [{name: row[name] for name in given[0]} for row in found] == given


def test_repetition_is_refused_and_undone(database: Database) -> None:
    with pytest.raises(SurveilError), writing(database) as connection:
        insert_rows(connection, dead_letter, letters(200) + letters(1))
    with writing(database) as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(dead_letter)) == 0
        insert_rows(connection, dead_letter, letters(200))

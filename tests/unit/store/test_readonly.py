from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from kit.events import CameraLife
from sqlalchemy.engine import make_url

from surveil.errors import ConfigError, UnavailableError
from surveil.store.engine import connect, reading, writing
from surveil.store.ingest import write_batch
from surveil.store.readonly import QueryError, Result, run_query

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT sum(i) FROM n"


@pytest.fixture
def stored(database: sa.Engine) -> sa.Engine:
    with writing(database) as connection:
        write_batch(connection, CameraLife().sees(0, 1).sees(1, 2).sees(2, 3))
    return database


def query(database: sa.Engine, statement: str, limit: int = 100, timeout_s: float = 20.0) -> Result:
    return run_query(database, statement, limit=limit, timeout_s=timeout_s)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT seq, camera_id FROM interval ORDER BY seq",
        "  -- the first\n /* and */ ( SELECT seq, camera_id FROM interval ) ORDER BY seq",
        "WITH x AS (SELECT seq, camera_id FROM interval) SELECT * FROM x ORDER BY seq",
    ],
)
def test_rows_come_with_the_names_of_their_columns(stored: sa.Engine, statement: str) -> None:
    if "(" in statement and "WITH" not in statement and stored.dialect.name == "sqlite":
        statement = statement.replace("( ", "").replace(" )", "")
    result = query(stored, statement)
    assert result.columns == ("seq", "camera_id")
    assert result.rows == [(1, "lobby"), (2, "lobby"), (3, "lobby")]
    assert not result.is_cut


def test_a_long_answer_is_cut_and_says_so(stored: sa.Engine) -> None:
    result = query(stored, "SELECT seq FROM interval ORDER BY seq", limit=2)
    assert (result.rows, result.is_cut) == ([(1,), (2,)], True)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM interval",
        "UPDATE interval SET seq = 9",
        "DROP TABLE interval",
        "COPY interval TO PROGRAM 'cat'",
        "PRAGMA journal_mode = DELETE",
        "ATTACH DATABASE 'x' AS x",
        "SET ROLE postgres",
        "",
    ],
)
def test_what_does_not_read_is_refused_before_it_is_sent(stored: sa.Engine, statement: str) -> None:
    with pytest.raises(ConfigError, match="only reads"):
        query(stored, statement)


def test_a_write_in_disguise_changes_nothing(stored: sa.Engine) -> None:
    disguises = [
        "WITH x AS (SELECT 1) DELETE FROM interval",
        "WITH x AS (DELETE FROM interval RETURNING *) SELECT * FROM x",
        "SELECT 1; DELETE FROM interval",
        "EXPLAIN ANALYZE DELETE FROM interval",
        "SELECT nextval('dead_letter_id_seq')",
        "SELECT load_extension('x')",
    ]
    for statement in disguises:
        with pytest.raises(QueryError):
            query(stored, statement)
    with reading(stored) as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM interval")) == 3


def test_two_statements_are_refused(stored: sa.Engine) -> None:
    with pytest.raises(QueryError, match="one statement"):
        query(stored, "SELECT 1; SELECT 2")


def test_an_endless_statement_is_ended(stored: sa.Engine) -> None:
    with pytest.raises(QueryError, match=r"within 0\.2 s"):
        query(stored, ENDLESS, timeout_s=0.2)


def test_an_endless_answer_is_cut(stored: sa.Engine) -> None:
    result = query(stored, ENDLESS.replace("sum(i)", "i"), limit=5)
    assert (len(result.rows), result.is_cut) == (5, True)


def test_mistakes_are_explained_in_the_databases_words(stored: sa.Engine) -> None:
    with pytest.raises(QueryError, match="nowhere"):
        query(stored, "SELECT * FROM nowhere")
    with pytest.raises(QueryError, match="syntax"):
        query(stored, "SELECT * FORM interval")


def test_the_pool_is_as_it_was(stored: sa.Engine) -> None:
    query(stored, "SELECT 1")
    with writing(stored) as connection:
        connection.execute(sa.text("DELETE FROM gap"))


@pytest.mark.parametrize("name", ["json_each", "json_tree"])
def test_sqlite_takes_json_apart(sqlite_database: sa.Engine, name: str) -> None:
    statement = f"SELECT key, atom FROM {name}('{{\"a\": 1}}') WHERE atom IS NOT NULL"
    assert query(sqlite_database, statement).rows == [("a", 1)]


def test_labels_are_json_that_can_be_taken_apart(sqlite_database: sa.Engine) -> None:
    statement = "SELECT a.id, l.key FROM v_alerts AS a, json_each(a.labels) AS l"
    assert query(sqlite_database, statement).rows == []


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM pragma_table_info('gap')",
        "SELECT * FROM dbstat",
        "SELECT count(*) FROM json_each('[1]') AS a, (" + ENDLESS + ") AS b",
    ],
)
def test_other_table_functions_and_endless_ones_are_refused(
    sqlite_database: sa.Engine, statement: str
) -> None:
    with pytest.raises(QueryError):
        query(sqlite_database, statement, timeout_s=0.2)


def test_a_server_or_file_out_of_reach_is_told_as_such(tmp_path: Path, postgres_url: str) -> None:
    wrong = make_url(postgres_url).set(username="nobody").render_as_string(hide_password=False)
    notes = tmp_path / "notes.txt"
    notes.write_text("no database\n" * 100)
    for url in (wrong, f"postgresql://app:hunter2@/x?host={tmp_path}", f"sqlite:///{notes}"):
        engine = connect(url, create=False)
        with pytest.raises(UnavailableError) as caught:
            query(engine, "SELECT 1")
        engine.dispose()
        assert "hunter2" not in str(caught.value)


def test_a_statement_of_no_text_is_refused(stored: sa.Engine) -> None:
    for statement in ("SELECT '\0'", "SELECT '\udcff'"):
        with pytest.raises(ConfigError, match="NUL"):
            query(stored, statement)


def test_sqlite_tells_its_columns(sqlite_database: sa.Engine) -> None:
    sql = query(sqlite_database, "SELECT sql FROM sqlite_master WHERE name = 'gap'").rows[0][0]
    assert "frames_lost" in sql

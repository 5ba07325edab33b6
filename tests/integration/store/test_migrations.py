from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory
from kit.events import CameraLife

from surveil.store import migrate, revisions
from surveil.store.engine import connect, reading, writing
from surveil.store.ingest import write_batch
from surveil.store.integrity_sums import check_sums
from surveil.store.revisions import SchemaError


def test_up_down_up_leaves_the_tables_of_this_version_on_sqlite(tmp_path: Path) -> None:
    assert migrate.main(f"sqlite:///{tmp_path}/new.db") == 0


def test_up_down_up_leaves_the_tables_of_this_version_on_postgresql(
    empty_postgres_url: str,
) -> None:
    assert migrate.main(empty_postgres_url) == 0


def test_a_second_upgrade_changes_nothing(database: sa.Engine) -> None:
    migrate.upgrade(database)
    with reading(database) as connection:
        assert revisions.pending(connection) == []
        revisions.require_current(connection)


def test_pending_names_what_is_missing(database: sa.Engine) -> None:
    migrate.downgrade(database, "0001")
    with reading(database) as connection:
        assert revisions.pending(connection) == [
            "0002",
            "0003",
            "0004",
            "0005",
            "0006",
            "0007",
            "0008",
            "0009",
            "0010",
            "0011",
            "0012",
            "0013",
            "0014",
        ]
        with pytest.raises(SchemaError, match="surveil db upgrade"):
            revisions.require_current(connection)


def test_rows_of_before_there_was_a_gate_have_no_gated_frames(database: sa.Engine) -> None:
    with writing(database) as connection:
        write_batch(connection, CameraLife().sees(20, 21))
    migrate.downgrade(database, "0004")
    migrate.upgrade(database)
    with reading(database) as connection:
        row = connection.execute(sa.text("SELECT * FROM v_coverage")).one()
        assert (row.frames_analysed, row.frames_gated) == (5, 0)
        assert list(check_sums(connection)) == []


def test_a_newer_database_is_refused(database: sa.Engine) -> None:
    with writing(database) as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaError, match="newer"):
        migrate.upgrade(database)


def test_drift_sees_a_lost_index(database: sa.Engine) -> None:
    with writing(database) as connection:
        connection.execute(sa.text("DROP INDEX ix_camera_event_camera_id_at"))
    with reading(database) as connection:
        assert "ix_camera_event_camera_id_at" in " ".join(migrate.drift(connection))


def test_every_constraint_has_a_name_by_the_convention(database: sa.Engine) -> None:
    with reading(database) as connection:
        inspector = sa.inspect(connection)
        for table in inspector.get_table_names():
            if table == "alembic_version" or not migrate.is_ours(table, "table", {}):
                continue
            assert inspector.get_pk_constraint(table)["name"] == f"pk_{table}"
            for key in inspector.get_foreign_keys(table):
                assert (key["name"] or "").startswith(f"fk_{table}_")


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_tables_of_somebody_else_are_named_and_left_alone(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = f"sqlite:///{tmp_path}/other.db"
    if kind == "postgresql":
        url = request.getfixturevalue("empty_postgres_url")
    engine = connect(url)
    with writing(engine) as connection:
        connection.execute(sa.text("CREATE TABLE alert (id INTEGER)"))
    with pytest.raises(SchemaError, match="tables alert that surveil did not make"):
        migrate.upgrade(engine)
    with reading(engine) as connection:
        assert sa.inspect(connection).get_table_names() == ["alert"]
    engine.dispose()


def test_files_are_named_after_the_revisions_that_alembic_finds_in_them() -> None:
    config = Config()
    config.set_main_option("script_location", str(revisions.migrations_dir()))
    script = ScriptDirectory.from_config(config)
    assert revisions.known() == [step.revision for step in script.walk_revisions()][::-1]


def test_a_current_database_is_looked_at_without_alembic(tmp_path: Path) -> None:
    program = (
        "import sys; from surveil.store.engine import connect;"
        "from surveil.store.upgrading import bring_up;"
        "bring_up(connect(sys.argv[1])); sys.exit('alembic' in sys.modules)"
    )
    command = [sys.executable, "-c", program, f"sqlite:///{tmp_path}/new.db"]
    assert [subprocess.run(command, check=False).returncode for _ in range(2)] == [1, 0]

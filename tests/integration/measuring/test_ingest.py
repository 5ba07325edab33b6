from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from kit.events import CameraLife

from surveil.errors import ConfigError
from surveil.measuring.ingest import Load, measure_ingest
from surveil.measuring.servers import lend_database
from surveil.store.engine import writing
from surveil.store.ingest import write_batch


def test_all_events_are_stored_by_both_ways(database_url: str) -> None:
    report = measure_ingest(database_url, Load(events=120, cameras=3, faces=1), rounds=1)
    assert [row["way"] for row in report.rows] == ["store", "recorder"]
    assert all(row["per_s"] > 0 for row in report.rows)
    assert (report.settings["events"], report.settings["cameras"]) == (120, 3)


def test_a_database_in_use_is_refused(sqlite_url: str, sqlite_database: sa.Engine) -> None:
    with writing(sqlite_database) as connection:
        write_batch(connection, CameraLife().sees(0, 1))
    with pytest.raises(ConfigError, match="has cameras"):
        measure_ingest(sqlite_url, Load(events=100, cameras=1), rounds=1)


def test_a_new_file_is_gone_afterwards() -> None:
    with lend_database("sqlite") as url:
        folder = Path(url.removeprefix("sqlite:///")).parent
        assert folder.is_dir()
    assert not folder.exists()

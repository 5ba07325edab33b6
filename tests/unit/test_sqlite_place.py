"""What stands where a SQLite database is to be."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from surveil.errors import ConfigError
from surveil.sqlite_place import check_place, check_place_of


def make_folder(path: Path) -> None:
    path.mkdir()


def make_text(path: Path) -> None:
    path.write_text("no database at all")


def make_link(path: Path) -> None:
    path.symlink_to(path.parent / "nothing")


@pytest.mark.parametrize(
    ("make", "below", "reason"),
    [
        (make_folder, "", "there is a folder"),
        (make_text, "", "is not a SQLite database"),
        (make_link, "", "a link to nothing"),
        (make_text, "surveil.db", "x is no folder"),
        (make_text, "deep/er/surveil.db", "x is no folder"),
        (make_link, "surveil.db", "x is no folder"),
    ],
)
def test_what_is_in_the_way_is_named_with_the_remedy(
    tmp_path: Path, make: object, below: str, reason: str
) -> None:
    assert callable(make)
    make(tmp_path / "x")
    with pytest.raises(ConfigError, match=rf"{reason}; move it away, or name another file"):
        check_place_of(f"sqlite:///{tmp_path / 'x' / below}")


def test_a_device_is_no_database() -> None:
    with pytest.raises(ConfigError, match="no plain file"):
        check_place(Path("/dev/null"))


def test_a_database_an_empty_file_and_none_are_no_objection(tmp_path: Path) -> None:
    check_place(tmp_path / "deep" / "surveil.db")
    (tmp_path / "empty.db").touch()
    check_place(tmp_path / "empty.db")
    with closing(sqlite3.connect(tmp_path / "some.db")) as connection:
        connection.execute("CREATE TABLE t (a)")
    check_place(tmp_path / "some.db")
    check_place_of("postgresql+psycopg://db.example/x")

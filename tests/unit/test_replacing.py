"""Files are the old ones or the new ones, whole."""

from __future__ import annotations

from pathlib import Path

import pytest
from kit.disk import files_of_at_most

from surveil.replacing import is_unfinished, replacing, write_whole


@pytest.mark.parametrize("durable", [False, True])
def test_a_file_is_made_and_replaced(tmp_path: Path, durable: bool) -> None:
    path = tmp_path / "table.csv"
    for content in (b"first", b"second"):
        write_whole(path, content, durable=durable)
        assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    write_whole(path, b"before")

    def fail() -> None:
        with replacing(path) as fresh:
            fresh.write_bytes(b"half")
            assert path.read_bytes() == b"before"
            assert fresh.suffix == ".csv"
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    write_whole(path, b"before")
    with files_of_at_most(1000), pytest.raises(OSError, match="too large"):
        write_whole(path, b"after" * 1000)
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_block_that_writes_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), replacing(tmp_path / "table.csv"):
        pass


def test_what_a_kill_leaves_is_told_from_other_files(tmp_path: Path) -> None:
    for name in ("table.csv", "LOCK", "a.new.csv"):
        with replacing(tmp_path / name) as fresh:
            assert is_unfinished(fresh)
            fresh.touch()
        assert not is_unfinished(tmp_path / name)
    assert not is_unfinished(tmp_path / ".hidden")

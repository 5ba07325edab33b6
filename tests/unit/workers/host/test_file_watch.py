"""Files that changed are told of once, and not while they are being written."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from surveil.workers.host.file_watch import FileWatch

Change = Callable[[Path], object]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rules").mkdir()
    (tmp_path / "fleet.yaml").write_text("cameras: {}\nrules: ['rules/*.yaml', more.yaml, {}]\n")
    (tmp_path / "rules" / "one.yaml").write_text("rules: []\n")
    (tmp_path / "other.yaml").write_text("rules: []\n")
    return tmp_path


def watch(folder: Path) -> tuple[FileWatch, list[int]]:
    told: list[int] = []
    return FileWatch(folder / "fleet.yaml", lambda: told.append(1)), told


def _replace(folder: Path) -> None:
    """Put another file of the same size and time in the place of one."""
    old, new = folder / "rules" / "one.yaml", folder / "new"
    new.write_text("rules: {}\n")
    times = old.stat()
    os.utime(new, ns=(times.st_atime_ns, times.st_mtime_ns))
    new.rename(old)


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "rules" / "one.yaml").write_text("rules: [{}]\n"),
        lambda folder: (folder / "rules" / "two.yaml").write_text("rules: []\n"),
        lambda folder: (folder / "rules" / "one.yaml").unlink(),
        lambda folder: (folder / "more.yaml").write_text("rules: []\n"),
        lambda folder: (folder / "fleet.yaml").write_text("rules: []\n"),
        lambda folder: (folder / "fleet.yaml").write_text("rules: [\n"),
        lambda folder: (folder / "fleet.yaml").unlink(),
        _replace,
    ],
)
def test_a_change_is_told_once(folder: Path, change: Change) -> None:
    files, told = watch(folder)
    files.look()
    files.look()
    assert told == []

    change(folder)
    files.look()
    assert told == []
    files.look()
    files.look()
    files.look()

    assert told == [1]


def test_other_files_are_nobodys_business(folder: Path) -> None:
    files, told = watch(folder)

    (folder / "other.yaml").write_text("rules: [{}]\n")
    (folder / "rules" / "notes.txt").write_text("x")
    for _ in range(3):
        files.look()

    assert told == []


def test_what_is_written_in_parts_is_told_when_it_is_whole(folder: Path) -> None:
    files, told = watch(folder)

    for part in range(5):
        (folder / "rules" / "one.yaml").write_text("rules: []\n" * part)
        files.look()
    assert told == []
    files.look()

    assert told == [1]


def test_a_change_that_is_taken_back_is_none(folder: Path) -> None:
    files, told = watch(folder)

    (folder / "rules" / "two.yaml").write_text("rules: []\n")
    files.look()
    (folder / "rules" / "two.yaml").unlink()
    for _ in range(3):
        files.look()

    assert told == []


def test_files_named_before_are_watched_on_while_the_fleet_is_wrong(folder: Path) -> None:
    files, told = watch(folder)
    (folder / "fleet.yaml").write_text("rules: [\n")
    files.look()
    files.look()

    (folder / "rules" / "one.yaml").write_text("rules: [{}]\n")
    files.look()
    files.look()

    assert told == [1, 1]

"""A data directory has one owner."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from surveil.errors import ConfigError, InUseError
from surveil.workers.host.datadir import DataDirLock


def test_the_second_owner_is_told_who_the_first_is(tmp_path: Path) -> None:
    with DataDirLock(tmp_path / "var"), pytest.raises(InUseError, match=f"process {os.getpid()} "):
        DataDirLock(tmp_path / "var")


def test_a_released_directory_can_be_taken_again(tmp_path: Path) -> None:
    DataDirLock(tmp_path).release()
    with DataDirLock(tmp_path):
        pass


def test_a_path_that_is_a_file_is_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match="data_dir"):
        DataDirLock(tmp_path / "file")

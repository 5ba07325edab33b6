"""Small files are whole, or what they were before."""

from __future__ import annotations

from pathlib import Path

import pytest
from kit.disk import files_of_at_most

from surveil.training.errors import CheckpointError
from surveil.training.files import write_bytes_whole


def test_full_disk_leaves_the_small_file_before(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    write_bytes_whole(path, b"before")
    with files_of_at_most(1000), pytest.raises(CheckpointError, match=r"history\.jsonl: could not"):
        write_bytes_whole(path, b"after" * 1000)
    assert path.read_bytes() == b"before"
    assert [entry.name for entry in tmp_path.iterdir()] == ["history.jsonl"]
    with pytest.raises(CheckpointError, match="absent"):
        write_bytes_whole(tmp_path / "absent" / "history.jsonl", b"x")

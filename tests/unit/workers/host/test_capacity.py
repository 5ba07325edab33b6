"""What a machine carries is kept beside its data, and believed while it is the same machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from surveil.errors import ConfigError
from surveil.workers.host.capacity import capacity_path, load_capacity, save_capacity


def test_what_was_measured_is_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data_dir = tmp_path / "var"
    assert load_capacity(data_dir, 4) is None
    assert save_capacity(data_dir, 84.37, 4) == capacity_path(data_dir)
    assert load_capacity(data_dir, 4) == 84.4
    assert load_capacity(data_dir, 8) is None  # another machine, or a larger one since
    monkeypatch.setattr("socket.gethostname", lambda: "other")
    assert load_capacity(data_dir, 4) is None  # on the same disk


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"cores": 4}', b'{"capacity_fps": "x", "cores": 4}',
     b'{"capacity_fps": NaN, "cores": 4}', b'{"capacity_fps": -1, "cores": 4}', b"\xff" * 9000],
)  # fmt: skip
def test_a_damaged_file_counts_as_none(tmp_path: Path, content: bytes) -> None:
    capacity_path(tmp_path).write_bytes(content)
    assert load_capacity(tmp_path, 4) is None


def test_a_directory_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file")
    with pytest.raises(ConfigError, match="is data_dir right"):
        save_capacity(tmp_path / "var", 1.0, 1)

"""A clip as a table."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

import surveil
from surveil.errors import ConfigError
from surveil.simulate.examples import CLIPS


@pytest.fixture(scope="module")
def table() -> surveil.Table:
    return surveil.analyze(CLIPS["entrance"], sample_fps=1)


def test_each_interval_has_a_row_whether_or_not_anybody_is_there(table: surveil.Table) -> None:
    assert {row["faces"] for row in table} >= {0, 1}
    assert all(tuple(row) == table.columns for row in table)
    empty = next(row for row in table if row["faces"] == 0)
    assert (empty["emotion"], empty["happy"]) == (None, None)
    assert table[0]["from_s"] == 0
    assert len(table[1:3]) == 2
    assert "entrance.mp4" in repr(table)


def test_it_becomes_a_frame_and_a_file(table: surveil.Table, tmp_path: Path) -> None:
    frame = table.to_pandas()
    assert list(frame.columns) == list(table.columns)
    assert frame["happy"].max() <= 1
    table.write(tmp_path / "table.csv")
    with (tmp_path / "table.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == len(table)
    with pytest.raises(ConfigError, match="ending"):
        table.write(tmp_path / "table.xlsx")


def test_what_is_no_video_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="none"):
        surveil.analyze(tmp_path / "none.mp4")
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(ConfigError, match=r"text\.mp4"):
        surveil.analyze(tmp_path / "text.mp4")

"""CSV files as spreadsheets and other programs write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from surveil.training.data.tables import open_table
from surveil.training.errors import DataError

ROWS = [(2, {"file": "a.jpg", "emotion": "Alegría"}), (3, {"file": "b.jpg", "emotion": "sad"})]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_what_spreadsheets_write_is_read(
    tmp_path: Path, encoding: str, separator: str, end: str
) -> None:
    path = tmp_path / "labels.csv"
    lines = ["file,emotion", "a.jpg, Alegría", "b.jpg,sad", ""]
    path.write_bytes(end.join(lines).replace(",", separator).encode(encoding))
    with open_table(path, ("file", "emotion")) as table:
        assert list(table) == ROWS


def test_blank_lines_and_lines_of_separators_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("\n\nfile,emotion\n\na.jpg,sad\n,\n   \nb.jpg,happy\n\n")
    with open_table(path, ("file", "emotion")) as table:
        assert [(line, row["file"]) for line, row in table] == [(5, "a.jpg"), (8, "b.jpg")]


def test_names_of_columns_may_have_blanks_and_capitals(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(" File , Emotion,Site\na.jpg,sad,north\nb.jpg,sad\n")
    with open_table(path, ("file", "emotion")) as table:
        assert table.columns == ["file", "emotion", "Site"]
        assert [row["Site"] for _, row in table] == ["north", ""]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"t\.csv: column file is missing; it has none"),
        (b"a,b\n1,2\n", r"t\.csv: column file is missing; it has a, b"),
        (b"name,file\nx\n", r"t\.csv, line 2: the line has fewer values"),
        ("name,file\né,x\n".encode("latin-1"), r"t\.csv: not a CSV file in UTF-8.*CSV UTF-8"),
        (b"name,file\n" + b"x" * 200_000 + b",y\n", r"t\.csv: not a CSV file: field larger"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message), open_table(path, ("file",)) as table:
        list(table)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="none: no such file"), open_table(tmp_path / "none", ()):
        pass

"""``surveil dataset`` as its user calls it."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner, Result

from surveil.cli.main import cli
from surveil.errors import SurveilError


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["dataset", *map(str, arguments)])


def test_stats_of_stored_fer2013(fer_dir: Path) -> None:
    result = run("stats", fer_dir, "--json")
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout)
    assert figures["faces"] == 35
    assert figures["blank"] == 1
    (leak,) = figures["leaks"]
    assert (leak["known"], leak["held"], leak["exact"]) == ("train", "test", 1)


def test_stats_are_shown_as_tables(fer_dir: Path) -> None:
    result = run("stats", fer_dir)
    assert result.exit_code == 0, result.output
    for words in ("35 faces, 48x48 grey", "exact or near", "Leakage", "blank: 1"):
        assert words in result.output


def test_stats_of_a_configuration_are_of_what_is_trained_on(fer_dir: Path, tmp_path: Path) -> None:
    config = tmp_path / "train.yaml"
    config.write_text("name: test\ndata: {validation_percent: 30}\n")
    options = ("--config", config, "--runs", tmp_path / "runs", "--json")
    figures = json.loads(run("stats", fer_dir.parent, *options).stdout)
    assert figures["set_aside"] == {"fer2013 equal to test": 1, "fer2013 blank": 1}
    assert {leak["exact"] for leak in figures["leaks"]} == {0}


@pytest.mark.parametrize("name", ["sheet.png", "sheet.html"])
def test_preview_writes_a_picture_or_a_page(fer_dir: Path, tmp_path: Path, name: str) -> None:
    result = run("preview", fer_dir, "--out", tmp_path / name, "--count", 2)
    assert result.exit_code == 0, result.output
    assert "14 faces" in result.output
    content = (tmp_path / name).read_bytes()
    assert content.startswith(b"\x89PNG" if name.endswith("png") else b"<!doctype html>")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("stats", "none"), "none: no such file or folder"),
        (("stats", "."), r"neither manifest\.csv, nor FER2013, nor"),
        (("preview", ".", "--out", "sheet.gif"), r"must end in \.png or \.html"),
        (("import", "none", "--out", "out"), "none: no such folder"),
        (("import", ".", "--out", "out", "--person-from", "x"), "--person-from 'x'"),
        (
            ("import", ".", "--out", "o", "--test-percent", 60, "--validation-percent", 60),
            "more than 100",
        ),
    ],
)
def test_wrong_input_ends_with_exit_code_2(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[object, ...],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    error = run(*arguments).exception
    assert isinstance(error, SurveilError)
    assert error.exit_code == 2
    with pytest.raises(type(error), match=message):
        raise error


def test_photographs_become_a_dataset(shared_dir: Path, tmp_path: Path) -> None:
    source = tmp_path / "site"
    for emotion, name in (("happy", "2008_001322.jpg"), ("neutral", "azure_detection1.jpg")):
        picture = cv2.imread(str(shared_dir / "data" / "faces" / name))
        assert picture is not None
        (source / emotion).mkdir(parents=True)
        shrunk = cv2.resize(picture, (320, 320 * picture.shape[0] // picture.shape[1]))
        cv2.imwrite(str(source / emotion / "a.png"), np.asarray(shrunk))
    arguments = ("import", source, "--out", tmp_path / "out", "--color", "--frame-px", 64)
    result = run(*arguments, "--threads", 1)
    assert result.exit_code == 0, result.output
    assert "2 faces" in result.output
    figures = json.loads(run("stats", tmp_path / "out", "--json").stdout)
    assert (figures["faces"], figures["frame"]) == (2, "64x64 colour")

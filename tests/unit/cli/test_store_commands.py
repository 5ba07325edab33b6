from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from kit.events import START_AT, CameraLife, after, make_vote
from pyarrow import parquet

from surveil.cli.main import cli
from surveil.cli.options import read_instant, read_zone
from surveil.cli.timeline_chart import share_cells
from surveil.domain import CameraState, Reason
from surveil.errors import ConfigError, SurveilError, UnavailableError
from surveil.store.engine import connect, writing
from surveil.store.ingest import write_batch
from surveil.store.tables import timeline_1m

WINDOW = ["--since", after(0).isoformat(), "--until", after(190).isoformat()]

QUERY = "select seq from interval where run_id = '01A' order by seq"


@pytest.fixture
def url(sqlite_url: str) -> str:
    engine = connect(sqlite_url)
    life = CameraLife().says(0, CameraState.LIVE)
    for second in range(70):
        life.sees(second, second + 1, make_vote(1))
    life.says(70, CameraState.OFFLINE, Reason.TIMEOUT)
    life.open("01B").says(130, CameraState.LIVE)
    for second in range(130, 190):
        life.sees(second, second + 1)
    with writing(engine) as connection:
        write_batch(connection, life)
        write_batch(connection, CameraLife("lobby-2", "01C").sees(0, 1))
    engine.dispose()
    return sqlite_url


def invoke(*arguments: str) -> str:
    result = CliRunner().invoke(cli, list(arguments))
    assert result.exception is None, result.output
    return result.stdout


def fail(*arguments: str) -> Result:
    result = CliRunner().invoke(cli, list(arguments))
    assert isinstance(result.exception, SurveilError | SystemExit), result.exception
    return result


def timeline(url: str, *arguments: str) -> str:
    return invoke("timeline", "--database", url, "--tz", "UTC", *WINDOW, *arguments)


def test_timeline_as_a_table_shows_coverage_beside_values(url: str) -> None:
    lines = timeline(url, "--camera", "lobby").splitlines()
    assert lines[0].split()[:4] == ["camera", "from", "(UTC)", "coverage"]
    assert [line.split()[3:5] for line in lines[1:]] == [
        ["17%", "10"],
        ["100%", "60"],
        ["0%", "0"],
        ["100%", "0"],
    ]
    assert lines[3].endswith("timeout")


def test_timeline_as_csv_json_and_parquet_holds_the_same(url: str, tmp_path: Path) -> None:
    as_csv = list(
        csv.DictReader(io.StringIO(timeline(url, "--camera", "lobby", "--format", "csv")))
    )
    as_json = json.loads(timeline(url, "--camera", "lobby", "--format", "json"))
    timeline(url, "--camera", "lobby", "--out", str(tmp_path / "t.parquet"))
    as_parquet = parquet.read_table(tmp_path / "t.parquet").to_pylist()
    assert len(as_csv) == len(as_json) == len(as_parquet) == 4
    assert as_json[1]["from_at"] == "2026-03-01T10:00:00+00:00"
    assert as_json[1]["happy"] == 1.0
    assert as_json[2]["reason"] == "timeout"
    for text, value, row in zip(as_csv, as_json, as_parquet, strict=True):
        assert float(text["coverage"]) == value["coverage"] == row["coverage"]
        assert datetime.fromisoformat(text["from_at"]) == row["from_at"]
        assert (text["happy"] or None) == (None if row["happy"] is None else str(row["happy"]))


def test_timeline_as_a_chart_tells_gaps_from_calm(url: str) -> None:
    lines = timeline(url, "--camera", "lobby", "--format", "chart").splitlines()
    seen, dark, calm = lines[2], lines[3], lines[4]
    assert "H" * 20 in seen
    assert "╱" * 20 in dark
    assert "timeout" in dark
    assert "·" * 20 in calm
    assert "╱" not in calm
    assert "angry" in lines[-1]  # the legend stands where the eye is


def test_equal_lines_of_a_chart_are_told_in_one(url: str) -> None:
    lines = timeline(url, "--camera", "lobby", "--format", "chart", "--bucket", "1s").splitlines()
    assert "the same 69 times more, until 03-01 10:01:00" in "\n".join(lines)
    assert len(lines) < 20


def test_tables_fit_a_terminal_of_80_columns(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("surveil.cli.tabular.WIDE", 80)
    lines = timeline(url).splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) == 1 + 8
    assert lines[0].split() == [
        *("camera", "from", "cov.", "votes"),
        *("angr", "disg", "fear", "happ", "sad", "surp", "neut", "gap"),
    ]


def test_timeline_takes_globs_and_explains_unknown_cameras(url: str) -> None:
    assert "lobby-2" in timeline(url, "--camera", "lobby*")
    result = fail("timeline", "--database", url, "--camera", "loby")
    assert isinstance(result.exception, ConfigError)
    assert "did you mean 'lobby'" in str(result.exception)


def test_timeline_shows_local_time(url: str) -> None:
    out = invoke("timeline", "--database", url, "--tz", "Europe/Berlin", *WINDOW)
    assert "from (CET)" in out
    assert "03-01 11:00:00" in out


def test_sql_prints_rows_and_says_what_it_cut(url: str) -> None:
    result = CliRunner().invoke(
        cli,
        ["sql", "--database", url, "--limit", "2", "--format", "csv", QUERY],
    )
    assert result.stdout == "seq\n2\n3\n"
    assert "cut after 2 rows" in result.stderr


def test_json_holds_no_number_that_is_none(url: str) -> None:
    out = invoke("sql", "--database", url, "--format", "json", "select 9e999 as big, 1.5 as one")
    assert json.loads(out, parse_constant=pytest.fail) == [{"big": None, "one": 1.5}]


@pytest.mark.parametrize("until", ["9999-12-31", "9999-12-31T23:59:59+00:00"])
def test_an_end_that_is_far_ahead_is_the_present(url: str, until: str) -> None:
    out = invoke("timeline", "--database", url, "--since", "2026-03-01", "--until", until,
                 "--bucket", "30d", "--tz", "America/New_York", "--format", "csv")  # fmt: skip
    assert "lobby" in out


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/New_York"])
@pytest.mark.parametrize("since", ["9999-12-30", "0001-01-01", "0001-01-02"])
def test_a_begin_out_of_reach_is_an_error_or_nothing_seen(url: str, since: str, zone: str) -> None:
    options = ["--since", since, "--until", "9999-12-31", "--bucket", "36500d", "--tz", zone]
    result = CliRunner().invoke(cli, ["timeline", "--database", url, *options])
    assert result.exception is None or isinstance(result.exception, ConfigError)


def test_sql_refuses_to_write(url: str) -> None:
    result = fail("sql", "--database", url, "delete from interval")
    assert isinstance(result.exception, ConfigError)


def test_check_is_content_with_what_was_ingested(url: str) -> None:
    out = invoke("db", "check", "--database", url)
    assert all(line.endswith(": ok") for line in out.splitlines())


def test_check_fails_on_damage(url: str) -> None:
    engine = connect(url)
    with writing(engine) as connection:
        connection.execute(sa.delete(timeline_1m))
    engine.dispose()
    result = fail("db", "check", "--database", url)
    assert result.exit_code == 1
    assert "rollups: lobby" in result.stdout


def test_upgrade_makes_a_database_that_the_fleet_names(tmp_path: Path) -> None:
    fleet = tmp_path / "fleet.yaml"
    fleet.write_text("version: 1\ncameras:\n  lobby: {source: 'rtsp://10.0.0.5/s'}\n")
    out = invoke("db", "upgrade", "--fleet", str(fleet))
    assert (tmp_path / "var" / "surveil.db").is_file()
    assert "applied 0001" in out
    assert "is up to date" in invoke("db", "upgrade", "--fleet", str(fleet))


def test_prune_asks_first(url: str) -> None:
    assert CliRunner().invoke(cli, ["db", "prune", "--database", url, "--days", "1"]).exit_code == 1
    assert "deleted" in invoke("db", "prune", "--database", url, "--days", "1", "--yes")


def test_a_database_that_is_not_there_is_named_without_its_password(tmp_path: Path) -> None:
    missing = fail("db", "check", "--database", f"sqlite:///{tmp_path}/no.db")
    assert isinstance(missing.exception, UnavailableError)
    away = f"postgresql+psycopg://app:hunter2@/x?host={tmp_path}"
    result = fail("timeline", "--database", away)
    assert isinstance(result.exception, UnavailableError)
    assert "hunter2" not in str(result.exception) + result.output
    assert str(tmp_path) in str(result.exception)


def test_instants_may_be_durations_local_or_absolute() -> None:
    now, berlin = START_AT, read_zone("Europe/Berlin")
    assert read_instant("90m", now, UTC, "--since") == now - timedelta(minutes=90)
    assert read_instant("2026-03-29T12:00", now, berlin, "--since").hour == 10
    assert read_instant("2026-03-28T12:00", now, berlin, "--since").hour == 11
    assert read_instant("2026-03-01T12:00+00:00", now, berlin, "--since").hour == 12
    with pytest.raises(ConfigError, match="--since"):
        read_instant("yesterday", now, UTC, "--since")
    with pytest.raises(ConfigError, match="Mars"):
        read_zone("Mars/Olympus")


def test_cells_are_shared_out_without_remainder() -> None:
    assert share_cells([1, 1, 1], 10) == [4, 3, 3]
    assert share_cells([0, 7, 0], 5) == [0, 5, 0]
    assert sum(share_cells([3, 5, 9, 1], 17)) == 17


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://x/y", "URL: write postgresql[+]psycopg:// in place of postgresql://"),
        ("postgresql+psycopg://h", "URL: names no database; write postgresql[+]psycopg://HOST/NAM"),
        ("mysql://h/x", "URL: must be sqlite:///PATH or postgresql[+]psycopg://HOST/NAME"),
    ],
)
def test_what_is_wrong_with_a_database_url_can_be_read(url: str, words: str) -> None:
    error = fail("sql", "select 1", "--database", url).exception
    with pytest.raises(ConfigError, match=f"the database {words}"):
        raise error or AssertionError


@pytest.mark.parametrize("command", ["sql", "db upgrade", "db check", "timeline", "alerts"])
def test_something_else_in_place_of_the_database_is_named(tmp_path: Path, command: str) -> None:
    words = [*command.split(), *(["select 1"] if command == "sql" else [])]
    error = fail(*words, "--database", f"sqlite:///{tmp_path}").exception
    assert isinstance(error, ConfigError)
    assert "there is a folder; move it away" in str(error)


def test_silences_are_added_listed_and_ended(url: str) -> None:
    where = ("--database", url)
    added = invoke("silence", "add", *where, "--rule", "crowd-*", "--for", "2h", "--by", "night",
                   "--label", "team=door", "--comment", "a school visits")  # fmt: skip
    id_ = added.split()[1]
    listed = invoke("silence", "list", *where, "--tz", "UTC")
    for word in (id_, "rule crowd-*, team=door", "night", "a school visits"):
        assert word in listed
    assert "has ended" in invoke("silence", "expire", *where, id_)
    assert invoke("silence", "list", *where) == "no silence\n"
    assert "no silence" in str(fail("silence", "expire", *where, id_).exception)


@pytest.mark.parametrize("command", ["silence list", "alerts", "timeline --since 1h"])
def test_colours_of_a_terminal_are_no_text(
    url: str, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _: True, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    where = ("--database", url)
    invoke("silence", "add", *where, "--rule", "x", "--for", "2h", "--comment", "why")
    said = invoke(*command.split(), *where)
    assert said
    assert r"\x1b" not in said


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--for", "2h", "--comment", "why"], "give --rule, --camera or --label"),
        (["--rule", "x", "--for", "soon", "--comment", "why"], "--for"),
        (["--rule", "x", "--for", "100d", "--comment", "why"], "1s to 90d"),
        (["--rule", "x", "--for", "2h", "--comment", " "], "--comment"),
        (["--label", "team", "--for", "2h", "--comment", "why"], "NAME=GLOB"),
    ],
)
def test_what_is_no_silence_is_refused(url: str, options: list[str], message: str) -> None:
    result = fail("silence", "add", "--database", url, *options)
    assert message in str(result.exception)


def test_the_audit_log_is_listed_and_proved(url: str) -> None:
    assert "0 rows" in invoke("audit", "verify", "--database", url)
    added = invoke("silence", "add", "--rule", "x", "--for", "1h", "--comment", "why", "--by",
                   "ana", "--database", url).split()[1]  # fmt: skip
    invoke("silence", "expire", added, "--by", "ben", "--database", url)
    listed = json.loads(invoke("audit", "list", "--format", "json", "--database", url))
    assert [(row["id"], row["actor"], row["action"]) for row in listed] == [
        (2, "ben", "expire-silence"),
        (1, "ana", "silence"),
    ]
    assert f"silence {added}" in invoke("audit", "list", "--database", url)
    said = invoke("audit", "verify", "--database", url)
    assert "2 rows, as they were written" in said
    assert "2 rows" in invoke("audit", "verify", "--expect", said.split()[-1], "--database", url)
    with writing(connect(url)) as connection:
        connection.execute(sa.text("update audit_log set actor = 'eve' where id = 1"))
    broken = fail("audit", "verify", "--database", url)
    assert broken.exit_code == 1
    assert "row 1 is not what was written" in broken.stdout
    assert fail("audit", "verify", "--expect", "abc", "--database", url).exit_code == 2

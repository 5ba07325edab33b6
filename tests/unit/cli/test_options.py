"""What commands share: which fleet file, which database, which instant."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import click
import pytest
from click.testing import CliRunner

from surveil.cli.main import COMMANDS, EXTRAS, SUMMARIES, cli
from surveil.cli.options import EARLIEST, LATEST, find_fleet, read_instant
from surveil.config import ConfigErrors
from surveil.config.loading import load_database
from surveil.errors import ConfigError, UnavailableError

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("now", NOW),
        ("90m", NOW - timedelta(minutes=90)),
        ("20260301", datetime(2026, 2, 28, 23, tzinfo=UTC)),
        ("2026-03-01T12:00", datetime(2026, 3, 1, 11, tzinfo=UTC)),
        ("2026-03-01T12:00Z", datetime(2026, 3, 1, 12, tzinfo=UTC)),
        ("99y", None),
        ("5200w", EARLIEST),
        ("3600", None),
        ("20261399", None),
        ("1e3", None),
        ("9999-12-31", LATEST),
        ("9999-12-31T23:59:59-12:00", LATEST),
        ("0001-01-01", EARLIEST),
    ],
)
def test_instants(text: str, at: datetime | None) -> None:
    if at is not None:
        assert read_instant(text, NOW, BERLIN, "--since") == at
        return
    with pytest.raises(ConfigError, match=rf"--since '{text}'"):
        read_instant(text, NOW, BERLIN, "--since")


def test_a_number_without_a_unit_is_answered_with_what_may_be_meant() -> None:
    with pytest.raises(ConfigError, match=r"did you mean 3600s\?$"):
        read_instant("3600", NOW, UTC, "--since")


def test_all_commands_find_the_fleet_file_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SURVEIL_FLEET", raising=False)
    with pytest.raises(ConfigError, match="which fleet"):
        find_fleet(None)
    commands = (["check"], ["run"], ["timeline"], ["alerts"], ["sql", "select 1"], ["db", "check"])
    for arguments in commands:
        result = CliRunner().invoke(cli, arguments)
        assert isinstance(result.exception, ConfigError), arguments
        assert "which fleet" in str(result.exception)
    Path("fleet.yaml").touch()
    assert find_fleet(None) == Path("fleet.yaml")
    monkeypatch.setenv("SURVEIL_FLEET", "other.yaml")
    assert find_fleet(None) == Path("other.yaml")
    assert find_fleet(Path("third.yaml")) == Path("third.yaml")
    for arguments in commands:
        result = CliRunner().invoke(cli, arguments)
        assert "other.yaml" in str(result.exception), arguments


def test_reading_results_needs_no_secret_of_a_camera(tmp_path: Path) -> None:
    path = tmp_path / "fleet.yaml"
    path.write_text(
        "data_dir: kept\n"
        "cameras: {a: {source: 'rtsp://h/x', password: '${env:NOT_SET_HERE}', nonsense: 1}}\n"
        "rules: [none/*.yaml]\n",
        encoding="utf-8",
    )
    assert load_database(path).reveal() == f"sqlite:///{tmp_path}/kept/surveil.db"
    result = CliRunner().invoke(cli, ["timeline", "--fleet", str(path)])
    assert isinstance(result.exception, UnavailableError)
    assert "no database at" in str(result.exception)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("database: '${env:NOT_SET_HERE}'\n", "fleet.yaml:1:11: environment variable"),
        ("database: !x y\n", "fleet.yaml:1:11: tag '!x' is not supported"),
        ("data_dir: a?b\n", "fleet.yaml:1:11: data_dir: holds a ?"),
        ("[]\n", "fleet.yaml:1:1: must be a mapping"),
        ("a: [\n", "fleet.yaml:2:1: not YAML"),
    ],
)
def test_faults_of_the_part_that_is_needed(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "fleet.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigErrors) as caught:
        load_database(path)
    assert problem in str(caught.value)
    assert "started" not in caught.value.report()


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        (["dataset", "stats", "nowhere"], "pip install 'surveil[train]'"),
        (["train", "train.yaml"], "pip install 'surveil[train]'"),
        (["evaluate", "emotion-resnet18", "--data", "."], "pip install 'surveil[train]'"),
        (["export", "emotion-resnet18"], "pip install 'surveil[train]'"),
        (["analyze", "clip.mp4", "--device", "cuda"], "pip install 'surveil[cuda]'"),
        (["analyze", "clip.mp4", "--out", "rows.parquet"], "pip install 'surveil[parquet]'"),
    ],
)
def test_an_absent_library_is_told_by_the_name_of_its_extra(
    arguments: list[str], remedy: str, tmp_path: Path
) -> None:
    program = (
        "import importlib.abc, sys\n"
        "class Absent(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.partition('.')[0] in {sorted(EXTRAS)}:\n"
        "            raise ModuleNotFoundError(f'No module named {name}', name=name)\n"
        "        return None\n"
        "sys.meta_path.insert(0, Absent())\n"
        "import importlib.util\n"
        "real = importlib.util.find_spec\n"
        f"importlib.util.find_spec = lambda n, *a: None if n in {sorted(EXTRAS)} else real(n, *a)\n"
        "from surveil.cli.main import main\n"
        "main()\n"
    )
    (tmp_path / "clip.mp4").write_bytes(b"no video")
    (tmp_path / "train.yaml").write_text("name: x\n")
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert remedy in done.stderr
    assert "Traceback" not in done.stderr


def test_the_list_of_commands_says_what_each_says_and_imports_none() -> None:
    context = click.Context(cli)
    commands = {name: cli.get_command(context, name) for name in COMMANDS}
    summaries = {name: one.get_short_help_str(limit=66) for name, one in commands.items() if one}
    assert summaries == SUMMARIES
    program = (
        "import sys\n"
        "from click.testing import CliRunner\n"
        "from surveil.cli.main import cli\n"
        "assert 'simulate' in CliRunner().invoke(cli, ['--help']).output\n"
        "print(*sorted(name for name in sys.modules if name.startswith('surveil.cli.')))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.split() == ["surveil.cli.lazy", "surveil.cli.main"]

"""What commands share: which fleet file, which database, which instant."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from surveil.cli.main import COMMANDS, EXTRAS, SUMMARIES, cli
from surveil.cli.options import find_fleet, read_duration, read_instant
from surveil.config import ConfigErrors
from surveil.config.loading import load_database
from surveil.errors import ConfigError, UnavailableError

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_an_option_that_means_no_instant_or_duration_is_named_with_its_value() -> None:
    assert read_instant("90m", NOW, UTC, "--since") == NOW - timedelta(minutes=90)
    with pytest.raises(ConfigError, match="--since '99y' is neither"):
        read_instant("99y", NOW, UTC, "--since")
    assert read_duration("2h", "--for", least_s=60, most_s=86_400) == 7200
    with pytest.raises(ConfigError, match="--for '2 h' must be a duration"):
        read_duration("2 h", "--for", least_s=60, most_s=86_400)
    with pytest.raises(ConfigError, match="--for '2d' must be 1m to 1d"):
        read_duration("2d", "--for", least_s=60, most_s=86_400)


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


def test_a_command_that_is_mistyped_is_told_what_may_be_meant() -> None:
    for word, hint in (("chek", "did you mean 'check'?"), ("rule", "did you mean 'rules'?")):
        result = CliRunner().invoke(cli, [word])
        assert result.exit_code == 2
        assert f"No such command '{word}'; {hint}" in result.output
    assert "No such command 'query'." in CliRunner().invoke(cli, ["query"]).output


def test_the_list_of_commands_says_what_each_says_and_imports_none() -> None:
    context = click.Context(cli)
    commands = {name: cli.get_command(context, name) for name in COMMANDS}
    summaries = {name: one.get_short_help_str(limit=100) for name, one in commands.items() if one}
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

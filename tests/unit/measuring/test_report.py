from __future__ import annotations

import json

import click

from surveil.cli.bench import MEASUREMENTS, SUMMARIES, command
from surveil.cli.measured import WIDTH, draw_report
from surveil.cli.tabular import finite
from surveil.measuring.hardware import inspect_host
from surveil.measuring.report import Figure, Report


def make_report() -> Report:
    figures = (Figure("way", "what"), Figure("per_s", "events/s", 0), Figure("cpu_us", "us", 1))
    rows = [{"way": "store", "per_s": 5123.4, "cpu_us": 190.25}, {"way": "other", "per_s": 1.0}]
    return Report("ingest", {"events": 100}, figures, rows, ("word " * 40,))


def test_a_report_for_people_has_eighty_columns() -> None:
    lines = draw_report(make_report()).splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert any(line.split() == ["store", "5,123", "190.2"] for line in lines)
    assert any(line.split() == ["other", "1"] for line in lines)


def test_a_report_for_programs_tells_the_machine() -> None:
    found = json.loads(json.dumps(make_report().as_json()))
    assert found["rows"][0] == {"way": "store", "per_s": 5123.4, "cpu_us": 190.25}
    assert found["host"]["cores"] >= 1
    assert found["host"]["versions"]["numpy"]
    assert found["settings"] == {"events": 100}


def test_a_host_names_its_processor() -> None:
    host = inspect_host()
    assert host.cpu
    assert max(map(len, host.lines())) <= WIDTH


def test_help_says_what_each_command_says() -> None:
    assert isinstance(command, click.Group)
    with click.Context(command) as context:
        commands = {name: command.get_command(context, name) for name in MEASUREMENTS}
    summaries = {name: one.get_short_help_str(limit=66) for name, one in commands.items() if one}
    assert summaries == SUMMARIES


def test_flags_of_the_host_are_a_list_in_json() -> None:
    assert finite({"flags": ("avx2", "fma")}) == {"flags": ["avx2", "fma"]}

"""Whatever a file holds, the answer is a fleet or its problems."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from surveil.config import ConfigErrors, Problem
from surveil.config.loading import read_fleet

FULL = (Path(__file__).resolve().parents[3] / "configs" / "fleet.full.yaml").read_bytes()

WORDS = rb""" |: |- |{|}|[|]|*a|&a |<<: |${env:|null|true|1e999|-1|!!int |'|"|://|@|%zz"""
PIECES = st.sampled_from([*WORDS.split(b"|"), b"", b"\n", b"\t", b"\0", b"\xff"])


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(edits=st.lists(st.tuples(st.integers(0, len(FULL)), PIECES, st.integers(0, 12)), max_size=4))
def test_mutations_of_the_full_example(tmp_path: Path, edits: list[tuple[int, bytes, int]]) -> None:
    content = FULL
    for at, piece, drop in edits:
        content = content[:at] + piece + content[at + drop :]
    path = tmp_path / "fleet.yaml"
    path.write_bytes(content)
    problems = _problems(path)
    lines = content.count(b"\n") + content.count(b"\r") + 2
    assert all(1 <= problem.line <= lines for problem in problems)
    assert "canary" not in "\n".join(map(str, problems))


def _problems(path: Path) -> list[Problem]:
    try:
        read_fleet(path, environment={"DB_PASSWORD": "canary-fuzz"})
    except ConfigErrors as error:
        return error.problems
    return []

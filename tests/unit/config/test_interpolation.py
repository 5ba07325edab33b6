"""References: what cannot be one is told at its place, and what is told holds no secret."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from surveil.secrets import redact


def test_secret_files_that_cannot_be_used(fail: Any, tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n", encoding="utf-8")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "large").write_bytes(b"x" * 70_000)
    (tmp_path / "lines").write_text("canary-4\nsecond\n", encoding="utf-8")
    problems = fail(
        """\
        cameras:
          a: {source: "usb:0", password: "${file:none}"}
          b: {source: "usb:1", password: "${file:empty}"}
          c: {source: "usb:2", password: "${file:binary}"}
          d: {source: "usb:3", password: "${file:large}"}
          e: {source: "usb:4", password: "${file:.}"}
          f: {source: "usb:5", password: "${file:lines}"}
          g: {source: "usb:6", password: "${env:EMPTY}"}
          h: {source: "usb:7", password: "${env:}"}
          i: {source: "usb:8", password: "${env:HOMME}"}
        """,
        EMPTY="",
        HOME="canary-5",
    )
    assert [problem.split(": ", 1)[1].replace(f"{tmp_path}/", "") for problem in problems] == [
        "${file:none}: none cannot be read: No such file or directory",
        "${file:empty}: empty is empty",
        "${file:binary}: binary is not text in UTF-8",
        "${file:large}: large is larger than 64 KiB",
        f"${{file:.}}: {tmp_path} cannot be read: Is a directory",
        "cameras.f.password: must not hold line breaks or controls",
        "environment variable EMPTY is empty",
        "${env:} is neither ${env:NAME} nor ${file:PATH}",
        "environment variable HOMME is not set; did you mean 'HOME'?",
    ]


def test_a_missing_variable_is_told_with_the_file_that_may_have_it(
    fail: Any, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("PW=canary-9\n", encoding="utf-8")
    first, second = fail(
        'cameras: {a: {source: "usb:0", username: "${env:US}", password: "${env:PW}"}}\n'
    )
    assert first.endswith(f"US is not set; if {tmp_path}/.env has it: "
                          f"set -a; . {tmp_path}/.env; set +a")  # fmt: skip
    assert second.endswith("PW is not set")


@pytest.mark.parametrize("text", ["${env:P", "a${env:P", "${env:PW}${file:x", "$${x} ${"])
def test_a_reference_that_is_not_closed(fail: Any, text: str) -> None:
    (problem,) = fail(f"cameras: {{a: {{source: 'usb:0', password: '{text}'}}}}\n", PW="canary-7")
    assert problem == (
        "fleet.yaml:1:42: a ${ is not closed by }; write ${env:NAME}, or $${ for a plain ${"
    )


def test_no_secret_in_any_problem(fail: Any) -> None:
    """A secret in the wrong place is refused without being repeated."""
    canary = "canary-wrong-place"
    places = (
        "version: X",
        "data_dir: [X]",
        "redis: X",
        "redis: X://h",
        "redis: {url: X}",
        "redis: {X: X}",
        "database: X://h/x",
        "device: X",
        "model: X/../ X",
        "interval_s: X",
        "partitions: X",
        "http: X",
        "http: {port: X}",
        "spool: {max_bytes: X}",
        "defaults: {transport: X}",
        "defaults: {sample_fps: X}",
        "defaults: {enabled: X}",
        "receivers: {r: X}",
        "receivers: {r: {webhook: {url: X, secret: X}}}",
        "receivers: {r: {webhook: {url: 'X://h', secret: whsec_X}}}",
    )
    for place in places:
        line = place.replace("X", "${env:CANARY}").replace("{${env:CANARY}: ", "{key: ")
        line = line.replace(": ${env:CANARY}", ": '${env:CANARY}'").replace("whsec_$", "whsec_$")
        text = f"cameras: {{a: {{source: '${{env:CANARY}}'}}}}\n{line}\n"
        problems = fail(text, CANARY=canary)
        assert canary not in "\n".join(problems), place
        assert redact("\n".join(problems)) == "\n".join(problems)

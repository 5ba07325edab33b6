"""What is wrong is said all at once, at its line, with a remedy, and without secrets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from surveil.config import ConfigErrors
from surveil.config.problems import MOST_SHOWN


def test_all_at_once_with_lines_and_remedies(fail: Any) -> None:
    assert fail(
        """\
        version: 2
        redis: redi://x
        defaults: {sample_fsp: 5, min_face_px: true, transport: tpc}
        cameras:
          lobby:
            source: rstp://10.0.0.5/stream2
            username: ${env:NOPE}
            password: ${enw:PW}
            sample_fps: ${env:PW}
            stall_timeout_s: 3x
          Desk: {source: "0"}
          clip: {sorce: "file:clips/walk.mp4", loop: 7}
        receivers:
          ops: {webhook: {url: "ftp://h/x", secret: "whsec_MfK!"}}
          both: {log:, webhoook: 1}
        recievers: 1
        """,
        PW="canary-errors-1",
    ) == [
        "fleet.yaml:1:10: version: must be 1",
        "fleet.yaml:2:8: redis: must be embedded or a redis://, rediss:// or unix:// URL;"
        " did you mean 'redis'?",
        "fleet.yaml:3:12: defaults: unknown key 'sample_fsp'; did you mean 'sample_fps'?",
        "fleet.yaml:3:40: defaults.min_face_px: must be a number",
        "fleet.yaml:3:57: defaults.transport: unknown value 'tpc'; did you mean 'tcp'?",
        "fleet.yaml:6:13: cameras.lobby.source: 'rstp' is not read;"
        " must start with rtsp://, rtsps://, usb: or file:; did you mean 'rtsp'?",
        "fleet.yaml:7:15: environment variable NOPE is not set",
        "fleet.yaml:8:15: ${enw:PW} is neither ${env:NAME} nor ${file:PATH}; did you mean 'env'?",
        "fleet.yaml:9:17: cameras.lobby.sample_fps: must be a number",
        "fleet.yaml:10:22: cameras.lobby.stall_timeout_s:"
        " must be a duration such as 500ms, 30s, 1.5h or 1h30m",
        "fleet.yaml:11:3: cameras.Desk: a camera id is 1 to 63 of a-z, 0-9, - and _,"
        " and starts with a letter or digit",
        "fleet.yaml:11:18: cameras.Desk.source:"
        " must start with rtsp://, rtsps://, usb: or file:; did you mean 'usb:0'?",
        "fleet.yaml:12:3: cameras.clip: 'source' is missing",
        "fleet.yaml:12:10: cameras.clip: unknown key 'sorce'; did you mean 'source'?",
        "fleet.yaml:12:46: cameras.clip.loop: must be true or false",
        "fleet.yaml:14:24: receivers.ops.webhook.url: must be a URL such as https://HOST/PATH",
        "fleet.yaml:14:45: receivers.ops.webhook.secret:"
        " starts with whsec_ but what follows is not base64",
        "fleet.yaml:15:16: receivers.both: unknown key 'webhoook'; did you mean 'webhook'?",
        "fleet.yaml:16:1: unknown key 'recievers'; did you mean 'receivers'?",
    ]


def test_errors_of_rule_files_carry_their_lines(fail: Any, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(
        """\
rules:
  - name: crowd-anger
    cameras: [loby]
    when:
      all:
        - share: {emotion: angri, over: 30s, min_confidense: 0.5}
          abov: 0.4
        - faces: {ovr: 30s}
          at_least: 3
    fore: 10s
    annotations: {summary: "{{camra}} {{value|percent}}"}
    notify: [opps]
  - name: b
    by: camra
    when: [{helth: camera, silent_for: 15s}]
  - name: c
    annotations: {summary: "${env:PW}"}
    when: [{health: camera, silent_for: 15s}]
  - 7
""",
        encoding="utf-8",
    )
    (tmp_path / "worse.yaml").write_text("rules: {name: x}\nrule: 1\n", encoding="utf-8")
    (tmp_path / "broken.yaml").write_text("rules: [\n", encoding="utf-8")
    problems = fail(
        """\
        cameras: {lobby: {source: "usb:0"}}
        receivers: {ops: {log:}}
        rules:
          - "*bad.yaml"
          - nope/*.yaml
          - worse.yaml
          - broken.yaml
          - {name: crowd-anger, when: [{health: camera, silent_for: 15s}]}
          - {name: x}
        """
    )
    assert problems[:9] == [
        "bad.yaml:3:15: unknown camera 'loby'; did you mean 'lobby'?",
        "bad.yaml:6:28: rules[0].when.all[0].share.emotion: unknown value 'angri';"
        " did you mean 'angry'?",
        "bad.yaml:6:46: rules[0].when.all[0].share: unknown key 'min_confidense';"
        " did you mean 'min_confidence'?",
        "bad.yaml:7:11: rules[0].when.all[0]: unknown key 'abov'; did you mean 'above'?",
        "bad.yaml:8:11: rules[0].when.all[1].faces: 'over' is missing",
        "bad.yaml:8:19: rules[0].when.all[1].faces: unknown key 'ovr'; did you mean 'over'?",
        "bad.yaml:10:5: rules[0]: unknown key 'fore'; did you mean 'for'?",
        problems[7],
        "bad.yaml:12:14: unknown receiver 'opps'; did you mean 'ops'?",
    ]
    assert problems[7].startswith("bad.yaml:11:28: rules[0].annotations.summary: ")
    assert "'camra'" in problems[7]
    assert problems[9:] == [
        "bad.yaml:14:9: rules[1].by: unknown value 'camra'; did you mean 'camera'?",
        "bad.yaml:15:12: rules[1].when[0]: unknown measure 'helth'; did you mean 'health'?",
        "bad.yaml:17:28: ${env:} and ${file:} have no place in rules, whose texts leave in alerts",
        "bad.yaml:19:5: rules[3]: must be a mapping (key: value)",
        "broken.yaml:2:1: not YAML: expected the node content, but found '<stream end>'",
        f"fleet.yaml:5:5: rules: 'nope/*.yaml' matches no file below {tmp_path}",
        f"fleet.yaml:8:12: a rule 'crowd-anger' is in {tmp_path}/bad.yaml:2 already",
        "fleet.yaml:9:5: rules[5]: 'when' is missing",
        "worse.yaml:1:8: must be a list of rules",
        "worse.yaml:2:1: unknown key 'rule'; a rule file has one key, rules:",
    ]


def test_duplicate_camera(fail: Any) -> None:
    assert fail('cameras:\n  a: {source: "usb:0"}\n  a: {source: "usb:1"}\n') == [
        "fleet.yaml:3:3: 'a' is here twice; first in line 2"
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("source: http://h/x", "http is not read; must start with"),
        ("source: clips/a.mp4", "did you mean 'file:clips/a.mp4'?"),
        ("source: 0", "must be text such as rtsp://"),
        ("source: 'concat:a|b'", "must start with"),
        ("source: usb:x", "usb:NUMBER"),
        ("source: usb:/etc/passwd", "usb:NUMBER"),
        ("source: 'file:'", "names no file"),
        ("source: file://host/x", "absolute path"),
        ("source: rtsp://", "names no host"),
        ("source: rtsp://h:99999/x", "check host and port"),
        ("source: rtsp://h:0/x", "port 0"),
        ("source: 'rtsp://h/x#y'", "write it as %23"),
        ("source: 'rtsp://u:12#canary@h/x'", "# as %23"),
        ("source: 'rtsp://u:12/34canary@h/x'", "/ as %2F"),
        ("source: 'rtsp://u:12?34canary@h/x'", "? as %3F"),
        ("source: 'rtsp://u:p@canary/x@h/x'", "@ as %40"),
        ("source: /dev/video0", "did you mean 'usb:/dev/video0'?"),
        ("source: rtsp://cam..canary/x", "the host is no name"),
        ("source: rtsp://[::1/x", "check host and port"),
        ("source: ' usb:0'", "one line without spaces"),
        ("source: [usb:0]", "must be text such as"),
        ("{source: 'rtsp://u:canary-2x@h/x', password: canary-2y}", "both in source and beside it"),
        ("{source: 'usb:0', id: other}", "'id' is the key itself"),
        ("{source: 'usb:0', sample_fps: 0}", "must be greater than 0"),
        ("{source: 'usb:0', sample_fps: .nan}", "must be a number"),
        ("{source: 'usb:0', sample_fps: true}", "must be a number"),
        ("{source: 'usb:0', sample_fps: '5'}", "must be a number, without quotes"),
        ("{source: 'usb:0', min_face_px: '40'}", "must be a number, without quotes"),
        ("{source: 'usb:0', min_face_px: 40.5}", "must be a whole number"),
        ("{source: 'usb:0', password: 12345}", "put it in quotes"),
        ("{source: 'usb:0', password: ''}", "must not be empty"),
        ("{source: 'usb:0', stall_timeout_s: 0}", "must be greater than 0"),
        ("{source: 'usb:0', connect_timeout_s: 2h}", "must be less than or equal to 600"),
        ("usb:0", "must be a mapping"),
        ("", "'source' is missing"),
    ],
)
def test_bad_camera(fail: Any, line: str, message: str) -> None:
    (problem,) = fail(f"cameras:\n  a:\n    {line}\n")
    assert problem.startswith("fleet.yaml:")
    assert message in problem
    assert "canary" not in problem


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("database: sqlite://", "sqlite:///PATH"),
        ("database: 'sqlite:///:memory:'", "needs a file"),
        ("database: sqlite://x.db", "three slashes"),
        ("database: postgres://a:canary-3@h/x", "write postgresql+psycopg:// in place"),
        ("database: postgresql+psycopg://a:canary-3@h", "names no database"),
        ("database: mysql://a:canary-3@h/x", "must be sqlite:///PATH or"),
        ("database: postgresql+psycopg://a:x9@canary@h/x", "more than one @"),
        ("database: postgresql+psycopg://a:x/canary@h/x", "/ as %2F"),
        ("database: postgresql+psycopg://a@h..canary/x", "the host is no name"),
        ("database: sqlite:///a?canary.db", "holds a ?"),
        ("data_dir: a?b", "holds a ?"),
        ("data_dir: ~nobody-of-this-name/a", "home is unknown"),
        ("database: sqlite:///~nobody-of-this-name/a", "home is unknown"),
        ("redis: redis://u:x9@canary@h", "more than one @"),
        ("redis: redis://h..canary", "the host is no name"),
        ("redis: redis://", "names no host"),
        ("redis: unix:sock", "absolute path"),
        ("redis: {username: x}", "'url' is missing"),
        ("redis: {url: redis://h, pasword: canary-3}", "did you mean 'password'?"),
        ("redis: {url: 'redis://:canary-3@h', password: canary-3}", "keep one"),
        ("redis: {url: redis://h, ca_file: ca.pem}", "need a rediss:// URL"),
        ("redis: {url: rediss://h, ca_file: none.pem}", "is not a file"),
        ("redis: 7", "must be embedded"),
        ("device: gpu", "must be auto, cpu, cuda"),
        ("model: 'a b'", "name of a model"),
        ("interval_s: 0.7", "divide a minute evenly"),
        ("interval_s: 90s", "must be less than or equal to 60"),
        ("partitions: 0", "must be greater than or equal to 1"),
        ("http: {port: 70000}", "must be less than or equal to 65535"),
        ("http: 9464", "must be a mapping"),
        ("web: {host_url: 'https://cams.example.org'}", "must be a URL with {host} in it"),
        ("web: {host_url: 'https://u:canary-3@{host}'}", "must be a URL with {host} in it"),
        ("spool: {max_bytes: 5 parsecs}", "spool.max_bytes: "),
        ("receivers: {x: {}}", "exactly one of log, webhook"),
        ("receivers: {'': {log: }}", "a receiver's name"),
        ("receivers: {x: {webhook: {url: 'https://h', secret: tiny1}}}", "too short"),
        ("receivers: {x: {webhook: {url: 'https://h', secret: whsec_YWJj}}}", "24 to 64 octets"),
        ("receivers: {x: {webhook: {url: 'https://h'}}}", "'secret' is missing"),
        (
            "receivers: {x: {webhook: {url: 'https://h..canary/x', secret: 0123456789abcdef}}}",
            "the host is no name",
        ),
        (
            "receivers: {x: {webhook: {url: 'https://u:a/canary@h', secret: 0123456789abcdef}}}",
            "/ as %2F",
        ),
        ("rules: x.yaml", "must be a list of file patterns"),
        ("rules: ['']", "matches no file"),
        ("rules: ['a**']", "not a pattern"),
        ("cameras: {}", "twice"),
    ],
)
def test_bad_top_level(fail: Any, line: str, message: str) -> None:
    problems = fail(f"cameras: {{a: {{source: 'usb:0'}}}}\n{line}\n")
    assert len(problems) == 1
    assert problems[0].startswith("fleet.yaml:2:")
    assert message in problems[0]
    assert "canary" not in problems[0]


def test_mute_of_no_rule_is_refused(fail: Any) -> None:
    rule = "{name: blind, mutes: [blind, nobody], when: [{health: camera, silent_for: 15s}]}"
    (problem,) = fail(f"cameras: {{a: {{source: 'usb:0'}}}}\nrules: [{rule}]\n")
    assert problem == "fleet.yaml:2:38: 'nobody' matches no rule"


@pytest.mark.parametrize("text", ["- a\n", "just text\n", "7\n"])
def test_not_a_mapping(fail: Any, text: str) -> None:
    assert fail(text) == ["fleet.yaml:1:1: must be a mapping with the key cameras:"]


def test_no_cameras(fail: Any) -> None:
    assert fail("version: 1\n") == ["fleet.yaml:1:1: 'cameras' is missing"]
    assert fail("cameras: {}\n") == ["fleet.yaml:1:10: cameras: must not be empty"]


def test_files_that_are_no_rule_files_are_not_repeated(fail: Any, tmp_path: Path) -> None:
    for name in ("shadow", "shadow.yaml"):
        (tmp_path / name).write_text("canary: $6$canary:19000\ncanary2: x\n", encoding="utf-8")
    assert fail(
        """\
        cameras: {a: {source: "usb:0"}}
        rules: [shadow, shadow.yaml]
        """
    ) == [
        f"fleet.yaml:2:9: rules: {tmp_path}/shadow is no rule file:"
        " its name must end in .yaml or .yml",
        "shadow.yaml:1:1: 'rules' is missing; a rule file has one key, rules:",
    ]


@pytest.mark.parametrize(
    ("text", "count", "first"),
    [
        (
            "cameras:\n"
            + "".join(f"  c{i}: {{source: 'usb:0', sample_fsp: 5}}\n" for i in range(2000)),
            2000,
            "fleet.yaml:2:25: cameras.c0: unknown key 'sample_fsp'; did you mean 'sample_fps'?",
        ),
        (
            "cameras: {a: {source: 'usb:0'}}\n" + "".join(f"k{i}: 1\n" for i in range(5000)),
            5000,
            "fleet.yaml:2:1: unknown key 'k0'",
        ),
        (
            "cameras:\n"
            + "".join(
                f"  c{i}: {{source: 'usb:0', password: '${{env:P{i}}}'}}\n" for i in range(300)
            ),
            300,
            "fleet.yaml:2:35: environment variable P0 is not set",
        ),
        (
            "cameras: {a: {source: 'usb:0'}}\nrules:\n"
            + "".join(f"  - {{name: r{i}, cameras: [x{i}], when: 7}}\n" for i in range(300)),
            600,
            "fleet.yaml:3:26: unknown camera 'x0'",
        ),
    ],
)
def test_a_hundred_problems_are_worded_and_all_are_counted(
    read: Any, text: str, count: int, first: str
) -> None:
    with pytest.raises(ConfigErrors) as caught:
        read(text)
    problems = caught.value.problems
    assert len(problems) == MOST_SHOWN
    assert str(problems[0]).endswith(first)
    assert problems == sorted(problems)
    assert caught.value.report().endswith(
        f"surveil: {count} errors, of which {count - MOST_SHOWN} are not shown"
    )


@pytest.mark.parametrize("host", ["'a b'", "999.1.1.1", "a..b", "'[::1]'", "127.0.0.1:8080", "''"])
def test_a_host_to_listen_on_that_cannot_be_one_is_refused_at_its_line(
    fail: Any, host: str
) -> None:
    [found] = fail(f"cameras: {{a: {{source: 'usb:0'}}}}\nhttp: {{host: {host}}}\n")
    assert found.startswith("fleet.yaml:2:14: http.host: the host is no ")


@pytest.mark.parametrize(
    ("id_", "message"),
    [
        ('"Front Door"', "cameras.Front Door: a camera id is 1 to 63 of"),
        ("LOBBY", "cameras.LOBBY: a camera id is 1 to 63 of"),
        (r'"a\tb"', r"the key 'a\tb' holds control characters"),
        (r'"a\u202eb"', r"the key 'a\u202eb' holds control characters"),
    ],
)
def test_a_bad_camera_id_is_one_error(fail: Any, id_: str, message: str) -> None:
    (problem,) = fail(f"cameras:\n  {id_}: {{source: 'usb:1'}}\n")
    assert problem.startswith(f"fleet.yaml:2:3: {message}")
    both = fail(f"cameras:\n  {id_}: {{source: 'usb:1'}}\n  b: {{source: 'usb:x'}}\n")
    assert [one.split(":")[1] for one in both] == ["2", "3"]

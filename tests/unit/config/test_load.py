"""A fleet file becomes a fleet: defaults, secrets, paths."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from kit.mail import CERTIFICATE
from kit.problems import besides_purpose
from pydantic import ValidationError

from surveil.config import ConfigErrors, Fleet, load_fleet
from surveil.config.loading import read_fleet
from surveil.domain import Emotion
from surveil.secrets import registered

TEN_LINES = """\
    cameras:
      lobby:
        source: rtsp://10.0.0.5/stream2
        username: ${env:LOBBY_USER}
        password: ${file:lobby.pw}
      desk: {source: "usb:0"}
      clip: {source: "file:clips/walk.mp4", loop: true}
    receivers:
      ops: {webhook: {url: "https://hook/x", secret: "${env:OPS_SECRET}"}}
"""


def test_ten_lines(read: Any, tmp_path: Path) -> None:
    (tmp_path / "lobby.pw").write_text("canary-ten-1\n", encoding="utf-8")
    (tmp_path / "lobby.pw").chmod(0o600)
    loaded = read(TEN_LINES, LOBBY_USER="lobby.user-1", OPS_SECRET="canary-ten-2-long")
    fleet = loaded.fleet
    assert list(fleet.cameras) == ["lobby", "desk", "clip"]
    lobby = fleet.cameras["lobby"]
    assert (lobby.id, lobby.source.reveal()) == ("lobby", "rtsp://10.0.0.5/stream2")
    assert lobby.username is not None
    assert lobby.password is not None
    assert lobby.username.reveal() == "lobby.user-1"
    assert lobby.password.reveal() == "canary-ten-1"
    assert fleet.cameras["clip"].source.reveal() == f"file:{tmp_path}/clips/walk.mp4"
    assert fleet.cameras["clip"].loop
    assert fleet.receivers["ops"].kind == "webhook"
    webhook = fleet.receivers["ops"].settings
    assert webhook.secret.reveal() == "canary-ten-2-long"
    assert fleet.redis == "embedded"
    assert fleet.data_dir == tmp_path / "var"
    assert fleet.database.reveal() == f"sqlite:///{tmp_path}/var/surveil.db"
    assert [str(warning) for warning in besides_purpose(loaded)] == [
        f"{tmp_path}/fleet.yaml:9:3: receiver 'ops' is named by no rule's notify:"
    ]


def test_paths_start_at_the_fleet_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    path = tmp_path / "a" / "b" / "fleet.yaml"
    path.write_text(
        "data_dir: ../var\n"
        "database: sqlite:///db/s.db\n"
        "model: ./models/mine\n"
        "cameras: {a: {source: 'file:x.mp4'}, b: {source: 'file:/abs/y.mp4'}, "
        "c: {source: 'file:///abs/z.mp4'}}\n",
        encoding="utf-8",
    )
    monkeypatch.chdir(tmp_path)
    fleet = load_fleet(Path("a/b/fleet.yaml"))
    assert fleet.data_dir == tmp_path / "a" / "var"
    assert fleet.database.reveal() == f"sqlite:///{tmp_path}/a/b/db/s.db"
    assert fleet.model == f"{tmp_path}/a/b/models/mine"
    assert [camera.source.reveal() for camera in fleet.cameras.values()] == [
        f"file:{tmp_path}/a/b/x.mp4",
        "file:/abs/y.mp4",
        "file:/abs/z.mp4",
    ]


def test_defaults_and_overrides(read: Any) -> None:
    fleet = read(
        """\
        defaults: {sample_fps: 2, stall_timeout_s: 1m, username: u, password: canary-def-1}
        cameras:
          a: {source: "rtsp://a/1"}
          b: {source: "rtsp://b/1", sample_fps: 10, stall_timeout_s: 500ms}
          c: {source: "rtsp://other:canary-def-2@c/1"}
          d: {source: "rtsp://d/1", username: null, password: null}
        """
    ).fleet
    a, b, c, d = fleet.cameras.values()
    assert (a.sample_fps, a.stall_timeout_s) == (2, 60)
    assert (b.sample_fps, b.stall_timeout_s) == (10, 0.5)
    assert (a.min_face_px, a.transport) == (40, "tcp")
    assert [camera.password and camera.password.reveal() for camera in (a, b, c, d)] == [
        "canary-def-1",
        "canary-def-1",
        "canary-def-2",
        None,
    ]


def test_numbers_may_come_from_the_environment(read: Any) -> None:
    fleet = read(
        """\
        http: {port: "${env:PORT}"}
        cameras: {a: {source: "usb:0", sample_fps: "${env:FPS}", enabled: "${env:ON}"}}
        """,
        PORT="9999",
        FPS="2.5",
        ON="false",
    ).fleet
    assert fleet.http.port == 9999
    assert fleet.cameras["a"].sample_fps == 2.5
    assert fleet.cameras["a"].enabled is False


def test_sizes_and_bare_log_receiver(read: Any) -> None:
    fleet = read(
        """\
        spool: {max_bytes: 512MiB}
        cameras: {a: {source: "usb:/dev/v4l/by-id/cam-1"}}
        receivers: {one: {log:}, two: {log: {}}}
        """
    ).fleet
    assert fleet.spool.max_bytes == 512 << 20
    assert [receiver.kind for receiver in fleet.receivers.values()] == ["log", "log"]


RULES = """\
rules:
  - name: crowd-anger
    cameras: ["lobby-*"]
    when:
      all:
        - share: {emotion: angry, over: 30s, min_confidence: 0.5}
          above: 0.4
          clear_below: 0.3
        - faces: {over: 30s}
          at_least: 3
    for: 10s
    annotations: {summary: "{{camera}}: {{value|percent}} angry"}
    notify: [ops]
"""


def test_rules_from_files_and_in_place(read: Any, tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "b.yaml").write_text(RULES, encoding="utf-8")
    (tmp_path / "rules" / "a.yaml").write_text(
        "- {name: blind, when: [{health: camera, silent_for: 15s}], notify: [ops]}\n",
        encoding="utf-8",
    )
    loaded = read(
        f"""\
        cameras: {{lobby-1: {{source: "usb:0"}}}}
        rules:
          - rules/*.yaml
          - {tmp_path}/rules/b.yaml
          - name: happy
            when: {{any: [{{mean: {{emotion: happy, over: 1m}}, above: 0.5}}]}}
        receivers: {{ops: {{log:}}}}
        """
    )
    rules = loaded.fleet.rules
    assert [rule.name for rule in rules] == ["blind", "crowd-anger", "happy"]
    assert rules[1].for_ == 10
    assert rules[1].when.all[0].share.emotion is Emotion.ANGRY
    assert besides_purpose(loaded) == []
    assert Fleet.from_wire(loaded.fleet.to_wire()).rules == rules


def test_wire_keeps_everything_and_nothing_else_shows_it(read: Any, tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text(RULES, encoding="utf-8")
    fleet = read(
        """\
        redis: redis://app:canary-wire-1@r/0
        database: postgresql+psycopg://app:canary-wire-2@h/x
        defaults: {password: canary-wire-3, username: "${env:USERNAME}"}
        cameras:
          lobby-1: {source: "rtsp://cam/s?pwd=canary-wire-4"}
          b: {source: "rtsp://u:canary-wire-5@cam/s"}
        rules: [b.yaml]
        receivers:
          ops: {webhook: {url: "https://h/${env:HOOK}", secret: canary-wire-6-long}}
        """,
        USERNAME="canary-wire-7",
        HOOK="canary-wire-8",
    ).fleet
    wire = fleet.to_wire()
    for number in range(1, 9):
        assert f"canary-wire-{number}" in wire
    again = Fleet.from_wire(wire)
    assert again == fleet
    assert again.cameras["b"].password == fleet.cameras["b"].password
    for shown in (
        repr(fleet),
        str(fleet),
        fleet.model_dump_json(),
        json.dumps(fleet.model_dump(mode="json")),
        str(fleet.model_dump()),
    ):
        assert "canary" not in shown
    assert {f"canary-wire-{n}" for n in range(1, 9) if n != 6} <= set(registered())


def test_errors_of_the_models_do_not_repeat_input() -> None:
    with pytest.raises(ValidationError) as caught:
        Fleet.model_validate(
            {
                "redis": "nope://u:canary-err-1@h",
                "cameras": {
                    "a": {"source": "rtsp://h/1", "password": ["canary-err-2"]},
                    "b": {"source": "canary-err-3://x", "canary": 1},
                },
                "http": "canary-err-4",
                "receivers": {"x": {"webhook": {"url": "canary-err-5", "secret": "canary-err"}}},
            }
        )
    assert "canary-err" not in str(caught.value).replace("'canary-err-3'", "")


def test_fleet_is_frozen(read: Any) -> None:
    fleet = read("cameras: {a: {source: 'usb:0'}}\n").fleet
    with pytest.raises(ValidationError):
        fleet.partitions = 2
    with pytest.raises(ValidationError):
        fleet.cameras["a"].sample_fps = 9


def test_warnings(read: Any, tmp_path: Path) -> None:
    secret = tmp_path / "open.pw"
    secret.write_text("canary-open-1", encoding="utf-8")
    secret.chmod(0o644)
    text = """\
        cameras:
          a: {source: "usb:0", password: "${file:open.pw}"}
          b: {source: "usb:0"}
        rules:
          - name: r
            cameras: ["lobby-*"]
            when: [{health: camera, silent_for: 15s}]
        """
    shown = [str(w).removeprefix(f"{tmp_path}/") for w in besides_purpose(read(text))]
    assert shown == [
        f"fleet.yaml:2:34: {secret} can be read by every user of this host; chmod 600 {secret}",
        "fleet.yaml:3:15: usb:0 belongs to camera 'a'; only one can open it",
        "fleet.yaml:6:15: 'lobby-*' matches no camera",
    ]


def test_plain_password_in_a_file_for_all_is_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "fleet.yaml"
    path.write_text(
        "cameras:\n  a: {source: 'rtsp://h/1', username: u, password: canary-all-1}\n"
        "  b: {source: 'rtsp://u:canary-all-2@h/1'}\n",
        encoding="utf-8",
    )
    path.chmod(0o644)
    assert path.stat().st_mode & stat.S_IROTH
    places = [(w.line, w.column) for w in besides_purpose(read_fleet(path))]
    assert places == [(2, 52), (3, 15)]


def test_a_home_is_a_home_in_every_path(
    read: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "pw").write_text("canary-home-1\n", encoding="utf-8")
    (tmp_path / "home" / "pw").chmod(0o600)
    (tmp_path / "home" / "r.yaml").write_text(
        "rules: [{name: r, when: {health: camera, silent_for: 15s}}]\n", encoding="utf-8"
    )
    fleet = read(
        """\
        data_dir: ~/var
        database: sqlite:///~/s.db
        model: ~/model
        rules: ["~/r*.yaml"]
        cameras:
          a: {source: "file:~/a.mp4", password: "${file:~/pw}"}
        """
    ).fleet
    home = tmp_path / "home"
    assert fleet.data_dir == home / "var"
    assert fleet.database.reveal() == f"sqlite:///{home}/s.db"
    assert fleet.model == str(home / "model")
    assert [rule.name for rule in fleet.rules] == ["r"]
    assert fleet.cameras["a"].source.reveal() == f"file:{home}/a.mp4"
    assert fleet.cameras["a"].password.reveal() == "canary-home-1"


@pytest.mark.parametrize(
    "kind",
    [
        "email: {host: h, ca_file: ca.pem, sender: a@example.org, to: [b@example.org]}",
        "webhook: {url: https://h/x, ca_file: ca.pem, secret: of-sixteen-and-more}",
        "mqtt: {url: mqtts://h, ca_file: ca.pem}",
    ],
)
def test_certificates_of_a_receiver_must_be_there_where_the_fleet_is_read(
    read: Any, tmp_path: Path, kind: str
) -> None:
    text = f"""
    cameras: {{a: {{source: "rtsp://h/x"}}}}
    receivers:
      night:
        {kind}
    """
    with pytest.raises(ConfigErrors, match="ca_file: there is no such file"):
        read(text)
    (tmp_path / "ca.pem").touch()
    with pytest.raises(ConfigErrors, match=r"fleet.yaml:5:.*ca_file: holds no certificate as PEM"):
        read(text)
    (tmp_path / "ca.pem").write_bytes(CERTIFICATE.read_bytes())
    fleet = read(text).fleet
    (tmp_path / "ca.pem").unlink()
    found = Fleet.from_wire(fleet.to_wire()).receivers["night"].settings
    assert found.ca_file == tmp_path / "ca.pem"

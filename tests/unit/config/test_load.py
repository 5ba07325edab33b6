"""A fleet file becomes a fleet: defaults, secrets, paths."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import ValidationError
from sqlalchemy import make_url

from surveil.config import ConfigErrors, Fleet, load_fleet
from surveil.config.loading import Loaded, read_fleet
from surveil.config.problems import Problem
from surveil.config.urls import read_database_url
from surveil.domain import Emotion
from surveil.secrets import redact, registered

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


def besides_purpose(loaded: Loaded) -> list[Problem]:
    """Return the warnings, less that nobody has said what the cameras are for."""
    return [one for one in loaded.warnings if "what these cameras are for" not in one.message]


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


def test_credentials_leave_the_url(read: Any) -> None:
    fleet = read(
        """\
        cameras:
          a: {source: "rtsp://ad.min:c%40nary%2Furl@cam:554/s?x=1"}
          b: {source: "RTSPS://:c:nary-url-2@cam/s"}
        """
    ).fleet
    a, b = fleet.cameras.values()
    assert a.source.reveal() == "rtsp://cam:554/s?x=1"
    assert a.username is not None
    assert a.username.reveal() == "ad.min"
    assert a.password is not None
    assert a.password.reveal() == "c@nary/url"
    assert b.source.reveal() == "rtsps://cam/s"
    assert b.username is None
    assert b.password is not None
    assert b.password.reveal() == "c:nary-url-2"
    assert redact("c%40nary%2furl and c@nary/url") == "*** and ***"


def test_references_in_urls_are_encoded_where_they_must_be(read: Any) -> None:
    fleet = read(
        """\
        redis: redis://app:${env:PW}@${env:HOST}/0
        database: ${env:DB}
        cameras:
          a: {source: "rtsps://nvr:7441/${env:KEY}?token=${env:PW}"}
          b: {source: "rtsp://${env:PW}:${env:PW}@cam/$${env:x}"}
        """,
        PW="p@s/s:w?1",
        HOST="redis.example:6380",
        KEY="canary/stream-key",
        DB="postgresql+psycopg://a:b%40c@h/x",
    ).fleet
    assert fleet.redis.reveal() == "redis://app:p%40s%2Fs%3Aw%3F1@redis.example:6380/0"
    assert fleet.database.reveal() == "postgresql+psycopg://a:b%40c@h/x"
    a, b = fleet.cameras.values()
    assert a.source.reveal() == "rtsps://nvr:7441/canary/stream-key?token=p%40s%2Fs%3Aw%3F1"
    assert "canary" not in repr(a)
    assert b.username is not None
    assert b.username.reveal() == "p@s/s:w?1"
    assert b.source.reveal() == "rtsp://cam/${env:x}"


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


def test_redis_with_tls(read: Any, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("x", encoding="utf-8")
    fleet = read(
        """\
        redis: {url: "rediss://r:6379/0", username: app, password: "${env:PW}", ca_file: ca.pem}
        cameras: {a: {source: "usb:0"}}
        """,
        PW="c@nary-tls",
    ).fleet
    url = urlsplit(fleet.redis.reveal())
    assert url.netloc == "app:c%40nary-tls@r:6379"
    assert parse_qs(url.query) == {"ssl_ca_certs": [f"{tmp_path}/ca.pem"]}
    assert str(fleet.redis).startswith("rediss://***@r:6379/0")


def test_postgresql_by_unix_socket(read: Any) -> None:
    url = "postgresql+psycopg://postgres:@/postgres?host=/run/postgresql"
    text = f"database: {url}\ncameras: {{a: {{source: 'usb:0'}}}}\n"
    assert read(text).fleet.database.reveal() == url
    assert redact("postgres: down") == "postgres: down"


def test_unix_socket(read: Any) -> None:
    text = "redis: unix:/run/redis.sock\ncameras: {a: {source: 'usb:0'}}\n"
    assert read(text).fleet.redis.reveal() == "unix:///run/redis.sock"


def test_webhook_addresses_are_secrets_where_they_came_from_one(read: Any) -> None:
    fleet = read(
        """\
        cameras: {a: {source: "usb:0"}}
        receivers:
          whole: {webhook: {url: "${env:HOOK}", secret: "0123456789abcdef"}}
          part: {webhook: {url: "https://${env:HOST}/${env:KEY}", secret: "0123456789abcdef"}}
        """,
        HOOK="https://hooks.example/services/canary-hook-1",
        HOST="hooks.example",
        KEY="canary-hook-2",
    ).fleet
    assert "canary" not in repr(fleet)
    assert redact("POST /services/canary-hook-1 at hooks.example") == "POST /*** at hooks.example"
    assert fleet.receivers["part"].settings.url.reveal() == "https://hooks.example/canary-hook-2"


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


def test_a_password_in_the_address_of_a_camera_is_a_warning(read: Any) -> None:
    loaded = read(
        """\
        cameras:
          a: {source: "rtsp://u:canary-src-1@h/1"}
          b: {source: "rtsp://h/user=admin&password=canary-src-2&channel=1"}
          c: {source: "rtsp://h/user=admin_password=canary-src-3_channel=1_stream=0.sdp"}
          d: {source: "rtsp://h/x?token=canary-src-4"}
          e: {source: "rtsp://u:${env:PW}@h/x?token=${env:PW}"}
          f: {source: "rtsp://h/x", password: canary-src-6}
        """,
        PW="canary-src-5",
    )
    warnings = besides_purpose(loaded)
    assert [(w.line, w.column) for w in warnings] == [(2, 15), (3, 15), (4, 15), (5, 15)]
    assert all("${env:NAME}" in warning.message for warning in warnings)
    assert [str(camera.source) for camera in loaded.fleet.cameras.values()] == [
        "rtsp://h/1",
        "rtsp://h/user=***&password=***&channel=1",
        "rtsp://h/user=***_password=***_channel=1_stream=0.sdp",
        "rtsp://h/x?token=***",
        "rtsp://h/x?token=***",
        "rtsp://h/x",
    ]
    for name in ("canary-src-2", "canary-src-3"):
        assert redact(f"404 for {name}") == "404 for ***"


def test_all_parsers_read_one_database_url_alike(read: Any) -> None:
    text = "database: '{}'\ncameras: {{a: {{source: 'usb:0'}}}}\n"
    written = "postgresql+psycopg://me:a!b$c%40d%2Fe:f@db.example:5433/x?sslmode=require"
    fleet = read(text.format(written)).fleet
    url = make_url(fleet.database.reveal())
    assert (url.username, url.password, url.host, url.port) == (
        "me",
        "a!b$c@d/e:f",
        "db.example",
        5433,
    )
    assert read_database_url(fleet.database.reveal()) == fleet.database
    assert "a!b" not in str(fleet.database)


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


def test_a_certificate_of_a_mail_server_must_be_there_where_the_fleet_is_read(
    read: Any, tmp_path: Path
) -> None:
    text = """
    cameras: {a: {source: "rtsp://h/x"}}
    receivers:
      night:
        email: {host: h, ca_file: ca.pem, sender: a@example.org, to: [b@example.org]}
    """
    with pytest.raises(ConfigErrors, match="ca_file: there is no such file"):
        read(text)
    (tmp_path / "ca.pem").touch()
    fleet = read(text).fleet
    (tmp_path / "ca.pem").unlink()
    found = Fleet.from_wire(fleet.to_wire()).receivers["night"].settings
    assert found.ca_file == tmp_path / "ca.pem"

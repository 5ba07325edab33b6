"""Addresses: what is a secret in them leaves them, and all parsers read them alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from kit.problems import besides_purpose
from sqlalchemy import make_url

from surveil.config.urls import read_database_url, read_source
from surveil.errors import ConfigError
from surveil.secrets import redact


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


def test_source_outside_a_fleet_file_is_checked_as_within_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert read_source("file:clips/../a b.mp4") == f"file:{tmp_path}/a b.mp4"
    assert read_source("RTSP://ann:pa%40ss@10.0.0.5/x") == "rtsp://10.0.0.5/x"
    for text in ("clip.mp4", "http://x", "rtsp://ann:pa/ss@host/x", "usb:", ""):
        with pytest.raises(ConfigError, match="the source: ") as caught:
            read_source(text)
        assert "pa/ss" not in str(caught.value)

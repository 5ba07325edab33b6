"""``surveil alerts test-receiver``."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from surveil.cli.alerts import command
from surveil.errors import ConfigError, UnavailableError


class Desk(BaseHTTPRequestHandler):
    """Answers with ``status`` of the server, and keeps what it was sent."""

    def do_POST(self) -> None:
        server: Any = self.server
        server.bodies.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        self.send_response(server.status)
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        return


@pytest.fixture
def desk() -> Iterator[Any]:
    server: Any = HTTPServer(("127.0.0.1", 0), Desk)
    server.bodies, server.status = [], 204
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def trial(tmp_path: Path, desk: Any, name: str) -> Result:
    fleet = tmp_path / "fleet.yaml"
    hook = {"url": f"http://127.0.0.1:{desk.server_port}/", "secret": "sixteen letters!"}
    text = {
        "cameras": {"lobby": {"source": "rtsp://127.0.0.1:9/"}},
        "receivers": {"ops": {"webhook": hook}},
    }
    fleet.write_text(json.dumps(text))  # JSON is YAML
    fleet.chmod(0o600)
    words = ["test-receiver", name, "--fleet", str(fleet), "--by", "ana"]
    return CliRunner().invoke(command, words)


def test_a_test_is_marked_as_one(tmp_path: Path, desk: Any) -> None:
    result = trial(tmp_path, desk, "ops")
    assert result.exit_code == 0, result.output
    assert result.output.startswith("ops (webhook) took the test msg_")
    (body,) = desk.bodies
    assert body["type"] == "test"
    assert body["data"]["annotations"]["summary"].startswith("Test of the receiver ops")


def test_a_refusal_is_told_with_its_reason(tmp_path: Path, desk: Any) -> None:
    desk.status = 503
    error = trial(tmp_path, desk, "ops").exception
    assert isinstance(error, UnavailableError)
    assert str(error) == "ops (webhook) did not take the test: HTTP status 503"


def test_an_unknown_receiver_is_named(tmp_path: Path, desk: Any) -> None:
    error = trial(tmp_path, desk, "opps").exception
    assert isinstance(error, ConfigError)
    assert "no receiver 'opps'" in str(error)
    assert "(there are: ops)" in str(error)

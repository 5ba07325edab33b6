"""Logs: one form for all, UTC, without secrets."""

from __future__ import annotations

import io
import json
import logging
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import structlog

from surveil.logs import MAX_TEXT, configure_logs, get_logger
from surveil.secrets import Secret

CANARY = "log-canary'\"é 1"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """A place for lines; the process's logging is put back afterwards."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level, sys.excepthook, threading.excepthook)
    raises = logging.raiseExceptions
    yield io.StringIO()
    logging.captureWarnings(False)
    structlog.reset_defaults()
    root.handlers[:], root.level, sys.excepthook, threading.excepthook = before
    logging.raiseExceptions = raises


def _lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_json_lines_have_the_same_keys(stream: io.StringIO) -> None:
    configure_logs("capture:lobby", stream=stream)
    get_logger("capture").info("camera.live", camera="lobby", fps=5)
    (line,) = _lines(stream)
    at = datetime.fromisoformat(line.pop("at"))
    assert at.utcoffset() == timedelta(0)
    assert line == {
        "event": "camera.live",
        "level": "info",
        "logger": "capture",
        "role": "capture:lobby",
        "camera": "lobby",
        "fps": 5,
    }


def _log_value(logger: Any, secret: Secret) -> None:
    logger.info("event.one", url=f"rtsp://u:{secret.reveal()}@h")


def _log_event(logger: Any, secret: Secret) -> None:
    logger.info(f"opened {secret.reveal()}")


def _log_key(logger: Any, secret: Secret) -> None:
    logger.info("event.one", **{secret.reveal(): 1})


def _log_nested(logger: Any, secret: Secret) -> None:
    logger.info("event.one", tree={"a": [{secret.reveal()}, (secret.reveal(), secret)]})


def _log_bytes(logger: Any, secret: Secret) -> None:
    logger.info("event.one", raw=secret.reveal().encode())


def _log_object(logger: Any, secret: Secret) -> None:
    logger.info("event.one", error=ValueError(secret.reveal()))


def _log_exception(logger: Any, secret: Secret) -> None:
    try:
        raise ConnectionError(f"refused {secret.reveal()}") from ValueError(secret.reveal())
    except ConnectionError:
        logger.exception("event.one")


def _log_stdlib(logger: Any, secret: Secret) -> None:
    logging.getLogger("redis").warning("auth %s failed", secret.reveal())


def _log_warning(logger: Any, secret: Secret) -> None:
    warnings.warn(secret.reveal(), stacklevel=1)


def _log_thread(logger: Any, secret: Secret) -> None:
    def fail() -> None:
        raise ValueError(secret.reveal())

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()


def _log_uncaught(logger: Any, secret: Secret) -> None:
    try:
        raise ValueError(secret.reveal())
    except ValueError:
        sys.excepthook(*sys.exc_info())


@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.parametrize(
    "write",
    [
        _log_value,
        _log_event,
        _log_key,
        _log_nested,
        _log_bytes,
        _log_object,
        _log_exception,
        _log_stdlib,
        _log_warning,
        _log_thread,
        _log_uncaught,
    ],
)
def test_no_secret_leaves(
    stream: io.StringIO, write: Callable[[Any, Secret], None], as_json: bool
) -> None:
    secret = Secret(CANARY)
    configure_logs("test", json=as_json, stream=stream)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        write(get_logger("part"), secret)
    text = stream.getvalue()
    assert "***" in text
    assert "canary" not in text
    if as_json:
        assert _lines(stream)


def test_number_that_is_a_secret(stream: io.StringIO) -> None:
    Secret("48151623")
    configure_logs("test", stream=stream)
    get_logger("part").info("event.one", pin=48151623, other=4815)
    (line,) = _lines(stream)
    assert (line["pin"], line["other"]) == ("***", 4815)


def test_json_stays_json_whatever_a_secret_looks_like(stream: io.StringIO) -> None:
    Secret('":{"')
    configure_logs("test", stream=stream)
    get_logger("part").info("event.one", value={"a": {"b": 1}})
    assert _lines(stream)[0]["value"] == {"a": {"b": 1}}


def test_control_characters_cannot_forge_lines(stream: io.StringIO) -> None:
    configure_logs("test", json=False, stream=stream)
    get_logger("part").info("camera.banner", banner="x\x1b[2J\nforged")
    logging.getLogger("other").warning("y\r\nforged")
    lines = stream.getvalue().splitlines()
    assert len(lines) == 2
    assert "\x1b" not in stream.getvalue()


def test_lines_for_people_are_short(stream: io.StringIO) -> None:
    configure_logs("capture:lobby", json=False, stream=stream)
    logger = get_logger("capture")
    logger.info("camera.live", camera="lobby", fps=5.0)
    logger.warning("alert.firing", labels={"severity": "page"}, summary="44% angry", far="x" * 500)
    lines = stream.getvalue().splitlines()
    assert [line[8:] for line in lines] == [
        "Z capture:lobby camera.live camera=lobby fps=5",
        'Z warning capture:lobby alert.firing labels={"severity":"page"} summary="44% angry"'
        f" far={'x' * 99}…",
    ]


def test_a_traceback_follows_its_line(stream: io.StringIO) -> None:
    configure_logs("test", json=False, stream=stream)
    try:
        raise ValueError("no")
    except ValueError:
        get_logger("part").exception("part.failed")
    lines = stream.getvalue().splitlines()
    assert lines[0].endswith("Z error test part.failed")
    assert lines[1].startswith("Traceback")
    assert lines[-1] == "ValueError: no"


def test_long_values_are_cut(stream: io.StringIO) -> None:
    configure_logs("test", stream=stream)
    get_logger("part").info("event.one", value="x" * (MAX_TEXT + 10))
    assert _lines(stream)[0]["value"] == "x" * MAX_TEXT + "… (10 more)"


def test_levels(stream: io.StringIO) -> None:
    configure_logs("test", level="warning", stream=stream)
    get_logger("part").info("event.hidden")
    logging.getLogger("httpx").info("HTTP Request: POST https://hook")
    get_logger("part").warning("event.shown")
    assert [line["event"] for line in _lines(stream)] == ["event.shown"]
    with pytest.raises(ValueError, match="unknown log level"):
        configure_logs("test", level="loud", stream=stream)


def test_noisy_libraries_say_only_warnings(stream: io.StringIO) -> None:
    configure_logs("test", level="info", stream=stream)
    logging.getLogger("httpx").info("HTTP Request: POST https://hook/token")
    logging.getLogger("httpx").warning("slow")
    assert [line["event"] for line in _lines(stream)] == ["slow"]


def test_second_call_replaces_the_first(stream: io.StringIO) -> None:
    configure_logs("one", stream=stream)
    configure_logs("two", stream=stream)
    get_logger("part").info("event.one")
    assert [line["role"] for line in _lines(stream)] == ["two"]

"""Structured logs on standard error: lines for people on a terminal, JSON elsewhere.

Every value passes :func:`surveil.redaction.redact`, tracebacks and the logs of libraries included.
Instants are UTC. Event names are ``noun.verb``; what varies goes into keys.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Any, TextIO

if _HIDES_RICH := "rich" not in sys.modules:
    # structlog imports rich where it is there, to draw tracebacks. surveil's logs draw none, and
    # each process would hold 3 MB for it.
    sys.modules["rich"] = None  # type: ignore[assignment]

import structlog
from structlog.typing import EventDict, Processor

if _HIDES_RICH:
    del sys.modules["rich"]

from surveil.log_lines import LineRenderer
from surveil.plaintext import escape
from surveil.redaction import redact

LEVELS = ("debug", "info", "warning", "error")
"""What ``--log-level`` takes."""

MAX_TEXT = 16_384
"""Characters of one value of a log line; the rest is cut."""

MAX_DEPTH = 6
"""Nesting of one value of a log line; what lies deeper is written as text."""

_NOISY = ("alembic", "asyncio", "httpcore", "httpx", "sqlalchemy", "urllib3")
"""Libraries whose info lines report each request or statement; only their warnings are kept."""

_LONG_KEYS = ("exception", "stack")
"""Keys whose values have lines."""


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """Return the logger of one part; ``name`` is written with every line."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


def configure_logs(
    role: str,
    *,
    level: str = "info",
    json: bool | None = None,
    stream: TextIO | None = None,
) -> None:
    """Set up this process's logs; call once, early. A second call replaces the first.

    Uncaught exceptions, of threads too, and warnings become log lines as well: Python would print
    them as they are, secrets included.

    Args:
        role: What this process is, such as ``supervisor`` or ``capture:lobby``.
        level: One of ``LEVELS``.
        json: JSON lines, or lines for people; by default JSON unless the stream is a terminal.
        stream: Where to; standard error by default.

    Raises:
        ValueError: The level is none of ``LEVELS``.
    """
    if level not in LEVELS:
        raise ValueError(f"unknown log level {level!r}; choose from {', '.join(LEVELS)}")
    target = sys.stderr if stream is None else stream
    as_json = not target.isatty() if json is None else json
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        _Role(role),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.StackInfoRenderer(),
                redact_values,
                _renderer(as_json, target),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _NOISY:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    logging.raiseExceptions = False
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread


class _Role:
    """Adds what this process is."""

    def __init__(self, role: str) -> None:
        self._role = role

    def __call__(self, logger: object, method: str, event: EventDict) -> EventDict:
        event.setdefault("role", self._role)
        return event


def redact_values(logger: object, method: str, event: EventDict) -> EventDict:
    """Replace secrets in every key and value, before they are rendered.

    Done on values, not on the line, so that JSON stays JSON whatever a secret looks like. Control
    characters are escaped: a camera's banner must not forge lines or drive a terminal.
    """
    return {
        _clean_text(str(key)): (
            _clean_text(str(value), keep_lines=True) if key in _LONG_KEYS else _clean(value, 0)
        )
        for key, value in event.items()
    }


def _clean(value: object, depth: int) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        shown = str(value)
        return value if redact(shown) == shown else _clean_text(shown)
    if isinstance(value, Mapping) and depth < MAX_DEPTH:
        return {_clean_text(str(key)): _clean(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset) and depth < MAX_DEPTH:
        return [_clean(item, depth + 1) for item in value]
    return _clean_text(str(value))


def _clean_text(text: str, *, keep_lines: bool = False) -> str:
    # Redact before the cut: half a secret would not be found.
    text = redact(text)
    if len(text) > MAX_TEXT:
        text = f"{text[:MAX_TEXT]}… ({len(text) - MAX_TEXT} more)"
    return escape(text, keep_lines=keep_lines)


def _renderer(as_json: bool, target: TextIO) -> Processor:
    if as_json:
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    return LineRenderer(has_colours=target.isatty())


def _log_uncaught(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    _write_uncaught("process.failed", (kind, error, trace))


def _log_uncaught_in_thread(arguments: threading.ExceptHookArgs) -> None:
    if arguments.exc_value is None or arguments.exc_type is SystemExit:
        return
    name = arguments.thread.name if arguments.thread else "?"
    caught = (arguments.exc_type, arguments.exc_value, arguments.exc_traceback)
    _write_uncaught("thread.failed", caught, thread=name)


def _write_uncaught(
    event: str,
    caught: tuple[type[BaseException], BaseException, TracebackType | None],
    **values: str,
) -> None:
    get_logger("python").critical(event, exc_info=caught, **values)

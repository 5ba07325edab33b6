"""Variants of a rule: ``above=0.3..0.6/0.05`` are seven of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from surveil.durations import format_duration, parse_duration
from surveil.errors import ConfigError
from surveil.rules.model import Rule

MAX_VARIANTS = 100
BOUNDS = ("above", "below", "at_least", "at_most", "clear_below", "clear_above", "silent_for")
WAITS = ("for", "keep_firing_for")
OPTIONS = ("over", "min_confidence", "min_faces", "baseline")
_GRID = re.compile(
    r"(?P<key>[a-z_]+)=(?P<first>[^./]+(?:\.\d+[a-z]*)?)\.\.(?P<last>[^/]+)/(?P<step>.+)"
)


def vary(rule: Rule, grid: str) -> list[Rule]:
    """Return a rule once for each value of a grid, named ``NAME KEY=VALUE``.

    Args:
        rule: Whose conditions all get the value where they have the key.
        grid: ``KEY=FIRST..LAST/STEP``, numbers or durations; one of ``BOUNDS``, ``WAITS`` and
            ``OPTIONS``.

    Raises:
        ConfigError: It is no such text, the rule has no such key, or a value is refused.
    """
    match = _GRID.fullmatch(grid)
    if match is None:
        raise ConfigError(f"--grid {grid!r} is not such as above=0.3..0.6/0.05 or for=5s..60s/5s")
    key = match["key"]
    known = (*BOUNDS, *WAITS, *OPTIONS)
    if key not in known:
        raise ConfigError(f"--grid {key!r} is none of {', '.join(known)}")
    is_time = key in (*WAITS, "over", "silent_for", "baseline")
    variants = []
    for value in _values(match, grid, is_time=is_time):
        document = rule.model_dump(mode="json", by_alias=True, exclude_none=True)
        whole = int(value) if key == "min_faces" else value
        found = (
            _set(document, key, whole)
            if key in WAITS
            else _set_within(document["when"], key, whole)
        )
        if not found:
            raise ConfigError(f"--grid: rule {rule.name!r} has no {key!r}")
        try:
            varied = Rule.model_validate(document)
        except ValidationError as error:
            reason = error.errors()[0]["msg"].removeprefix("Value error, ")
            raise ConfigError(f"--grid {key}={value:g}: {reason}") from None
        shown = format_duration(value) if is_time else f"{value:g}"
        variants.append(varied.model_copy(update={"name": f"{rule.name} {key}={shown}"}))
    return variants


def _values(match: re.Match[str], grid: str, *, is_time: bool) -> list[float]:
    try:
        first, last, step = (
            parse_duration(match[name]) if is_time else float(match[name])
            for name in ("first", "last", "step")
        )
    except ValueError:
        raise ConfigError(f"--grid {grid!r}: its numbers cannot be read") from None
    if not (step > 0 and last >= first):
        raise ConfigError(f"--grid {grid!r} must go up, by a step of more than 0")
    count = int((last - first) / step + 1e-9) + 1
    if count > MAX_VARIANTS:
        raise ConfigError(f"--grid {grid!r} has {count} values, of at most {MAX_VARIANTS}")
    return [round(first + number * step, 9) for number in range(count)]


def _set(document: dict[str, Any], key: str, value: float) -> bool:
    document[key] = value
    return True


def _set_within(node: Any, key: str, value: float) -> bool:
    """Set a key wherever it stands in a ``when``; return whether it did."""
    found = False
    members: Sequence[Any] = node if isinstance(node, list) else ()
    if isinstance(node, dict):
        members = list(node.values())
        if key in node:
            node[key] = value
            found = True
    for member in members:
        found = _set_within(member, key, value) or found
    return found

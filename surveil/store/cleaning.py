"""Texts as both databases can hold them."""

from __future__ import annotations

import json
import re
from typing import Any

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def is_clean(text: str) -> bool:
    """Return whether :func:`clean_text` would change nothing."""
    return _UNSTORABLE.search(text) is None


def clean_text(text: str) -> str:
    """Return a text without NUL, which PostgreSQL, and half surrogates, which UTF-8 cannot hold."""
    return _UNSTORABLE.sub("�", text)


def dump_json(value: Any) -> str:
    """Return a value as JSON whose texts are clean; the databases' JSON columns are written so."""
    return json.dumps(_clean(value))


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        return {_clean(key): _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    return value

"""Annotation templates: ``{{name}}`` and ``{{name|filter}}`` over a fixed set of names.

Not a template language: no expressions, no attributes, no calls, so that a rule file can never do
more than place a value in a text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping

NAMES = (
    "rule", "key", "camera", "run", "track", "value", "threshold", "faces", "coverage",
    "state", "at",
)  # fmt: skip
"""What a template may name. ``camera``, ``run`` and ``track`` are empty where the key has none."""

_HOLE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
MAX_CHARS = 1000

TemplateValue = str | float | None


def _number(spec: str) -> Callable[[TemplateValue], str]:
    return lambda value: format(value, spec) if isinstance(value, float) else _plain(value)


def _plain(value: TemplateValue) -> str:
    if value is None:
        return "unknown"
    return format(value, ".3g") if isinstance(value, float) else value


FILTERS: dict[str, Callable[[TemplateValue], str]] = {
    "percent": _number(".0%"),
    "round": _number(".0f"),
    "fixed2": _number(".2f"),
    "seconds": lambda value: f"{value:.0f} s" if isinstance(value, float) else _plain(value),
    "upper": lambda value: _plain(value).upper(),
}
"""Filter name to function. Text passes through the number filters unchanged."""


def check_text(text: str, *, may_have: str = "") -> str:
    """Return ``text`` if SQL, logs and receivers can take it.

    Raises:
        ValueError: It holds a control character other than those of ``may_have``, or half of a
            surrogate pair. PostgreSQL takes no NUL.
    """
    if any(unicodedata.category(each) in ("Cc", "Cs") for each in text if each not in may_have):
        raise ValueError("must not hold control characters")
    return text


def check_template(text: str) -> str:
    """Return ``text`` if every hole of it can be filled.

    Raises:
        ValueError: An unknown name or filter, a brace without its partner, a control character
            other than a tab or the end of a line, or too long a text.
    """
    check_text(text, may_have="\t\n")
    if len(text) > MAX_CHARS:
        raise ValueError(f"longer than {MAX_CHARS} characters")
    for hole in _HOLE.findall(text):
        name, *filters = (part.strip() for part in hole.split("|"))
        if name not in NAMES:
            raise ValueError(f"unknown name '{name}' in a template; one of: {', '.join(NAMES)}")
        for given in filters:
            if given not in FILTERS:
                known = ", ".join(FILTERS)
                raise ValueError(f"unknown filter '{given}' in a template; one of: {known}")
        if len(filters) > 1:
            raise ValueError("a template takes one filter at most")
    rest = _HOLE.sub("", text)
    if "{{" in rest or "}}" in rest:
        raise ValueError("'{{' and '}}' must come in pairs")
    return text


def render(text: str, values: Mapping[str, TemplateValue]) -> str:
    """Return a checked template with its holes filled; a value is never expanded again."""

    def fill(match: re.Match[str]) -> str:
        name, *filters = (part.strip() for part in match[1].split("|"))
        value = values.get(name)
        return FILTERS[filters[0]](value) if filters else _plain(value)

    return _HOLE.sub(fill, text)

"""From the text of a YAML file to its nodes, with the scalars of YAML 1.2.

YAML 1.1 reads ``no`` as false, ``1:30`` as 90 and ``010`` as 8. None of them is meant here.
"""

from __future__ import annotations

import re
from typing import Any

import yaml
from yaml.composer import Composer
from yaml.cyaml import CParser  # type: ignore[attr-defined]
from yaml.resolver import Resolver

MAX_DEPTH = 32
"""Deepest nesting; rules, the deepest part, take nine levels."""


class _Nodes(Composer, Resolver):
    """Composes nodes in Python, where a file of brackets alone cannot exhaust the stack."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012
    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            mark = getattr(self.peek_event(), "start_mark", None)  # type: ignore[attr-defined]
            raise yaml.MarkedYAMLError(
                problem=f"nested deeper than {MAX_DEPTH} levels", problem_mark=mark
            )
        try:
            node: yaml.Node | None = super().compose_node(parent, index)
            return node
        finally:
            self.depth -= 1


class _Fast(_Nodes, CParser):
    """Reads with libyaml, many times as fast as PyYAML's own parser."""

    def __init__(self, content: bytes | str) -> None:
        CParser.__init__(self, content)
        Composer.__init__(self)
        Resolver.__init__(self)


class _Thorough(_Nodes, yaml.SafeLoader):
    """Reads with PyYAML's own parser, which knows ``{log:}`` and words its errors better."""


_WHOLE = r"(?:0|[1-9][0-9]*)"
for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", "~nN"),
    ("int", rf"[-+]?{_WHOLE}", "-+0123456789"),
    ("float", rf"[-+]?(?:\.[0-9]+|{_WHOLE}(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", "-+0123456789."),
    ("merge", r"<<", "<"),
):
    _Nodes.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}",
        re.compile(rf"^(?:{_pattern})$"),
        list(_first) + ([""] if _tag == "null" else []),
    )


def compose(content: bytes | str) -> yaml.Node | None:
    """Return the only node of a text, with all below it; None for an empty text.

    Raises:
        yaml.YAMLError: It is no YAML, has several documents, or nests deeper than ``MAX_DEPTH``.
        ValueError: Its bytes are no text.
    """
    try:
        return _compose(_Fast(content))
    except (yaml.YAMLError, ValueError):
        return _compose(_Thorough(content))


def _compose(loader: Any) -> yaml.Node | None:
    try:
        node: yaml.Node | None = loader.get_single_node()
        return node
    finally:
        loader.dispose()

"""Read YAML into plain values, and remember where each one stood."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from surveil.config.problems import ConfigErrors, Problem

MAX_BYTES = 1 << 20
"""Largest file that is read: a thousand cameras take a fifth of it."""

MAX_DEPTH = 32
"""Deepest nesting; rules, the deepest part, take nine levels."""

MAX_NODES = 100_000
"""Values after aliases are followed; bounds what a few lines of nested aliases unfold to."""

Location = tuple[str | int, ...]
"""A path into a document, as pydantic gives it: ``("cameras", "lobby", "source")``."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a file; both count from 1."""

    line: int
    column: int


@dataclass
class Document:
    """One YAML file as plain values.

    Attributes:
        file: The path as it is shown to people.
        value: Mappings with text keys, lists, text, numbers, booleans and None.
        marks: Where the value of each location starts.
        key_marks: Where its key starts, for values of mappings.
        problems: Faults that leave the rest readable, such as a key that is here twice.
        failed: Locations of values with such faults; they read as None.
    """

    file: str
    value: Any = None
    marks: dict[Location, Mark] = field(default_factory=dict)
    key_marks: dict[Location, Mark] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    failed: set[Location] = field(default_factory=set)

    def at(self, location: Location) -> Any:
        """Return the value at a location; None where there is none."""
        value = self.value
        for step in location:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return None
        return value

    def problem(self, location: Location, message: str, *, at_key: bool = False) -> Problem:
        """Return a problem at a location, or at the nearest place around it that the file has."""
        marks = {**self.marks, **self.key_marks} if at_key else self.marks
        while location and location not in marks:
            location, marks = location[:-1], {**self.marks, **self.key_marks}
        mark = marks.get(location, Mark(1, 1))
        return Problem(self.file, mark.line, mark.column, message)


class _Loader(yaml.SafeLoader):
    """Composes nodes only, with the scalars of YAML 1.2.

    YAML 1.1 reads ``no`` as false, ``1:30`` as 90 and ``010`` as 8. None of them is meant here.
    """

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012
    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(
                problem=f"nested deeper than {MAX_DEPTH} levels", problem_mark=mark
            )
        try:
            node: yaml.Node | None = super().compose_node(parent, index)
            return node
        finally:
            self.depth -= 1


_WHOLE = r"(?:0|[1-9][0-9]*)"
for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", "~nN"),
    ("int", rf"[-+]?{_WHOLE}", "-+0123456789"),
    ("float", rf"[-+]?(?:\.[0-9]+|{_WHOLE}(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", "-+0123456789."),
    ("merge", r"<<", "<"),
):
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}",
        re.compile(rf"^(?:{_pattern})$"),
        list(_first) + ([""] if _tag == "null" else []),
    )

_SCALARS: dict[str, Callable[[str], object]] = {
    "tag:yaml.org,2002:str": str,
    "tag:yaml.org,2002:bool": lambda text: text.lower() == "true",
    "tag:yaml.org,2002:null": lambda text: None,
    "tag:yaml.org,2002:int": int,
    "tag:yaml.org,2002:float": float,
    "tag:yaml.org,2002:merge": str,
}


def read_document(path: Path) -> Document:
    """Read one YAML file.

    Raises:
        ConfigErrors: The file cannot be read, is larger than ``MAX_BYTES``, is no YAML, or unfolds
            to more than ``MAX_NODES`` values.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ConfigErrors([Problem(str(path), 1, 1, f"cannot be read: {reason}")]) from None
    if len(content) > MAX_BYTES:
        message = f"is larger than {MAX_BYTES >> 20} MiB; put rules into files of their own"
        raise ConfigErrors([Problem(str(path), 1, 1, message)])
    return parse_document(content, str(path))


def parse_document(content: bytes | str, file: str) -> Document:
    """Like :func:`read_document`, from memory; ``file`` names it in problems."""
    document = Document(file)
    try:
        loader = _Loader(content)
        try:
            node = loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        what = error.problem or error.context or "is not YAML"
        raise ConfigErrors([Problem(file, line, column, f"not YAML: {what}")]) from None
    except (yaml.YAMLError, UnicodeError, ValueError) as error:
        what = getattr(error, "reason", None) or "is not text in UTF-8"
        raise ConfigErrors([Problem(file, 1, 1, f"not YAML: {what}")]) from None
    if node is None:
        raise ConfigErrors([Problem(file, 1, 1, "is empty")])
    document.value = _Builder(document).build(node, ())
    return document


class _Builder:
    """Turns nodes into values, depth first."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._nodes = 0

    def build(self, node: yaml.Node, location: Location) -> object:
        self._nodes += 1
        self._document.marks[location] = _mark(node)
        if self._nodes > MAX_NODES or len(location) > MAX_DEPTH:
            message = "has too many or too deeply nested values; use fewer aliases"
            raise ConfigErrors([self._document.problem(location, message)])
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, location)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*location, i)) for i, item in enumerate(node.value)]
        construct = _SCALARS.get(node.tag)
        if construct is None:
            self._fault(node, f"tag {node.tag!r} is not supported; write the value itself")
            self._document.failed.add(location)
            return None
        try:
            return construct(node.value)
        except ValueError:
            self._fault(node, "is not a number that can be read; put text in quotes")
            self._document.failed.add(location)
            return None

    def _mapping(self, node: yaml.MappingNode, location: Location) -> dict[str, object]:
        values: dict[str, object] = {}
        first: dict[str, Mark] = {}
        for key_node, value_node in self._own_entries(node):
            # The text as written: a camera may be called 12 or on.
            key = key_node.value
            if key in first:
                self._fault(key_node, f"{key!r} is here twice; first in line {first[key].line}")
                continue
            first[key] = _mark(key_node)
            self._document.key_marks[*location, key] = first[key]
            values[key] = self.build(value_node, (*location, key))
        for merged in self._merged(node):
            for key_node, value_node in self._own_entries(merged):
                if key_node.value not in values:
                    key = key_node.value
                    self._document.key_marks[*location, key] = _mark(key_node)
                    values[key] = self.build(value_node, (*location, key))
        return values

    def _own_entries(self, node: yaml.MappingNode) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._fault(key_node, "a key must be a word")
            elif key_node.tag != "tag:yaml.org,2002:merge":
                yield key_node, value_node

    def _merged(self, node: yaml.MappingNode) -> Iterator[yaml.MappingNode]:
        for key_node, value_node in node.value:
            if key_node.tag != "tag:yaml.org,2002:merge":
                continue
            is_list = isinstance(value_node, yaml.SequenceNode)
            for source in value_node.value if is_list else [value_node]:
                if isinstance(source, yaml.MappingNode):
                    yield source
                else:
                    self._fault(source, "<< needs a mapping, such as <<: *camera")

    def _fault(self, node: yaml.Node, message: str) -> None:
        mark = _mark(node)
        self._document.problems.append(
            Problem(self._document.file, mark.line, mark.column, message)
        )


def _mark(node: yaml.Node) -> Mark:
    return Mark(node.start_mark.line + 1, node.start_mark.column + 1)

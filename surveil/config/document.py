"""Read YAML into plain values, and remember where each one stood."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from surveil.config.nodes import MAX_DEPTH, compose
from surveil.config.problems import ConfigErrors, Problem
from surveil.plaintext import escape, is_plain

MAX_BYTES = 1 << 20
"""Largest file that is read: a thousand cameras take a fifth of it."""

MAX_NODES = 100_000
"""Values after aliases and merges are followed; bounds what a few lines of them unfold to."""

Location = tuple[str | int, ...]
"""A path into a document, as pydantic gives it: ``("cameras", "lobby", "source")``."""


class Mark(NamedTuple):
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

    def mark(self, location: Location, *, at_key: bool = False) -> Mark:
        """Return where a location is, or the nearest place around it that the file has."""
        if not at_key:
            if location in self.marks:
                return self.marks[location]
            location = location[:-1]
        while location:
            found = self.key_marks.get(location) or self.marks.get(location)
            if found is not None:
                return found
            location = location[:-1]
        return self.marks.get((), Mark(1, 1))

    def problem(self, location: Location, message: str, *, at_key: bool = False) -> Problem:
        """Return a problem at a location, or at the nearest place around it that the file has."""
        mark = self.mark(location, at_key=at_key)
        return Problem(self.file, mark.line, mark.column, message)


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


def read_mapping(path: Path, key: str) -> Document:
    """Read a file whose value must be a mapping with a key, and find that it is a mapping.

    Raises:
        ConfigErrors: As :func:`read_document`, or it is none.
    """
    document = read_document(path)
    if not isinstance(document.value, dict):
        problem = document.problem((), f"must be a mapping with the key {key}:")
        raise ConfigErrors([*document.problems, problem])
    return document


def parse_document(content: bytes | str, file: str) -> Document:
    """Like :func:`read_document`, from memory; ``file`` names it in problems."""
    document = Document(file)
    try:
        node = compose(content)
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


_Entries = dict[str, tuple[yaml.ScalarNode, yaml.Node]]


class _Builder:
    """Turns nodes into values, depth first."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._nodes = 0
        self._flat: dict[int, _Entries] = {}

    def build(self, node: yaml.Node, location: Location) -> object:
        self._document.marks[location] = _mark(node)
        self._count(1, location)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, location)
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*location, i)) for i, item in enumerate(node.value)]
        if not is_plain(node.value, keep_lines=True):
            self._fault(node, "holds control characters")
            self._document.failed.add(location)
            return None
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
        for key, (key_node, value_node) in self._entries(node, location, 0).items():
            self._document.key_marks[*location, key] = _mark(key_node)
            if not is_plain(key_node.value):
                self._document.failed.add((*location, key))
            values[key] = self.build(value_node, (*location, key))
        return values

    def _entries(self, node: yaml.MappingNode, location: Location, depth: int) -> _Entries:
        """Return a mapping's own keys, then those that it merges and does not have itself.

        What a merged mapping merges counts as well. The keys are text as written: a camera may be
        called 12 or on.
        """
        known = self._flat.get(id(node))
        if known is not None:
            return known
        entries: _Entries = {}
        self._flat[id(node)] = entries  # a mapping that merges itself gives itself nothing
        merged: dict[int, yaml.MappingNode] = {}
        for key_node, value_node in node.value:
            key = key_node.value
            if not isinstance(key_node, yaml.ScalarNode):
                self._fault(key_node, "a key must be a word")
            elif key_node.tag == "tag:yaml.org,2002:merge":
                self._count(len(value_node.value), location)
                merged |= {id(source): source for source in self._sources(value_node)}
            elif not is_plain(key):
                self._fault(key_node, f"the key {key!r} holds control characters")
                entries[escape(key)] = (key_node, value_node)  # its mapping is not empty
            elif key in entries:
                first = _mark(entries[key][0])
                self._fault(key_node, f"{key!r} is here twice; first in line {first.line}")
            else:
                entries[key] = (key_node, value_node)
        if depth > MAX_DEPTH:
            self._count(MAX_NODES, location)
        for source in merged.values():
            inherited = self._entries(source, location, depth + 1)
            self._count(len(inherited), location)
            for key, entry in inherited.items():
                entries.setdefault(key, entry)
        return entries

    def _sources(self, value: yaml.Node) -> Iterator[yaml.MappingNode]:
        """Yield the mappings that ``<<: *a`` or ``<<: [*a, *b]`` names."""
        for source in value.value if isinstance(value, yaml.SequenceNode) else [value]:
            if isinstance(source, yaml.MappingNode):
                yield source
            else:
                self._fault(source, "<< needs a mapping, such as <<: *camera")

    def _count(self, values: int, location: Location) -> None:
        self._nodes += values
        if self._nodes > MAX_NODES or len(location) > MAX_DEPTH:
            message = "has too many or too deeply nested values; use fewer aliases"
            raise ConfigErrors([self._document.problem(location, message)])

    def _fault(self, node: yaml.Node, message: str) -> None:
        mark = _mark(node)
        self._document.problems.append(
            Problem(self._document.file, mark.line, mark.column, message)
        )


def _mark(node: yaml.Node) -> Mark:
    return Mark(node.start_mark.line + 1, node.start_mark.column + 1)

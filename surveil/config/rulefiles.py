"""Collect a fleet's alert rules, written in place or in files of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from surveil.config.document import Document, Location, read_document
from surveil.config.problems import MOST_SHOWN, ConfigErrors, Problem, did_you_mean
from surveil.config.validation import problems_of
from surveil.rules.model import Rule

MAX_FILES = 1000
"""Rule files that one fleet may have."""

SUFFIXES = (".yaml", ".yml")
"""How the names of rule files end."""

MAX_RULES = 10_000
"""Rules that one fleet may have."""

_REFERENCE = re.compile(r"\$\{(?:env|file):")
_WILDCARD = re.compile(r"[*?\[]")


@dataclass(frozen=True)
class _Entry:
    """A rule as it was written, valid or not, and where."""

    value: dict[str, Any]
    document: Document
    location: Location

    def words(self, key: str) -> Iterator[tuple[Location, str]]:
        """Yield the texts of a list, each with its place."""
        items = self.value.get(key)
        for index, item in enumerate(items if isinstance(items, list) else []):
            if isinstance(item, str):
                yield (*self.location, key, index), item


@dataclass
class RuleReader:
    """Reads the entries of ``rules:``; what is wrong is gathered in ``problems``.

    Attributes:
        base: Directory in which relative patterns start.
        placed: The same rules, and where they stand.
        left_out: Problems that were counted, but not worded any more.
    """

    base: Path
    rules: list[Rule] = field(default_factory=list)
    placed: list[tuple[Rule, Document, Location]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    left_out: int = 0
    _entries: list[_Entry] = field(default_factory=list)
    _seen: set[Path] = field(default_factory=set)
    _matches: dict[str, bool] = field(default_factory=dict)

    def read(self, document: Document, entries: object) -> None:
        """Read ``rules:`` of a fleet file: patterns of files, and rules."""
        if entries is None:
            return
        if not isinstance(entries, list):
            message = "rules: must be a list of file patterns and rules"
            self.problems.append(document.problem(("rules",), message))
            return
        for index, entry in enumerate(entries):
            location: Location = ("rules", index)
            if isinstance(entry, str):
                self._read_files(document, location, entry)
            else:
                self._read_rule(document, location, entry)

    def _read_files(self, document: Document, location: Location, pattern: str) -> None:
        paths = matching_files(self.base, pattern)
        if paths is None:
            message = f"rules: {pattern!r} is not a pattern of files"
            self.problems.append(document.problem(location, message))
            return
        if not paths:
            message = f"rules: {pattern!r} matches no file below {self.base.resolve()}"
            self.problems.append(document.problem(location, message))
        for path in paths:
            if path.suffix not in SUFFIXES:
                # What it holds, perhaps nobody's business, would be repeated in messages.
                message = f"rules: {path} is no rule file: its name must end in .yaml or .yml"
                self.problems.append(document.problem(location, message))
                continue
            if path.resolve() in self._seen:
                continue
            self._seen.add(path.resolve())
            if len(self._seen) > MAX_FILES:
                message = f"rules: more than {MAX_FILES} files"
                self.problems.append(document.problem(location, message))
                return
            try:
                self._read_rule_file(read_document(path))
            except ConfigErrors as error:
                self.problems += error.problems

    def _read_rule_file(self, document: Document) -> None:
        self.problems += document.problems
        value: Any = document.value
        location: Location = ()
        if isinstance(value, dict):
            if "rules" not in value:
                message = "'rules' is missing; a rule file has one key, rules:"
                self.problems.append(document.problem((), message))
                return
            for key in value:
                if key != "rules":
                    message = f"unknown key {key!r}; a rule file has one key, rules:"
                    self.problems.append(document.problem((key,), message, at_key=True))
            value, location = value["rules"], ("rules",)
        if not isinstance(value, list):
            self.problems.append(document.problem(location, "must be a list of rules"))
            return
        for index, entry in enumerate(value):
            self._read_rule(document, (*location, index), entry)

    def _read_rule(self, document: Document, location: Location, entry: object) -> None:
        references = list(_references(entry, location))
        for place in references:
            message = "${env:} and ${file:} have no place in rules, whose texts leave in alerts"
            self.problems.append(document.problem(place, message))
        if references:
            return
        if isinstance(entry, dict):
            self._entries.append(_Entry(entry, document, location))
        if len(self._entries) > MAX_RULES:
            self.problems.append(document.problem(location, f"more than {MAX_RULES} rules"))
            return
        try:
            rule = Rule.model_validate(entry)
        except ValidationError as error:
            if len(self.problems) >= MOST_SHOWN:
                self.left_out += error.error_count()
                return
            problems, left_out = problems_of(
                error, document, Rule, prefix=location, reported=document.failed
            )
            self.problems += problems
            self.left_out += left_out
            return
        self.rules.append(rule)
        self.placed.append((rule, document, location))

    def check(self, cameras: frozenset[str], receivers: frozenset[str]) -> None:
        """Check what rules say of each other, of cameras and of receivers."""
        self.check_names()
        for entry in self._entries:
            for location, receiver in entry.words("notify"):
                if receiver not in receivers:
                    message = f"unknown receiver {receiver!r}{self._hint(receiver, receivers)}"
                    message += "" if receivers else "; add it below receivers:"
                    self.problems.append(entry.document.problem(location, message))
            for location, glob in entry.words("mutes"):
                if not any(fnmatchcase(rule.name, glob) for rule in self.rules):
                    message = f"{glob!r} matches no rule"
                    self.problems.append(entry.document.problem(location, message))
            for location, glob in entry.words("cameras"):
                self._check_glob(entry.document, location, glob, cameras)

    def check_names(self) -> None:
        """Check that no two rules have one name."""
        first: dict[str, Problem] = {}
        for entry in self._entries:
            name = entry.value.get("name")
            if isinstance(name, str):
                place = entry.document.problem((*entry.location, "name"), "")
                if name in first:
                    where = f"{first[name].file}:{first[name].line}"
                    message = f"a rule {name!r} is in {where} already"
                    self.problems.append(replace(place, message=message))
                first.setdefault(name, place)

    def _hint(self, word: str, known: frozenset[str]) -> str:
        # Looking for what was meant takes its time; no more than is shown.
        return did_you_mean(word, known) if len(self.problems) < MOST_SHOWN else ""

    def _check_glob(
        self, document: Document, location: Location, glob: str, cameras: frozenset[str]
    ) -> None:
        if glob in cameras:
            return
        if not _WILDCARD.search(glob):
            message = f"unknown camera {glob!r}{self._hint(glob, cameras)}"
            self.problems.append(document.problem(location, message))
        elif len(self.warnings) < MOST_SHOWN and not self._is_used(glob, cameras):
            self.warnings.append(document.problem(location, f"{glob!r} matches no camera"))

    def _is_used(self, glob: str, cameras: frozenset[str]) -> bool:
        if glob not in self._matches:
            rule = Rule.model_construct(name="any", cameras=(glob,), when=())
            self._matches[glob] = any(rule.matches(camera) for camera in cameras)
        return self._matches[glob]


def rule_patterns(fleet_file: Path) -> tuple[str, ...]:
    """Return the patterns of files below a fleet file's ``rules:``.

    Raises:
        ConfigErrors: The fleet file cannot be read.
    """
    document = read_document(fleet_file)
    entries = document.value.get("rules") if isinstance(document.value, dict) else None
    return (
        tuple(one for one in entries if isinstance(one, str)) if isinstance(entries, list) else ()
    )


def matching_files(base: Path, pattern: str) -> list[Path] | None:
    """Return the files that match a pattern now, in order; None if it is none.

    Args:
        base: Directory in which relative patterns start.
        pattern: A path, perhaps with wildcards.
    """
    try:
        return sorted(path for path in _expand(base, pattern) if path.is_file())
    except (OSError, RuntimeError, ValueError):
        return None


def _expand(base: Path, pattern: str) -> Iterator[Path]:
    path = Path(pattern).expanduser()
    if not _WILDCARD.search(pattern):
        yield base / path
    elif path.is_absolute():
        yield from Path(path.anchor).glob(str(path.relative_to(path.anchor)))
    else:
        yield from base.glob(str(path))


def _references(value: Any, location: Location) -> Iterator[Location]:
    if isinstance(value, str) and _REFERENCE.search(value):
        yield location
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _references(item, (*location, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _references(item, (*location, index))

"""Turn pydantic's errors into problems at lines of a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from surveil.config.document import Document, Location, Mark
from surveil.config.problems import MOST_SHOWN, Problem, did_you_mean
from surveil.redaction import redact

_KEY = "[key]"
"""How pydantic names the key of a mapping in a location."""

_MESSAGES = {
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "dict_type": "must be a mapping (key: value)",
    "finite_number": "must be a finite number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "int_from_float": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "list_type": "must be a list",
    "mapping_type": "must be a mapping (key: value)",
    "model_attributes_type": "must be a mapping (key: value)",
    "model_type": "must be a mapping (key: value)",
    "path_type": "must be a path",
    "string_type": "must be text; put it in quotes",
    "tuple_type": "must be a list",
}
"""Pydantic's error types, said as YAML's writers speak."""


def problems_of(
    error: ValidationError,
    document: Document,
    root: Any,
    *,
    prefix: Location = (),
    reported: Iterable[Location] = (),
) -> tuple[list[Problem], int]:
    """Return one problem for each error, ``MOST_SHOWN`` at most, and the count of the others.

    Args:
        error: What pydantic found; its inputs are never looked at where they may be secrets.
        document: Where the values stood.
        root: The type that was validated, to name known keys.
        prefix: Where in the document the validated value stood.
        reported: Locations with problems known already; errors there are left out.
    """
    skip = set(reported)
    places: dict[tuple[Location, str, object], tuple[Mark, ErrorDetails, Location]] = {}
    for details in error.errors(include_url=False):
        if details["type"] == "default_factory_not_called":
            continue  # a consequence of another error
        location = _in_document(document, prefix, details["loc"])
        if any(location[:depth] in skip for depth in range(1, len(location) + 1)):
            continue
        mark = document.mark(location, at_key=details["type"] in ("extra_forbidden", "missing"))
        places[location, details["type"], details["loc"]] = (mark, details, location)
    first = sorted(places.values(), key=lambda place: place[0])
    # Only what is shown is worded: looking for what was meant takes its time.
    shown = [_problem(details, document, at, root) for _, details, at in first[:MOST_SHOWN]]
    return list(dict.fromkeys(shown)), max(0, len(first) - MOST_SHOWN)


def _in_document(document: Document, prefix: Location, loc: Location) -> Location:
    """Return the place in the file that an error's location speaks of.

    Names of union members, which pydantic puts in, are left out; a camera's value that came from
    the defaults, or from the fleet's ``privacy``, leads there.
    """
    location = prefix
    steps = [step for step in loc if step != _KEY]
    if loc[:1] == ("cameras",) and loc[2:3] == ("privacy",):
        shared = tuple(loc[2:])
        if (*prefix, *loc) not in document.marks and shared in document.marks:
            return shared
    for i, step in enumerate(steps):
        if (*location, step) in document.marks:
            location = (*location, step)
        elif i == len(steps) - 1:
            shared = ("defaults", step)
            if location[:1] == ("cameras",) and len(location) == 2 and shared in document.marks:
                return shared
            return (*location, step)
    return location


def _problem(details: ErrorDetails, document: Document, location: Location, root: Any) -> Problem:
    kind, loc = details["type"], details["loc"]
    if kind == "extra_forbidden":
        known = set(keys_at(root, loc[:-1], document.at(location[:-1])))
        message = f"unknown key {str(loc[-1])!r}{did_you_mean(str(loc[-1]), known)}"
        where = _dotted(location[:-1])
        return document.problem(location, _joined(where, message), at_key=True)
    if kind == "missing":
        message = f"{str(loc[-1])!r} is missing"
        return document.problem(
            location[:-1], _joined(_dotted(location[:-1]), message), at_key=True
        )
    return document.problem(
        location, _joined(_dotted(location), _message(details)), at_key=_KEY in loc
    )


def _message(details: ErrorDetails) -> str:
    kind = details["type"]
    context = details.get("ctx", {})
    if kind in _MESSAGES:
        return _MESSAGES[kind]
    if kind in ("literal_error", "enum"):
        expected = str(context.get("expected", ""))
        choices = [word.strip("' ") for word in expected.replace(" or ", ", ").split(",")]
        given = details["input"]
        # Only the plain type: text from the environment or a file is never repeated.
        if type(given) is str and len(given) <= 64:
            return f"unknown value {given!r}{did_you_mean(given, choices)}"
        return f"must be {expected}"
    if kind == "unknown_measure":
        measure, expected = str(context.get("given", "")), str(context.get("expected", ""))
        return f"unknown measure {measure!r}{did_you_mean(measure, expected.split(', '))}"
    if kind == "too_short" and context.get("min_length") == 1:
        return "must not be empty"
    message = details["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return redact(message.replace("Input should be", "must be"))


def _joined(where: str, message: str) -> str:
    return f"{where}: {message}" if where else message


def _dotted(location: Location) -> str:
    text = ""
    for step in location:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def keys_at(root: Any, loc: Location, value: object = None) -> set[str]:
    """Return the keys that a mapping at a location may have.

    Where a union allows several models, those count whose required keys the mapping has; all of
    them if there are none.
    """
    types = list(_members(root))
    for step in loc:
        below = [found for kind in types for found in _below(kind, step)]
        # A step that leads nowhere is the name of a union's member.
        types = below or types
    models = [kind for kind in types if isinstance(kind, type) and issubclass(kind, BaseModel)]
    given = value if isinstance(value, dict) else {}
    meant = [
        model for model in models if any(key in given for key in _keys(model, only_required=True))
    ]
    return {key for model in meant or models for key in _keys(model)}


def _keys(model: type[BaseModel], *, only_required: bool = False) -> Iterator[str]:
    for name, info in model.model_fields.items():
        if info.is_required() or not only_required:
            yield info.alias or name


def _below(kind: Any, step: str | int) -> list[Any]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        for name, info in kind.model_fields.items():
            if step in (name, info.alias):
                return list(_members(info.annotation))
        return []
    arguments = get_args(kind)
    if get_origin(kind) is dict and isinstance(step, str):
        return list(_members(arguments[1]))
    if get_origin(kind) in (list, tuple, set, frozenset) and isinstance(step, int):
        return list(_members(arguments[0]))
    return []


def _members(annotation: Any) -> Iterator[Any]:
    """Yield an annotation's alternatives, without ``Annotated``."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _members(get_args(annotation)[0])
    elif origin in (Union, UnionType):
        for member in get_args(annotation):
            yield from _members(member)
    elif hasattr(annotation, "__value__"):
        yield from _members(annotation.__value__)
    else:
        yield annotation

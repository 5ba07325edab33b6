"""The ``when`` of a rule: conditions under nested ``all``, ``any`` and ``not``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Annotated, Any

from pydantic import AfterValidator, Field, TypeAdapter, ValidatorFunctionWrapHandler, WrapValidator
from pydantic_core import PydanticCustomError

from surveil.rules.conditions import Condition, Strict
from surveil.rules.measures import MEASURES, AnyCondition

MAX_DEPTH = 4
"""Deepest nesting of ``all``, ``any`` and ``not``."""
MAX_CONDITIONS = 32
"""Most conditions of one rule."""


def _not_empty(members: tuple[Any, ...]) -> tuple[Any, ...]:
    """Refuse an empty group; as a last step, so that a bad member is not also reported as none."""
    if not members:
        raise PydanticCustomError("when_empty", "at least one condition is needed")
    return members


class AllOf(Strict):
    """True if all members are, false if one is false, else unknown."""

    all: Annotated[tuple[Node, ...], AfterValidator(_not_empty)]


class AnyOf(Strict):
    """True if one member is, false if all are false, else unknown."""

    any: Annotated[tuple[Node, ...], AfterValidator(_not_empty)]


class Not(Strict):
    """True if its member is false, false if that is true; unknown stays unknown."""

    not_: Annotated[Node, Field(alias="not")]


_GROUPS: dict[str, type[Strict]] = {"all": AllOf, "any": AnyOf, "not": Not}
KEYWORDS = (*MEASURES, *_GROUPS)
"""What may open a member of ``when``."""


def _select_node(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    """Validate by the one model that the keyword names, so that errors speak of it alone."""
    if isinstance(value, (AllOf, AnyOf, Not, Condition)):
        return value
    if not isinstance(value, Mapping):
        raise PydanticCustomError("condition_type", "a condition must be a mapping")
    named = [key for key in KEYWORDS if key in value]
    if len(named) == 1:
        model = _GROUPS.get(named[0]) or MEASURES[named[0]]
        return model.model_validate(value)
    known = ", ".join(KEYWORDS)
    if named:
        raise PydanticCustomError(
            "condition_keywords",
            "a condition takes one of: {expected}; this one has {given}",
            {"expected": known, "given": " and ".join(named)},
        )
    given = next((str(key) for key in value), "")
    raise PydanticCustomError(
        "unknown_measure",
        "unknown measure '{given}'; one of: {expected}",
        {"expected": known, "given": given},
    )


def _select_when(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    """Take a list (all of it must hold), one group or one condition; bound it before descending."""
    pending: list[tuple[Any, int]] = [(value, 0)]
    conditions = 0
    while pending:
        node, depth = pending.pop()
        if isinstance(node, Mapping):
            groups = [node[key] for key in _GROUPS if key in node]
            conditions += not groups
            # A list of members goes one deeper by itself; what "not" has is no list.
            pending += [(each, depth + isinstance(each, Mapping)) for each in groups]
        elif isinstance(node, (list, tuple)):
            pending += [(member, depth + 1) for member in node]
        if depth > MAX_DEPTH:
            raise PydanticCustomError(
                "when_depth",
                "'all', 'any' and 'not' nest at most {depth} deep",
                {"depth": MAX_DEPTH},
            )
        if conditions > MAX_CONDITIONS:
            raise PydanticCustomError(
                "when_size", "a rule has at most {count} conditions", {"count": MAX_CONDITIONS}
            )
    if isinstance(value, (list, tuple)):
        return _members().validate_python(value)
    return _select_node(value, handler)


Node = Annotated[AnyCondition | AllOf | AnyOf | Not, WrapValidator(_select_node)]
Members = Annotated[tuple[Node, ...], AfterValidator(_not_empty)]
When = Annotated[Members | AnyCondition | AllOf | AnyOf | Not, WrapValidator(_select_when)]


@cache
def _members() -> TypeAdapter[tuple[AnyCondition | AllOf | AnyOf | Not, ...]]:
    return TypeAdapter(Members)


AllOf.model_rebuild()
AnyOf.model_rebuild()
Not.model_rebuild()

Branch = AnyCondition | AllOf | AnyOf | Not
Tree = tuple[Branch, ...] | Branch
"""A validated ``when``; a tuple means that all of it must hold."""


def conditions_of(node: Tree) -> Iterator[Condition]:
    """Yield the conditions of a tree from left to right."""
    members: Tree
    if isinstance(node, tuple):
        members = node
    elif isinstance(node, AllOf):
        members = node.all
    elif isinstance(node, AnyOf):
        members = node.any
    elif isinstance(node, Not):
        members = (node.not_,)
    else:
        yield node
        return
    for member in members:
        yield from conditions_of(member)

"""The ``when`` of a rule: conditions under nested ``all``, ``any``, ``not`` and ``sequence``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Annotated, Any

from pydantic import AfterValidator, Field, TypeAdapter, ValidatorFunctionWrapHandler, WrapValidator
from pydantic_core import PydanticCustomError

from surveil.durations import Duration
from surveil.rules.conditions import Condition, Strict
from surveil.rules.measures import MEASURES, AnyCondition

MAX_DEPTH = 4
"""Deepest nesting of ``all``, ``any`` and ``not``."""
MAX_CONDITIONS = 32
MAX_STEPS = 4
"""Most members of a ``sequence``."""
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


class Sequence(Strict):
    """True once its members have become true one after the other, and while the last one is.

    Each follows the one before ``within`` so long of when that was last true. What is true at the
    same instant does not follow.
    """

    sequence: Annotated[tuple[Node, ...], Field(min_length=2, max_length=MAX_STEPS)]
    within: Annotated[Duration, Field(ge=1, le=86400)]


_GROUPS: dict[str, type[Strict]] = {
    "all": AllOf,
    "any": AnyOf,
    "not": Not,
    "sequence": Sequence,
}
KEYWORDS = (*MEASURES, *_GROUPS)
"""What may open a member of ``when``."""


def _select_node(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    """Validate by the one model that the keyword names, so that errors speak of it alone."""
    if isinstance(value, (AllOf, AnyOf, Not, Sequence, Condition)):
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
                "groups of conditions nest at most {depth} deep",
                {"depth": MAX_DEPTH},
            )
        if conditions > MAX_CONDITIONS:
            raise PydanticCustomError(
                "when_size", "a rule has at most {count} conditions", {"count": MAX_CONDITIONS}
            )
    if isinstance(value, (list, tuple)):
        return _members().validate_python(value)
    return _select_node(value, handler)


Node = Annotated[AnyCondition | AllOf | AnyOf | Not | Sequence, WrapValidator(_select_node)]
Members = Annotated[tuple[Node, ...], AfterValidator(_not_empty)]
When = Annotated[
    Members | AnyCondition | AllOf | AnyOf | Not | Sequence, WrapValidator(_select_when)
]


@cache
def _members() -> TypeAdapter[tuple[AnyCondition | AllOf | AnyOf | Not | Sequence, ...]]:
    return TypeAdapter(Members)


AllOf.model_rebuild()
AnyOf.model_rebuild()
Not.model_rebuild()
Sequence.model_rebuild()

Branch = AnyCondition | AllOf | AnyOf | Not | Sequence
Tree = tuple[Branch, ...] | Branch
"""A validated ``when``; a tuple means that all of it must hold."""


def members_of(node: Tree) -> tuple[Branch, ...]:
    """Return what a group holds, from left to right; nothing of a condition."""
    if isinstance(node, tuple):
        return node
    if isinstance(node, AllOf):
        return node.all
    if isinstance(node, AnyOf):
        return node.any
    if isinstance(node, Not):
        return (node.not_,)
    return node.sequence if isinstance(node, Sequence) else ()


def marks_of(node: Tree) -> int:
    """Return how many instants must be remembered for the sequences of a tree."""
    members = members_of(node)
    own = len(members) if isinstance(node, Sequence) else 0
    return own + sum(map(marks_of, members))


def conditions_of(node: Tree) -> Iterator[Condition]:
    """Yield the conditions of a tree from left to right."""
    if isinstance(node, Condition):
        yield node
    for member in members_of(node):
        yield from conditions_of(member)

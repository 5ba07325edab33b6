"""A fleet, or the part of it that its rules need, read together with these rules."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ValidationError

from surveil.config.contradictions import Watching, find_contradictions
from surveil.config.document import Document, Location
from surveil.config.problems import ConfigErrors, Problem
from surveil.config.rulefiles import RuleReader
from surveil.config.validation import problems_of

Ruled = TypeVar("Ruled", bound=BaseModel)


def read_ruled(
    model: type[Ruled],
    document: Document,
    value: Mapping[str, Any],
    path: Path,
    *,
    problems: Collection[Problem] = (),
    reported: Collection[Location],
    context: dict[str, Any] | None = None,
) -> tuple[Ruled, RuleReader]:
    """Read the rules of a fleet file, and validate what it says besides.

    Args:
        model: A :class:`surveil.config.contradictions.Watching`.
        document: The fleet file.
        value: Its values for ``model``, with cameras and without rules.
        path: Where it is; patterns of rule files start beside it.
        problems: What is known to be wrong with ``value``.
        reported: Places of it of which that was said already.
        context: For the model's validators.

    Raises:
        ConfigErrors: Everything that is wrong with both, alone and together.
    """
    reader = RuleReader(path.parent)
    reader.read(document, document.value.get("rules"))
    reader.check(_names(value.get("cameras")), _names(document.value.get("receivers")))
    found = [*document.problems, *problems, *reader.problems]
    try:
        fleet = model.model_validate({**value, "rules": tuple(reader.rules)}, context=context)
    except ValidationError as error:
        more, left_out = problems_of(error, document, model, reported=reported)
        raise ConfigErrors(sorted([*found, *more]), left_out=left_out + reader.left_out) from None
    found += find_contradictions(reader.placed, cast("Watching", fleet))
    if found:
        raise ConfigErrors(sorted(found), left_out=reader.left_out)
    return fleet, reader


def _names(mapping: object) -> frozenset[str]:
    return frozenset(mapping) if isinstance(mapping, dict) else frozenset()

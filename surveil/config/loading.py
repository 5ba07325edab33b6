"""From a path to a fleet, or to everything that is wrong with it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from surveil.config.document import read_document
from surveil.config.interpolation import Interpolator
from surveil.config.problems import ConfigErrors, Problem
from surveil.config.schema import Fleet
from surveil.config.urls import BASE
from surveil.config.validation import problems_of


@dataclass(frozen=True)
class Loaded:
    """A fleet, and what is not wrong but unwise about its file."""

    fleet: Fleet
    warnings: tuple[Problem, ...]


def load_fleet(path: Path) -> Fleet:
    """Read a fleet file, its rules and its secrets.

    Raises:
        ConfigErrors: Everything that is wrong with them, together.
    """
    return read_fleet(path).fleet


def read_fleet(path: Path, *, environment: Mapping[str, str] | None = None) -> Loaded:
    """Like :func:`load_fleet`, with warnings.

    Args:
        path: The fleet file; its directory is where relative paths start.
        environment: Variables for ``${env:NAME}``; the process's by default.
    """
    document = read_document(path)
    base = path.resolve().parent
    interpolator = Interpolator(document, base, os.environ if environment is None else environment)
    value = interpolator.fill(document.value)
    problems = list(interpolator.problems)
    if not isinstance(value, dict):
        problems.append(document.problem((), "must be a mapping with the key cameras:"))
        raise ConfigErrors(problems)
    fleet = None
    try:
        fleet = Fleet.model_validate(value, context={BASE: base})
    except ValidationError as error:
        problems += problems_of(error, document, Fleet, reported=interpolator.failed)
    if fleet is None or problems:
        raise ConfigErrors(sorted(problems))
    return Loaded(fleet, tuple(interpolator.warnings))

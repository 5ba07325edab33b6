"""The rule language: frozen models of the YAML that users write."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Annotated, Self

from pydantic import AfterValidator, Field, StringConstraints, field_validator, model_validator

from surveil.durations import Duration
from surveil.rules.conditions import Condition, Strict
from surveil.rules.keys import By
from surveil.rules.schedule import Schedule
from surveil.rules.template import check_template, check_text
from surveil.rules.tree import When, conditions_of

MAX_WAIT_S = 7 * 86400.0
"""Longest ``for`` and ``keep_firing_for``."""

FAILED = "rule-failed"
"""Name of the rule of alerts that another rule failed."""

NO_LABELS: Mapping[str, str] = MappingProxyType({})

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
LabelName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")]
LabelValue = Annotated[str, StringConstraints(max_length=200), AfterValidator(check_text)]
Template = Annotated[str, AfterValidator(check_template)]
Glob = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Wait = Annotated[Duration, Field(le=MAX_WAIT_S)]


class NoData(StrEnum):
    """What an unknown condition does to an alert: freeze it, count as false, count as true."""

    HOLD = "hold"
    RESOLVE = "resolve"
    FIRE = "fire"


class Rule(Strict):
    """One alert rule. Durations are seconds once parsed."""

    name: Name
    cameras: Annotated[tuple[Glob, ...], Field(min_length=1)] = ("*",)
    except_: Annotated[tuple[Glob, ...], Field(alias="except", max_length=100)] = ()
    where: dict[LabelName, Glob] = Field(default_factory=dict, max_length=32)
    by: By = By.CAMERA
    label: LabelName | None = None
    when: When
    for_: Wait = Field(default=0.0, alias="for")
    keep_firing_for: Wait = 0.0
    no_data: NoData = NoData.HOLD
    schedule: Schedule | None = None
    mutes: tuple[Glob, ...] = ()
    labels: dict[LabelName, LabelValue] = Field(default_factory=dict, max_length=32)
    annotations: dict[LabelName, Template] = Field(default_factory=dict, max_length=32)
    notify: tuple[Name, ...] = ()

    @field_validator("name")
    @classmethod
    def _check_name(cls, value: str) -> str:
        if value == FAILED:
            raise ValueError(f"'{FAILED}' is the name of the alerts of rules that fail")
        return value

    @model_validator(mode="after")
    def _check_key(self) -> Self:
        if (self.label is not None) != (self.by is By.LABEL):
            raise ValueError("'label' goes with 'by: label', which needs it")
        for condition in self.conditions:
            if self.by not in condition.subjects:
                known = " or ".join(f"'by: {by}'" for by in condition.subjects)
                raise ValueError(f"'{condition.keyword}' goes with {known}")
        return self

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """All conditions of the rule, from left to right."""
        return tuple(conditions_of(self.when))

    @property
    def over_s(self) -> float:
        """The longest window of the rule, seconds."""
        return max(condition.over_s for condition in self.conditions)

    def matches(self, camera: str, labels: Mapping[str, str] = NO_LABELS) -> bool:
        """Return whether the rule is about a camera, by its id and labels."""
        if self.label is not None and self.label not in labels:
            return False
        if not all(fnmatchcase(labels.get(name, ""), glob) for name, glob in self.where.items()):
            return False
        return any(fnmatchcase(camera, glob) for glob in self.cameras) and not any(
            fnmatchcase(camera, glob) for glob in self.except_
        )

"""A fleet's rules, read without its secrets: to try rules, nobody needs a camera's password."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from surveil.config.contradictions import Placed
from surveil.config.document import Document, read_mapping
from surveil.config.interpolation import Interpolator
from surveil.config.privacy import Privacy, given, merge_privacy
from surveil.config.problems import Problem
from surveil.config.ruled import read_ruled
from surveil.config.schema import Retention
from surveil.durations import Duration
from surveil.rules.model import LabelName, LabelValue, Rule

_CAMERA_KEYS = ("enabled", "labels", "privacy")
_DAY_S = 86400.0


class _Part(BaseModel):
    """A part of a fleet file; the other keys are for others."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class WatchedCamera(_Part):
    """What a rule must know of a camera."""

    id: str
    enabled: bool = True
    labels: dict[LabelName, LabelValue] = Field(default_factory=dict)
    privacy: Privacy = Privacy()


class _Facts(_Part):
    interval_s: Duration = 1.0
    taxonomy: str | None = None
    retention: Retention = Retention()
    cameras: dict[str, WatchedCamera] = Field(default_factory=dict)


@dataclass(frozen=True)
class Rulebook:
    """A fleet's rules and what they are judged by.

    Attributes:
        placed: Each rule, and where it stands.
        warnings: What is not wrong but unwise.
        cameras: Labels of the enabled cameras, by id.
        interval_s: Of the fleet.
        retention_s: For how long history is kept; None for ever.
    """

    placed: tuple[Placed, ...]
    warnings: tuple[Problem, ...]
    cameras: Mapping[str, Mapping[str, str]]
    interval_s: float
    retention_s: float | None

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules, in the order of the files."""
        return tuple(rule for rule, _, _ in self.placed)


def read_rulebook(path: Path) -> Rulebook:
    """Read the rules of a fleet file.

    Raises:
        ConfigErrors: Everything that is wrong with them, and with what they need of the fleet.
    """
    document = read_mapping(path, "cameras")
    value = _needed(document, path)
    facts, reader = read_ruled(_Facts, document, value, path, reported=document.failed)
    days = facts.retention.days
    return Rulebook(
        placed=tuple(reader.placed),
        warnings=tuple(reader.warnings),
        cameras={id_: one.labels for id_, one in facts.cameras.items() if one.enabled},
        interval_s=facts.interval_s,
        retention_s=None if days is None else days * _DAY_S,
    )


def _needed(document: Document, path: Path) -> dict[str, Any]:
    """Return what rules must know of a fleet, cameras with their defaults."""
    interpolator = Interpolator(document, path.resolve().parent, os.environ)
    whole: dict[str, Any] = document.value
    value = {
        key: interpolator.fill(whole[key], (key,))
        for key in _Facts.model_fields
        if key in whole and key != "cameras"
    }
    defaults = whole.get("defaults")
    shared = _chosen(defaults) if isinstance(defaults, dict) else {}
    cameras = whole.get("cameras")
    privacy = interpolator.fill(given(whole.get("privacy")), ("privacy",))
    value["cameras"] = {
        key: merge_privacy(
            {**shared, **(_chosen(camera) if isinstance(camera, dict) else {}), "id": str(key)},
            privacy,
        )
        for key, camera in (cameras.items() if isinstance(cameras, dict) else ())
    }
    return value


def _chosen(mapping: dict[str, Any]) -> dict[str, Any]:
    return {key: mapping[key] for key in _CAMERA_KEYS if key in mapping}

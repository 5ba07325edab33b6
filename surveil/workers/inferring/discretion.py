"""Metrics of the pipeline without those that would tell of single faces where nobody may."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from surveil.policy import Policy
from surveil.workers.host.lifeline import Telemetry

_OF_FACES = frozenset({"gate_decisions_total", "classifications_spared_total"})
"""Of one camera; how often it happens tells whether somebody is there."""

_STAGES_OF_FACES = frozenset({"crop", "classify"})
"""They run where there is a face; their times are of all cameras of the process."""


class Discreet:
    """Passes on what may be told.

    Args:
        telemetry: Where to.
        hidden: Cameras that tell of no single face.
    """

    def __init__(self, telemetry: Telemetry, hidden: frozenset[str]) -> None:
        self._telemetry = telemetry
        self._hidden = hidden

    @classmethod
    def of(cls, telemetry: Telemetry, policies: Mapping[str, Policy]) -> Telemetry | Self:
        """Return what may be told of some cameras; the telemetry itself where all may."""
        hidden = frozenset(id_ for id_, one in policies.items() if not one.keeps_tracks)
        return cls(telemetry, hidden) if hidden else telemetry

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        """Add to a counter, unless it would tell of a face."""
        if self._is_told(name, labels):
            self._telemetry.count(name, amount, **labels)

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge, unless it would tell of a face."""
        if self._is_told(name, labels):
            self._telemetry.gauge(name, value, **labels)

    def _is_told(self, name: str, labels: Mapping[str, str]) -> bool:
        if labels.get("stage") in _STAGES_OF_FACES:
            return False
        return name not in _OF_FACES or labels.get("camera") not in self._hidden

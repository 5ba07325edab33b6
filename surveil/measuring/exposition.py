"""Read what ``/metrics`` says, in Prometheus' text format."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

_LINE = re.compile(r"(?P<name>\w+)(?:\{(?P<labels>.*)\})? (?P<value>\S+)$")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

Labels = frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Exposition:
    """Samples by name and labels."""

    samples: Mapping[tuple[str, Labels], float]

    @classmethod
    def read(cls, text: str) -> Exposition:
        """Return the samples of a text; what is no sample, such as HELP, is passed over."""
        samples = {}
        for line in text.splitlines():
            if not line.startswith("#") and (found := _LINE.match(line)):
                labels = frozenset(_LABEL.findall(found["labels"] or ""))
                samples[found["name"], labels] = float(found["value"])
        return cls(samples)

    def since(self, before: Exposition) -> Exposition:
        """Return how much each sample has grown; of those that were not there, all."""
        return Exposition(
            {key: value - before.samples.get(key, 0.0) for key, value in self.samples.items()}
        )

    def total(self, name: str, **labels: str) -> float:
        """Return the sum of all samples of a name that carry some labels."""
        wanted = set(labels.items())
        return sum(
            value for (one, has), value in self.samples.items() if one == name and wanted <= has
        )

    def by(self, name: str, label: str) -> dict[str, float]:
        """Return the sums of all samples of a name by the value of one of their labels."""
        sums: dict[str, float] = {}
        for (one, has), value in self.samples.items():
            if one == name:
                key = dict(has).get(label, "")
                sums[key] = sums.get(key, 0.0) + value
        return sums

    def quantile(self, name: str, share: float) -> float | None:
        """Return a quantile of a histogram, linear within its bucket, as PromQL has it.

        Args:
            name: Without ``_bucket``.
            share: 0..1.

        Returns:
            ``None`` where nothing was observed; the last finite bound where it lies above all.
        """
        bounds = sorted((float(le), count) for le, count in self.by(f"{name}_bucket", "le").items())
        if not bounds or bounds[-1][1] <= 0:
            return None
        rank = share * bounds[-1][1]
        low, below = 0.0, 0.0
        for bound, count in bounds:
            if count >= rank and count > below:
                inner = low if math.isinf(bound) else bound
                return low + (inner - low) * (rank - below) / (count - below)
            low, below = (low if math.isinf(bound) else bound), count
        return low

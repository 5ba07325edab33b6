"""What a measurement found: the same for people and for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from surveil.measuring.hardware import Host, inspect_host


@dataclass(frozen=True, slots=True)
class Figure:
    """A column of a report.

    Attributes:
        key: Its name in JSON, with its unit: ``cpu_us``, ``per_s``.
        heading: Its name for people; a few letters, since a table has 80 columns.
        digits: After the point, for people; None for text.
    """

    key: str
    heading: str
    digits: int | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Figures in rows.

    Attributes:
        name: What it is, for JSON and above it.
        figures: The columns.
        rows: Values by ``Figure.key``; what is missing was not measured.
    """

    name: str
    figures: Sequence[Figure]
    rows: Sequence[Mapping[str, Any]]

    def cells(self) -> list[list[str]]:
        """Return the rows for people, in the order of ``figures``."""
        return [[_show(row.get(one.key), one.digits) for one in self.figures] for row in self.rows]


@dataclass(frozen=True, slots=True)
class Report:
    """The result of one ``surveil bench`` command.

    Attributes:
        name: The command's.
        settings: What was measured, as the command's options said it.
        figures: The columns.
        rows: For each way measured the values by ``Figure.key``; what is missing was not measured.
        more: Further tables.
        notes: What must be known to read the figures, a sentence each.
        host: Where.
        measured_at: When it ended.
    """

    name: str
    settings: Mapping[str, Any]
    figures: Sequence[Figure]
    rows: Sequence[Mapping[str, Any]]
    notes: Sequence[str] = ()
    more: Sequence[Table] = ()
    host: Host = field(default_factory=inspect_host)
    measured_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def as_json(self) -> dict[str, Any]:
        return {
            "bench": self.name,
            "measured_at": self.measured_at.isoformat(timespec="seconds"),
            "host": self.host.as_json(),
            "settings": dict(self.settings),
            "rows": [dict(row) for row in self.rows],
            **{table.name: [dict(row) for row in table.rows] for table in self.more},
            "notes": list(self.notes),
        }

    @property
    def tables(self) -> Sequence[Table]:
        """All tables, for people; the first has no name of its own."""
        return (Table("", self.figures, self.rows), *self.more)


def _show(value: Any, digits: int | None) -> str:
    if value is None:
        return ""
    return str(value) if digits is None else f"{value:,.{digits}f}"

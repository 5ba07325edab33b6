"""Places of bars, curves and marks in the charts of both pages, in units of their SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from surveil.training.records.figures import Bin, SetFigures, Threshold

LEAST_ACCURACY = 0.4
"""Where the vertical axis of the risk-coverage chart begins; lower values lie on it."""

FAINT = 0.3
"""Opacity of a bar without faces; that of most faces has 1."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle; ``y`` points down, ``title`` says what it shows."""

    x: float
    y: float
    width: float
    height: float
    opacity: float
    title: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A point of a curve; ``title`` says what it shows."""

    x: float
    y: float
    title: str


@dataclass(frozen=True, slots=True)
class Plane:
    """The square on which a chart is drawn, from its upper left corner.

    Attributes:
        side: Of the square.
    """

    side: int

    def bars(self, bins: Sequence[Bin]) -> list[Box]:
        """Return the bars of a reliability diagram; those of few faces are faint."""
        most = max((bin_.faces for bin_ in bins), default=0)
        return [
            Box(
                round(self.side * bin_.low + 1, 1),
                round(self.side * (1 - bin_.accuracy), 1),
                round(self.side * (bin_.high - bin_.low) - 2, 1),
                round(self.side * bin_.accuracy, 1),
                round(FAINT + (1 - FAINT) * bin_.faces / most, 2),
                f"{bin_.faces} faces of confidence {bin_.low:.0%} to {bin_.high:.0%}, on average "
                f"{bin_.confidence:.1%}: {bin_.accuracy:.1%} right",
            )
            for bin_ in bins
            if bin_.accuracy is not None and bin_.confidence is not None
        ]

    def points(self, curve: Sequence[tuple[float, float]]) -> str:
        """Return the points of a curve of ``(coverage, accuracy)`` for an SVG polyline."""
        return " ".join(
            f"{self.side * coverage:.1f},{self.height(accuracy):.1f}"
            for coverage, accuracy in curve
        )

    def height(self, accuracy: float) -> float:
        """Return where an accuracy lies in a risk-coverage chart, downwards from the top."""
        return self.side * (1 - max(accuracy - LEAST_ACCURACY, 0) / (1 - LEAST_ACCURACY))

    def marks(self, thresholds: Sequence[Threshold]) -> list[Mark]:
        """Return where thresholds lie on the curve of a risk-coverage chart."""
        return [
            Mark(
                round(self.side * found.coverage, 1),
                round(self.height(right), 1),
                f"{right:.1%} right at {found.coverage:.0%} coverage, "
                f"where {found.precision:.0%} were wanted",
            )
            for found in thresholds
            for right in [found.precision_reached]
            if found.reached and right is not None
        ]


def heat(figures: SetFigures) -> list[tuple[str, int, list[tuple[int, float]]]]:
    """Return the confusion matrix as ``(label, faces, [(count, share of the row)])``."""
    rows = []
    # Figures of old files may lack the matrix.
    for name, row in zip(figures.classes, figures.confusion, strict=False):
        total = sum(row)
        rows.append((name, total, [(n, n / total if total else 0.0) for n in row]))
    return rows

"""Where a model fails, read off its figures."""

from __future__ import annotations

from collections.abc import Mapping

from surveil.domain import EMOTIONS
from surveil.training.records.figures import SetFigures, Stratum
from surveil.training.records.wording import percent, several

FEW_FACES = 20
"""With fewer the figures of a class or a stratum say nothing."""

OFTEN = 0.1
"""Share of a class's faces from which a confusion is worth a sentence."""

DROP = 0.05
"""Loss of accuracy, or distance of confidence from it, that is worth a sentence."""

MOST = 3


def failures(tests: Mapping[str, SetFigures]) -> list[str]:
    """Return sentences on the weak spots of a model, of its first test set before the others'.

    Args:
        tests: Figures by the name of the set, at least one.
    """
    name, first = next(iter(tests.items()))
    lines = [*_unknown(first), *_low_recall(name, first), *_confused(name, first)]
    lines += [*_spoilt(name, first), *_strata(name, first)]
    for test, figures in tests.items():
        lines += _few(test, figures)
        lines += _confidence(test, figures)
    return lines


def _confidence(name: str, figures: SetFigures) -> list[str]:
    known = figures.ece_by_chance_p95
    # Files of before the percentile was stored have the mean at best.
    chance = known if known is not None else figures.ece_by_chance or 0.0
    if figures.ece is None or figures.ece <= max(DROP, chance):
        return []
    said = f"On {name} its confidence is off by {figures.ece * 100:.1f} points on average"
    if known is not None:
        said += f"; honest scores show more than {known * 100:.1f} by chance in one case of 20"
    return [f"{said}."]


def _unknown(figures: SetFigures) -> list[str]:
    missing = [e.value for e in EMOTIONS if e.value not in figures.classes]
    if not missing:
        return []
    return [
        f"It does not know {several(missing, 'or')}: a face that shows one of these is called "
        f"{several(figures.classes, 'or')} all the same."
    ]


def _low_recall(name: str, figures: SetFigures) -> list[str]:
    rows = [row for row in figures.per_class if row.support >= FEW_FACES]
    if not rows:
        return []
    mean = sum(row.recall for row in rows) / len(rows)
    low = sorted((row for row in rows if row.recall < mean), key=lambda row: row.recall)[:MOST]
    said = [f"{row.emotion} ({percent(row.recall)} of {row.support})" for row in low]
    return [f"Recognised least often on {name}: {several(said)}."] if said else []


def _confused(name: str, figures: SetFigures) -> list[str]:
    pairs = [
        (count / sum(row), label, given)
        for label, row in zip(figures.classes, figures.confusion, strict=False)
        for given, count in zip(figures.classes, row, strict=True)
        if label != given and sum(row) >= FEW_FACES and count / sum(row) >= OFTEN
    ]
    said = [
        f"{label} is called {given} in {percent(share)} of its faces"
        for share, label, given in sorted(pairs, reverse=True)[:MOST]
    ]
    return [f"Most confused on {name}: {several(said)}."] if said else []


def _spoilt(name: str, figures: SetFigures) -> list[str]:
    said = [
        f"{part.condition} ({percent(part.accuracy)})"
        for part in figures.robustness
        if part.accuracy < figures.accuracy - DROP
    ]
    if not said:
        return []
    return [
        f"On {name}, more than {DROP * 100:.0f} points below the {percent(figures.accuracy)} of "
        f"unspoilt faces: {several(said)}."
    ]


def _strata(name: str, figures: SetFigures) -> list[str]:
    said = [
        f"{part.by} {part.stratum} ({percent(part.accuracy)} of {part.faces}, "
        f"{percent(rest)} of the rest)"
        for part in figures.strata
        for rest in [_rest(figures, part)]
        if rest is not None and part.accuracy < rest - DROP and part.interval[1] < rest
    ]
    return [f"Worse than on the rest of {name}: {several(said)}."] if said else []


def _rest(figures: SetFigures, part: Stratum) -> float | None:
    """Return the accuracy on the faces outside a stratum; ``None`` where either has few faces."""
    faces = part.faces or 0
    others = figures.faces - faces
    if min(faces, others) < FEW_FACES:
        return None
    return (figures.accuracy * figures.faces - part.accuracy * faces) / others


def _few(name: str, figures: SetFigures) -> list[str]:
    few = [row for row in figures.per_class if row.support < FEW_FACES]
    if not few:
        return []
    said = [f"{row.emotion} ({row.support})" for row in few]
    return [f"Too few faces on {name} to tell how well it does: {several(said)}."]

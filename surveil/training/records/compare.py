"""Models side by side: which figures may be compared, and which are best beyond chance.

Pure functions of what ``model.json`` and ``metrics.json`` say; no weights, no torch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from surveil.models.taxonomy import taxonomies
from surveil.training.records.figures import SetFigures
from surveil.training.records.model_record import ModelRecord
from surveil.training.records.wording import (
    again_words,
    input_words,
    network_name,
    several,
    speed_of,
)

SURE = 0.85
"""The precision whose coverage is compared."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One model's accuracy on one set of faces, labelled and classified by one taxonomy.

    Attributes:
        record: The model.
        test: Name of the set.
        taxonomy: Name of the classes it was measured on.
        restricted: Whether the model knows more classes and was told that they do not occur.
        faces: How many.
        accuracy: Share of them.
        interval: 95%.
        macro_f1: ``None`` where it was not measured.
        standing: In words, against the best accuracy on the same faces and classes; where two
            intervals overlap, chance may have put one model above the other.
        versus_best: The same with the best model unnamed, for where it stands beside.
    """

    record: ModelRecord
    test: str
    taxonomy: str
    restricted: bool
    faces: int
    accuracy: float
    interval: tuple[float, float]
    macro_f1: float | None
    standing: str = ""
    versus_best: str = ""

    @property
    def figures(self) -> SetFigures | None:
        """All figures, ``None`` for a restricted one, of which there are no more."""
        return None if self.restricted else self.record.metrics.test[self.test]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Models, their entries, and what must be known before one is called better.

    Attributes:
        records: Those of most classes first, and among them those of the highest accuracy.
        tests: Names of the test sets; the one of most models first.
        entries: Of each model, each set and each taxonomy.
        remarks: Sentences on several models or on all.
        warnings: The same and, after them, those on one model each, which they begin with.
    """

    records: tuple[ModelRecord, ...]
    tests: tuple[str, ...]
    entries: tuple[Entry, ...]
    remarks: tuple[str, ...]
    warnings: tuple[str, ...]

    def entry(self, record: ModelRecord, test: str) -> Entry | None:
        """Return a model's own entry on a set, with all classes that it knows."""
        own = (e for e in self.entries if e.record is record and e.test == test)
        return next((e for e in own if not e.restricted), None)


def compare(records: Sequence[ModelRecord], remarks: Sequence[str] = ()) -> Comparison:
    """Compare models.

    Args:
        records: At least one.
        remarks: Warnings of the reader, put before those found here.
    """
    count = Counter(test for record in records for test in record.metrics.test)
    # A stable sort: sets that as many models have stay in the order of the first model's file.
    tests = tuple(sorted(count, key=lambda test: -count[test]))
    ordered = sorted(records, key=lambda r: (-len(r.classes), -_accuracy(r, tests[0])))
    entries = [entry for record in ordered for entry in _entries(record)]
    said = (*remarks, *_remarks(ordered, tests))
    notes = (
        f"{record.facts.versioned_name}: {note}"
        for record in ordered
        for note in _notes(record, tests)
    )
    return Comparison(tuple(ordered), tests, tuple(_with_standings(entries)), said, (*said, *notes))


def taxonomy_name(record: ModelRecord) -> str:
    """Return the name of a model's own classes."""
    count = len(record.classes)
    of_size = (name for name, known in taxonomies().items() if len(known.classes) == count)
    # Files of before they told it are of a named one.
    return record.metrics.taxonomy or next(of_size, f"{count} classes")


def _accuracy(record: ModelRecord, test: str) -> float:
    figures = record.metrics.test.get(test)
    return figures.accuracy if figures else 0.0


def _entries(record: ModelRecord) -> list[Entry]:
    found = []
    for test, figures in record.metrics.test.items():
        own = taxonomy_name(record)
        found.append(
            Entry(record, test, own, False, figures.faces, figures.accuracy, figures.interval,
                  figures.macro_f1)
        )  # fmt: skip
        found += [
            Entry(record, test, name, True, part.faces or 0, part.accuracy, part.interval,
                  part.macro_f1)
            for name, part in figures.restricted.items()
            if name != own
        ]  # fmt: skip
    return found


def _with_standings(entries: Sequence[Entry]) -> list[Entry]:
    classes = {taxonomy_name(entry.record): entry.record.classes for entry in entries}

    def key_of(entry: Entry) -> tuple[object, ...]:
        # How many there are of each class tells faces apart that are equally many.
        rows = entry.record.metrics.test[entry.test].per_class
        inner = classes.get(entry.taxonomy, ())
        supports = tuple(row.support for row in rows if row.emotion in inner)
        return entry.test, entry.taxonomy, entry.faces, supports

    groups: dict[tuple[object, ...], list[Entry]] = {}
    for entry in entries:
        groups.setdefault(key_of(entry), []).append(entry)
    best = {key: max(group, key=lambda e: e.accuracy) for key, group in groups.items()}
    done = []
    for entry in entries:
        key = key_of(entry)
        standing, versus_best = _standings(entry, best[key], len(groups[key]))
        done.append(replace(entry, standing=standing, versus_best=versus_best))
    return done


def _standings(entry: Entry, best: Entry, rivals: int) -> tuple[str, str]:
    """Return how an entry stands, with the best model named and without."""
    if rivals == 1:
        return ("no other on these faces",) * 2
    if entry.accuracy == best.accuracy:
        return ("best",) * 2
    name = best.record.facts.versioned_name
    if entry.interval[1] >= best.interval[0]:
        return f"overlaps the best, {name}: may be chance", "overlaps the best: may be chance"
    below = f"{(best.accuracy - entry.accuracy) * 100:.1f} points below"
    return f"{below} {name}", f"{below} the best"


def _remarks(records: Sequence[ModelRecord], tests: Sequence[str]) -> list[str]:
    said = []
    by_count: dict[int, list[str]] = {}
    for record in records:
        by_count.setdefault(len(record.classes), []).append(record.facts.versioned_name)
    if len(by_count) > 1:
        groups = [f"{count} ({several(names)})" for count, names in sorted(by_count.items())]
        said.append(
            f"The models know different numbers of classes: {'; '.join(groups)}. The fewer, the "
            "easier: compare only rows of equal classes, or the figures restricted to the same."
        )
    for test in tests:
        said += _set_warnings(records, test)
    speeds = {record.facts.versioned_name: record.metrics.speed for record in records}
    if len([name for name, speed in speeds.items() if speed]) > 1:
        said.append("Times were measured where each row says: compare only like machines.")
    return said


def _notes(record: ModelRecord, tests: Sequence[str]) -> tuple[str, ...]:
    said, budget = [], record.metrics.budget
    lacking = [test for test in tests if test not in record.metrics.test]
    if lacking:
        said.append(f"not measured on {several(lacking)}.")
    if budget and budget.is_reduced:
        said.append(
            f"reduced budget, {budget.epochs} of {budget.epochs_planned} epochs planned were done; "
            "it may not be the best that this network gives."
        )
    if record.metrics.makers_figure:
        said.append(
            f"its makers report {record.metrics.makers_figure} by their own protocol "
            "(data, split and choice of the epoch may differ): not comparable with the rest."
        )
    return (*said, *(f"{remark}." for remark in record.remarks))


def _set_warnings(records: Sequence[ModelRecord], test: str) -> list[str]:
    said = []
    by_classes: dict[tuple[str, ...], dict[tuple[int, ...], list[str]]] = {}
    for record in records:
        figures = record.metrics.test.get(test)
        if figures is not None:
            supports = (figures.faces, *(row.support for row in figures.per_class))
            faces = by_classes.setdefault(figures.classes, {})
            faces.setdefault(supports, []).append(record.facts.versioned_name)
    for faces in by_classes.values():
        if len(faces) > 1:
            groups = [f"{supports[0]} for {several(names)}" for supports, names in faces.items()]
            said.append(
                f"{test} is not the same faces for all: {'; '.join(groups)}. "
                "Their figures on it do not compare."
            )
    return said


COLUMNS = (
    "model", "network", "input", "classes", "taxonomy", "restricted", "test", "faces", "accuracy",
    "accuracy_low", "accuracy_high", "standing", "ten_crop", "macro_f1", "balanced_accuracy",
    "specificity", "ece", "log_loss", "coverage_at_85", "answered_at_85", "ferplus",
    "parameters", "statistics", "weights_bytes", "p50_ms", "cpu_ms", "p50_of", "memory_bytes",
    "measured_on", "makers_figure",
    "protocol", "note", "epochs", "epochs_planned", "epochs_spared", "images", "seconds",
    "hardware", "patience", "again", "remarks",
)  # fmt: skip
"""Of :func:`rows`."""


def rows(comparison: Comparison) -> list[list[Any]]:
    """Return a row for each entry in the order of ``COLUMNS``.

    ``None`` is unmeasured; a coverage of 0 says that the precision is not reached.
    """
    return [[cells[column] for column in COLUMNS] for cells in map(_cells, comparison.entries)]


def _cells(entry: Entry) -> Mapping[str, Any]:
    record, figures = entry.record, entry.figures
    facts, metrics, budget = record.facts, record.metrics, record.metrics.budget
    speed = speed_of(metrics.speed)
    sure = figures.at_precision(SURE) if figures else None
    return {
        "model": facts.versioned_name,
        "network": network_name(facts.architecture),
        "input": input_words(facts),
        "classes": len(record.classes),
        "taxonomy": entry.taxonomy,
        "restricted": entry.restricted,
        "test": entry.test,
        "faces": entry.faces,
        "accuracy": entry.accuracy,
        "accuracy_low": entry.interval[0],
        "accuracy_high": entry.interval[1],
        "standing": entry.standing,
        "ten_crop": figures.ten_crop.accuracy if figures and figures.ten_crop else None,
        "macro_f1": entry.macro_f1,
        "balanced_accuracy": figures.balanced_accuracy if figures else None,
        "specificity": figures.specificity if figures else None,
        "ece": figures.ece if figures else None,
        "log_loss": figures.log_loss if figures else None,
        "coverage_at_85": sure.coverage if sure else None,
        "answered_at_85": sure.faces if sure else None,
        "ferplus": figures.ferplus.accuracy if figures and figures.ferplus else None,
        "parameters": metrics.parameters,
        "statistics": metrics.statistics,
        "weights_bytes": metrics.weights_bytes,
        "p50_ms": speed.p50_ms if speed else None,
        "cpu_ms": speed.cpu_ms if speed else None,
        "p50_of": f"{speed.engine}, batch {speed.batch}" if speed else None,
        "memory_bytes": metrics.memory_bytes,
        "measured_on": metrics.measured_on,
        "makers_figure": metrics.makers_figure,
        "protocol": metrics.protocol,
        "note": metrics.note,
        "epochs": budget.epochs if budget else None,
        "epochs_planned": budget.epochs_planned if budget else None,
        "epochs_spared": budget.epochs_spared if budget else None,
        "images": budget.images if budget else None,
        "seconds": budget.seconds if budget else None,
        "hardware": budget.hardware if budget else None,
        "patience": budget.patience if budget else None,
        "again": again_words(facts) or None,
        "remarks": "; ".join(record.remarks),
    }

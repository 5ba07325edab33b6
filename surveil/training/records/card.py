"""The model card: what a person must know before using a model, in one page of Markdown.

All of it follows from ``model.json`` and ``metrics.json``; nothing is said of data, classes or
measurements that a model does not have.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from surveil.training.records.failures import failures
from surveil.training.records.figures import SetFigures
from surveil.training.records.metrics_file import Int8Figures, MetricsFile
from surveil.training.records.model_record import ModelRecord
from surveil.training.records.provenance import SETS, data_lines, people_lines
from surveil.training.records.wording import (
    CHOICE,
    again_words,
    budget_words,
    duration,
    input_sentence,
    network_sentence,
    number,
    percent,
    several,
    size_words,
    span,
    speed_of,
    speed_words,
)

_LAW = """\
## Law

Not legal advice. The EU AI Act forbids systems that infer emotions at work and in education except
for medical or safety reasons (Article 5(1)(f)); elsewhere they are high-risk (Annex III), and the
people seen must be told (Article 50(3)). Data protection law applies beside it.
"""

_PERSONAL = "It classifies a facial *expression*. What a person feels cannot be read from it."


def card(record: ModelRecord) -> str:
    """Return the card of a model; its first test set is the one whose classes are listed."""
    facts, metrics = record.facts, record.metrics
    name, first = next(iter(metrics.test.items()))
    parts = [f"# {facts.versioned_name}\n"]
    if metrics.note:
        parts.append(f"> {' '.join(metrics.note.split())}\n")
    parts += [
        f"> Before that, `{before.model}`: {' '.join(before.note.split())}\n"
        for before in reversed(metrics.ancestors)
        if before.note
    ]
    parts += [
        f"Classifies the expression of a face as one of {', '.join(facts.classes)}. "
        f"{network_sentence(facts.architecture)}, on {input_sentence(facts)}. Scores are "
        f"calibrated ({_calibration(record)}).{_sizes(record)}\n",
        "## Figures\n",
        f"{_sentence(metrics.protocol)}{_form_of_calibration(record)}Intervals are 95%; ECE is "
        "over 15 bins.\n",
        _sets_table(metrics.test),
        *_in_int8(metrics.int8),
        *_by_class(name, first),
        *_abstaining(metrics.test),
        *_fewer_classes(metrics.test),
        *_ferplus(metrics.test),
        *_spoilt(metrics.test),
        *_strata(metrics.test),
        *_sets_explained(metrics.test, facts.training),
        "## Training\n",
        _training(record),
        *_people(facts.training),
        "## Where it fails\n",
        _bullets([*failures(metrics.test), _groups(metrics.test), _PERSONAL]),
        _LAW,
        "## Data and licences\n",
        _bullets(data_lines(facts.training, metrics.test)),
    ]
    return "\n".join(parts)


def _sentence(text: str) -> str:
    text = " ".join(text.split()).rstrip(".")
    return f"{text[:1].upper()}{text[1:]}. " if text else ""


def _calibration(record: ModelRecord) -> str:
    facts = record.facts
    said = f"temperature {facts.temperature:.3f}"
    return f"{said}, label smoothing of {facts.smoothing:.3f} undone" if facts.smoothing else said


def _form_of_calibration(record: ModelRecord) -> str:
    if not record.facts.smoothing or "fer2013" not in record.metrics.test:
        return ""
    return (
        "That label smoothing is undone at all was decided on while figures of PublicTest were "
        "looked at, so the ECE there is mildly optimistic; the two numbers are validation's. "
    )


def _sizes(record: ModelRecord) -> str:
    metrics = record.metrics
    said = ""
    if metrics.parameters is not None:
        said += f" {metrics.parameters:,} parameters"
        said += f", {size_words(metrics.weights_bytes)}." if metrics.weights_bytes else "."
    speed = speed_of(metrics.speed)
    if speed is not None:
        said += f" A face takes {speed_words(speed)} where it was measured."
    if metrics.makers_figure:
        said += (
            f" The makers of this network report {metrics.makers_figure}, by a protocol of their "
            "own that does not compare with the figures below."
        )
    return said


def _sets_table(tests: Mapping[str, SetFigures]) -> str:
    return _table(
        ("test set", "faces", "accuracy", "interval", "ten-crop", "balanced", "macro-F1",
         "log-loss", "ECE", "ECE unscaled"),
        (
            (name, f.faces, percent(f.accuracy), span(f.interval),
             percent(f.ten_crop.accuracy if f.ten_crop else None), percent(f.balanced_accuracy),
             number(f.macro_f1), number(f.log_loss), percent(f.ece), percent(f.ece_unscaled))
            for name, f in tests.items()
        ),
    )  # fmt: skip


def _in_int8(figures: Mapping[str, Int8Figures]) -> list[str]:
    if not figures:
        return []
    rows = (
        (name, row.faces, percent(row.accuracy), percent(row.accuracy_float32), percent(row.same))
        for name, row in figures.items()
    )
    return [
        "CPUs run the network in 8 bits unless told otherwise (`inference.precision`):\n",
        _table(("test set", "faces", "accuracy", "in float32", "same answers"), rows),
    ]


def _by_class(name: str, figures: SetFigures) -> list[str]:
    if not figures.per_class:
        return []
    rows = (
        (row.emotion, percent(row.precision), percent(row.recall), percent(row.specificity),
         number(row.f1), row.support)
        for row in figures.per_class
    )  # fmt: skip
    columns = ("class", "precision", "recall", "specificity", "F1", "faces")
    return [f"By class, on {name}:\n", _table(columns, rows)]


def _abstaining(tests: Mapping[str, SetFigures]) -> list[str]:
    rows = [
        (name, percent(t.precision, 0), number(t.threshold) if t.reached else "not reached",
         percent(t.coverage) if t.reached else "–", "–" if t.faces is None else t.faces,
         "–" if t.interval is None else span(t.interval))
        for name, figures in tests.items()
        for t in figures.thresholds
    ]  # fmt: skip
    columns = ("test set", "precision", "at a confidence of", "coverage", "faces", "right, 95%")
    return _headed("If it may abstain where it is unsure:", columns, rows)


def _fewer_classes(tests: Mapping[str, SetFigures]) -> list[str]:
    rows = [
        (name, taxonomy, part.faces or "–", percent(part.accuracy), span(part.interval),
         number(part.macro_f1))
        for name, figures in tests.items()
        for taxonomy, part in figures.restricted.items()
    ]  # fmt: skip
    columns = ("test set", "classes", "faces", "accuracy", "interval", "macro-F1")
    return _headed("If only these expressions occur:", columns, rows)


def _ferplus(tests: Mapping[str, SetFigures]) -> list[str]:
    return [
        "Against the emotion that more than half of all of a face's FER+ votes name (contempt, "
        f"unknown and no face counted in), on {name}: "
        f"{percent(figures.ferplus.accuracy)} ({span(figures.ferplus.interval)}) of "
        f"{figures.ferplus.faces or 'the'} faces.\n"
        for name, figures in tests.items()
        if figures.ferplus
    ]


def _spoilt(tests: Mapping[str, SetFigures]) -> list[str]:
    rows = [
        (name, part.condition, part.faces or "–", percent(part.accuracy), span(part.interval))
        for name, figures in tests.items()
        for part in figures.robustness
    ]
    columns = ("test set", "condition", "faces", "accuracy", "interval")
    return _headed("With every face spoilt in one way:", columns, rows)


def _strata(tests: Mapping[str, SetFigures]) -> list[str]:
    rows = [
        (name, part.by, part.stratum, part.faces, percent(1 - part.accuracy),
         span((1 - part.interval[1], 1 - part.interval[0])))
        for name, figures in tests.items()
        for part in figures.strata
    ]  # fmt: skip
    columns = ("test set", "by", "stratum", "faces", "wrong", "interval")
    return _headed("How often it is wrong, by part of the faces:", columns, rows)


def _people(training: Mapping[str, Any]) -> list[str]:
    lines = people_lines(training)
    return ["## Who is in the training data, and who is not\n", _bullets(lines)] if lines else []


def _sets_explained(tests: Mapping[str, SetFigures], training: Mapping[str, Any]) -> list[str]:
    said = [SETS[name] for name in tests if name in SETS]
    apart = [f"`{name}`" for name in training.get("people_held_out", {}) if name in tests]
    if apart:
        said.append(f"People of {' and '.join(apart)} in these sets are in no other split.")
    return [" ".join(said) + "\n"] if said else []


def _training(record: ModelRecord) -> str:
    training, metrics = record.facts.training, record.metrics
    said = []
    if training.get("checkpoint") in CHOICE:
        said.append(f"{CHOICE[training['checkpoint']]} (epoch {training.get('epoch')}).")
    said.append(f"Budget: {budget_words(metrics.budget)}{_earlier(metrics)}.")
    for key, what in (("train_faces", "training faces"), ("validation_faces", "validation faces")):
        if key in training:
            said.append(f"{training[key]} {what}.")
    left_out = [f"{count} {why}" for why, count in training.get("set_aside", {}).items() if count]
    if left_out:
        said.append(f"Left out: {', '.join(left_out)}.")
    if "manifest_sha256" in training:
        said.append(f"Manifest sha256 `{training['manifest_sha256']}`.")
    said.append("`model.json` holds the whole configuration")
    again = again_words(record.facts)
    said[-1] += f"; again, as it was: `{again}`." if again else "."
    return " ".join(said) + "\n"


def _earlier(metrics: MetricsFile) -> str:
    """Return what of the budget is that of models which training went on from."""
    if not metrics.ancestors:
        return ""
    *_, start = metrics.ancestors
    said = ""
    if start.budget is not None:
        took = f" ({duration(start.budget.seconds)})" if start.budget.seconds else ""
        said = f"; of these {start.budget.epochs} epochs{took} made `{start.model}`, the start"
    # Without a hash it may be this model's own name.
    unknown = [
        f"{'' if '@' in before.model else 'an earlier '}`{before.model}`"
        for before in metrics.ancestors
        if before.budget is None
    ]
    if unknown:
        said += f"; what {several(unknown)} took is not recorded and not counted"
    return said


def _groups(tests: Mapping[str, SetFigures]) -> str:
    usual = {"brightness", "size"}
    others = {part.by for figures in tests.values() for part in figures.strata} - usual
    # A site or a camera is no group of people, and no column says of itself what it is.
    also = (
        f", other than by what the faces were also divided by ({several(sorted(others))}; see "
        "`metrics.json`)"
        if others
        else ""
    )
    return (
        "How accuracy differs between groups of people (age, sex, skin colour) was not measured"
        f"{also}: measure it on your own people before you rely on it."
    )


def _bullets(lines: Iterable[str]) -> str:
    return "".join(f"* {line}\n" for line in lines)


def _headed(heading: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    return [f"{heading}\n", _table(columns, rows)] if rows else []


def _table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(str(cell) for cell in line)} |\n" for line in lines)

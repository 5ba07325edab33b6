"""What a study found, in sentences for people who do not know the figures' names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from surveil.training.measure.study import Against, Study
from surveil.training.records.figures import SetFigures, Speed
from surveil.training.records.wording import (
    faces_words,
    number,
    percent,
    place_words,
    size_words,
    span,
    speed_of,
)

SURELY = 0.05
"""Above this p-value a difference may well be chance."""


def findings(
    study: Study,
    speed: Sequence[Speed] = (),
    memory_bytes: int | None = None,
    hardware: str | None = None,
) -> list[str]:
    """Return sentences on the first set of a study, and on speed; see the page's own sections.

    Args:
        study: With at least one set.
        speed: Times, none where they were not measured.
        memory_bytes: Likewise.
        hardware: Name of the GPU, for times of one.
    """
    name, found = next(iter(study.sets.items()))
    if not found.figures.faces:
        return [f"{name} holds no faces."]
    lines = [*_accuracy(name, found.figures), *_confidence(found.figures)]
    lines += [*_spoilt(found.figures), *_fewer(found.figures)]
    if found.against:
        lines.append(against(found.against))
    timing = speed_of(speed)
    if timing:
        memory = f" and needs {size_words(memory_bytes)} of memory" if memory_bytes else ""
        place = place_words(timing, hardware)
        where = f" on {place}" if place else ""
        lines.append(f"One face takes {timing.p50_ms:.1f} ms with {timing.engine}{where}{memory}.")
    return lines


def against(found: Against) -> str:
    """Return a comparison with another model as a sentence."""
    test = found.test
    if not test.faces:
        return f"Against {found.model}: no face here has a label that both models know."
    gap = (found.accuracy - found.accuracy_other) * 100
    verdict = (
        "a difference that chance alone would seldom make"
        if test.p_value < SURELY
        else "which may well be chance"
    )
    doubt = (
        f" {found.model} was trained with other data or another split and may have learned some "
        "of these faces: its figure may be too good."
    )
    return (
        f"Against {found.model} on the same {test.faces} faces: {percent(found.accuracy)} to "
        f"{percent(found.accuracy_other)} ({gap:+.1f} points), {verdict} (McNemar, "
        f"p = {test.p_value:.2g}: {test.only_first} faces only this model gets right, "
        f"{test.only_second} only the other).{doubt * found.unsure}"
    )


def thresholds(figures: SetFigures) -> Iterator[str]:
    """Yield what each threshold gives, and what it gives if it was set in advance."""
    for found in figures.thresholds:
        if not found.reached or found.threshold is None:
            yield f"No threshold makes {percent(found.precision, 0)} of the answers right."
            continue
        right = percent(found.precision_reached)
        if found.interval is not None:
            right += f" ({span(found.interval)}, {faces_words(found.faces)})"
        said = (
            f"Even if every face gets an answer, {right} are right, where "
            f"{percent(found.precision, 0)} were wanted."
            if found.coverage == 1
            else f"If you only act on scores of at least {found.threshold:.4f}, {right} are right "
            f"({percent(found.precision, 0)} were wanted) and {percent(found.coverage, 0)} of "
            "faces get an answer."
        )
        held = found.on_validation
        if held and held.precision is not None:
            said += (
                f" Set in advance on validation faces the least score is {held.threshold:.4f}, and "
                f"{percent(held.precision)} ({span(held.interval)}) of the "
                f"{percent(held.coverage, 0)} that get an answer here are right."
            )
        yield said


def _accuracy(name: str, found: SetFigures) -> Iterator[str]:
    yield (
        f"Of {found.faces:,} faces of {name}, it names the labelled expression of "
        f"{percent(found.accuracy)}. Its accuracy on faces of this kind lies between "
        f"{percent(found.interval[0])} and {percent(found.interval[1])} (95% interval)."
    )
    rows = sorted((r for r in found.per_class if r.support), key=lambda row: row.recall)
    if len(rows) > 1:
        yield (
            f"Expressions differ: it finds {percent(rows[-1].recall, 0)} of the "
            f"{rows[-1].emotion} faces, but {percent(rows[0].recall, 0)} of the {rows[0].emotion} "
            f"ones; the mean over expressions is {percent(found.balanced_accuracy)} (balanced "
            f"accuracy), the mean F1 {number(found.macro_f1)}."
        )
    if len(found.classes) > 2:
        yield f"The labelled expression is among its best two guesses for {percent(found.top2)}."
    if found.ferplus:
        yield (
            "Where more than half of all of a face's FER+ votes (contempt, unknown and no face "
            "could be voted for too) name one expression, it agrees on "
            f"{percent(found.ferplus.accuracy)} of {found.ferplus.faces or found.faces:,} faces."
        )


def _confidence(found: SetFigures) -> Iterator[str]:
    if found.ece is None or found.ece_by_chance is None or found.ece_by_chance_p95 is None:
        return
    chance = (
        f"by chance honest scores would show {found.ece_by_chance * 100:.1f} on so many faces, and "
        f"more than {found.ece_by_chance_p95 * 100:.1f} in one case of 20"
    )
    verdict = (
        f"that is within chance: {chance}"
        if found.ece <= found.ece_by_chance_p95
        else f"that is more than chance: {chance}"
    )
    yield (
        "Of the faces to which it gives a score of 80%, 80% should be right, and so on. Its scores "
        f"are off by {found.ece * 100:.1f} points on average (ECE); {verdict}."
    )
    yield from thresholds(found)


def _spoilt(found: SetFigures) -> Iterator[str]:
    if not found.robustness:
        return
    worst = min(found.robustness, key=lambda row: row.accuracy)
    harmless = [row.condition for row in found.robustness if row.accuracy > found.accuracy - 0.01]
    said = f"Of what spoils faces, {worst.condition!r} costs most: {percent(worst.accuracy)} right."
    yield said + (f" Less than a point is lost with {', '.join(harmless)}." if harmless else "")


def _fewer(found: SetFigures) -> Iterator[str]:
    if found.restricted:
        each = (
            f"{percent(figures.accuracy)} with {name}" for name, figures in found.restricted.items()
        )
        yield f"Told that only some expressions occur, it is right for {', '.join(each)} of them."

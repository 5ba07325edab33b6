"""The report of ``surveil evaluate``: one HTML page without scripts, for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from surveil.training.measure.study import Study
from surveil.training.records import wording
from surveil.training.records.failures import failures
from surveil.training.records.figures import Speed
from surveil.training.records.provenance import SETS
from surveil.training.report.charts import LEAST_ACCURACY, Plane, heat
from surveil.training.report.findings import against, findings
from surveil.training.report.pages import render_page

PLANE = Plane(300)

BAR = 220
"""Length of a bar of 100%."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a page is made of.

    Attributes:
        model: Name and hash.
        network: What it is, in a sentence.
        parameters: Learned numbers.
        classes: In order.
        split: Words for what is reported on: a split, or all faces.
        warnings: Sentences on what the figures do not prove.
        sources: The collections reported on.
        learned: How many faces were left out as the model had learned them.
        study: The figures.
        speed: Timings as :func:`surveil.training.measure.speed.measure` gives them.
        memory_bytes: The same's memory.
        hardware: What it was measured on.
        code_version: Of surveil.
    """

    model: str
    network: str
    parameters: int
    classes: tuple[str, ...]
    split: str
    warnings: Sequence[str]
    sources: Sequence[str]
    learned: int
    study: Study
    speed: Sequence[Speed]
    memory_bytes: int | None
    hardware: str
    code_version: str


KINDS = {
    "fer2013": "web pictures",
    "muxspace": "press photographs and film stills",
    "london_ccby": "portraits",
}
"""What collections hold that are no recordings of anyone's cameras."""

OF_PICTURES = frozenset({"brightness", "size"})
"""What strata are divided by that tells nothing of who is seen."""


def report_page(report: Report) -> str:
    """Return the page as HTML.

    Raises:
        ConfigError: jinja2, which is among the extras for training, is not installed.
    """
    sets = report.study.sets
    tests = {name: found.figures for name, found in sets.items() if found.figures.faces}
    return render_page(
        "report.html.j2",
        report=report,
        sets=sets,
        primary=next(iter(sets)),
        findings=findings(report.study, report.speed, report.memory_bytes, report.hardware),
        failures=failures(tests) if tests else [],
        words=wording,
        about_sets={name: SETS[name].replace("`", "") for name in sets if name in SETS},
        kinds=kinds,
        people=people,
        heat=heat,
        plane=PLANE,
        against=against,
        bar=BAR,
        least=LEAST_ACCURACY,
    )


def kinds(sources: Sequence[str]) -> str:
    """Return what the known ones of some collections hold, in words; empty if none is known."""
    return wording.several([KINDS[source] for source in sources if source in KINDS])


def people(study: Study) -> list[str]:
    """Return what faces were divided by that may tell groups of people apart."""
    names = (row.by for found in study.sets.values() for row in found.figures.strata)
    return [name for name in dict.fromkeys(names) if name not in OF_PICTURES]
